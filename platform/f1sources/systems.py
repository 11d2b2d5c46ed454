"""The two source systems of Formula 1: the Ergast database, and the registry in front of it."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f1mesh.services import choose_port
from f1mesh.sources.connections import named_url
from f1mesh.sources.postgres import PostgresServer
from f1mesh.sources.system import Contents, Load, LoadOption, Progress, SourceSystem
from f1mesh.workspace import Workspace
from f1sources.history import DEFAULT_SCALE, DEFAULT_SEED, HistoryInput, choose_history

if TYPE_CHECKING:
    from f1sources.load import LoadReport

ROOT = "/ergast/f1"
RATE_SETTING = "F1_REGISTRY_RATE"
SECRET_SETTING = "F1_REGISTRY_SECRET"

OPTIONS = (
    LoadOption(
        "history",
        str,
        "An F1DB release zip (path or URL), a folder or zip of Ergast CSV files, `latest`, or "
        "`simulated[:seed[:scale]]`. Default: the latest F1DB release; without network, "
        "`simulated`.",
    ),
    LoadOption("seed", int, "Seed of `simulated`.", DEFAULT_SEED),
    LoadOption("scale", int, "Size of `simulated`; 1 is real size.", DEFAULT_SCALE, least=1),
    LoadOption(
        "max-damage",
        float,
        "Share of a file's rows that may be set aside; never a season, race or driver.",
        0.05,
        least=0,
        most=1,
    ),
    LoadOption(
        "prune", bool, "Delete rows that the input no longer has (default: not for Ergast CSV)."
    ),
)


@dataclass(frozen=True)
class HistoryLoad(Load):
    """A history of Formula 1 that goes into the Ergast database; what is damaged in it is listed
    in the folder `quarantine`."""

    history: HistoryInput
    quarantine: Path
    max_damage: float
    prune: bool | None

    @property
    def dataset(self) -> str:
        return self.history.dataset

    @property
    def description(self) -> str:
        return f"history: {self.history.description}"

    def load(self, url: str, progress: Progress) -> LoadReport:
        from f1sources.load import load

        return load(
            url,
            self.history,
            max_damage=self.max_damage,
            progress=progress,
            quarantine=self.quarantine,
            prune=self.prune,
        )


@dataclass(frozen=True)
class ErgastDatabase(PostgresServer):
    """The PostgreSQL with Ergast's tables, and the histories that it can be filled with."""

    @property
    def options(self) -> Sequence[LoadOption]:
        return OPTIONS

    def sample(self, scale: int) -> Mapping[str, object]:
        return {"history": "simulated", "scale": scale}

    @property
    def hosts(self) -> Mapping[str, str]:
        return {"github.com": "else history is a zip file or simulated"}

    def choose(self, given: Mapping[str, Any], workspace: Workspace) -> HistoryLoad:
        history = choose_history(
            given["history"], seed=given["seed"], scale=given["scale"], workspace=workspace
        )
        quarantine = replace(workspace, dataset=history.dataset).data / "quarantine"
        return HistoryLoad(history, quarantine, given["max-damage"], given["prune"])

    def correct(self, url: str) -> str:
        from f1sources.database import correct_a_result

        return correct_a_result(url)

    def contents(self, url: str) -> Contents:
        from f1sources.database import contents

        return Contents(*contents(url))


@dataclass(frozen=True)
class DriversRegistry(SourceSystem):
    """The registry's HTTP service, which serves what `database` holds."""

    connection: str
    database: SourceSystem

    def start(self, workspace: Workspace) -> str:
        """Start the registry of the running database, if it does not run: its URL.

        On one machine it does not throttle, unless `F1_REGISTRY_RATE` says so.
        """
        if named := named_url(self.connection):
            return named
        database = self.database.url(workspace)
        service = self.service(workspace)
        found = service.running()
        if (
            found
            and found.endpoint.get("database") == database
            and _healthy(str(found.endpoint["url"]).removesuffix(ROOT))
        ):
            return str(found.endpoint["url"])
        service.stop()  # it serves a database that has moved, or nothing any more
        port = choose_port("F1_REGISTRY_PORT", "The drivers registry")
        secret = secrets.token_urlsafe(16)
        address = f"http://127.0.0.1:{port}/{secret}"
        service.start(
            [sys.executable, "-m", "f1sources.registry_api"],
            {"url": address + ROOT, "port": port, "database": database},
            lambda: _healthy(address),
            env={
                "DATABASE_URL": database,
                "HOST": "127.0.0.1",
                "PORT": str(port),
                SECRET_SETTING: secret,
                RATE_SETTING: os.environ.get(RATE_SETTING, "off"),
            },
        )
        return address + ROOT


def _healthy(address: str) -> bool:
    from urllib.request import urlopen

    try:
        with urlopen(f"{address}/health", timeout=3) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


ERGAST = ErgastDatabase(
    "ergast_postgres", database="ergast", folder="postgres", port_setting="F1_POSTGRES_PORT"
)
REGISTRY = DriversRegistry("drivers_api", ERGAST)
