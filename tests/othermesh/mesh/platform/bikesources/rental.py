"""The rental's database: stations, and rides of some days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from f1mesh.sources.postgres import PostgresServer
from f1mesh.sources.postgres_session import session
from f1mesh.sources.system import Contents, Load, LoadOption, LoadReport, Progress
from f1mesh.workspace import Workspace

_TABLES = """
create table if not exists stations (station_id int primary key, name text not null);
create table if not exists rides (
  ride_id int primary key, station_id int not null references stations,
  started_at timestamp not null, minutes int not null,
  updated_at timestamptz not null default clock_timestamp());
insert into stations values (1, 'Harbour'), (2, 'Castle') on conflict do nothing;
"""
_RIDES = """
insert into rides (ride_id, station_id, started_at, minutes)
select day * 10 + n, 1 + n %% 2, date '2024-03-01' + day + n * interval '1 hour', 10 + n
from generate_series(0, %s - 1) as day, generate_series(1, 3) as n
on conflict do nothing
"""


@dataclass(frozen=True)
class RidesReport(LoadReport):
    """How many rides there are now."""

    rides: int

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.rides} rides"


@dataclass(frozen=True)
class Rides(Load):
    """Three rides on each of some days."""

    days: int

    @property
    def dataset(self) -> str:
        return f"rides-{self.days}"

    @property
    def description(self) -> str:
        return f"rides of {self.days} days"

    def load(self, url: str, progress: Progress) -> RidesReport:
        progress("writing rides")
        with session(url, "The rental") as connection:
            connection.execute(_TABLES)
            connection.execute(_RIDES, [self.days])
            (count,) = connection.execute("select count(*) from rides").fetchone() or (0,)
        return RidesReport(count)


@dataclass(frozen=True)
class RentalDatabase(PostgresServer):
    """The rental's PostgreSQL."""

    @property
    def options(self) -> Sequence[LoadOption]:
        return [LoadOption("days", int, "Days of rides.", 3, least=1)]

    def choose(self, given: Mapping[str, Any], workspace: Workspace) -> Rides:
        return Rides(given["days"])

    def contents(self, url: str) -> Contents:
        with session(url, "The rental") as connection:
            (count,) = connection.execute("select count(*) from rides").fetchone() or (0,)
        return Contents(rows={"rides": count})


RENTAL = RentalDatabase("rental_postgres")
