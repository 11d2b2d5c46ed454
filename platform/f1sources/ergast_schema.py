"""The Ergast schema, declared once.

The database's DDL, the loader's checks and the simulated championship all derive from `TABLES`.
Names are Ergast's own (camelCase, so always quoted in SQL). The one column that Ergast lacks is
`constructor_standings."engineRef"`: in the early decades the constructors' table is kept per
chassis and engine. It is NULL where a file does not have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["int", "bigint", "decimal", "float", "text", "date", "time", "bool"]

POSTGRES_TYPES: dict[Kind, str] = {
    "int": "integer",
    "bigint": "bigint",
    "decimal": "numeric(9,3)",
    "float": "double precision",
    "text": "text",
    "date": "date",
    "time": "time",
    "bool": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column. `check` is an SQL condition that PostgreSQL and DuckDB both understand.

    `telling`: an empty field says something of its own (a place: not classified), so that a value
    that cannot be read must not be taken for one.
    """

    name: str
    kind: Kind
    required: bool = False
    check: str | None = None
    telling: bool = False

    @property
    def needed(self) -> bool:
        """Whether a row is lost with this value."""
        return self.required or self.telling


@dataclass(frozen=True)
class Table:
    """One table; `references` maps a column to the table whose primary key it holds."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[tuple[str, str], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def own_key(self) -> str | None:
        """The column by which other tables refer to a row, if the key is one column."""
        return self.key[0] if len(self.key) == 1 else None


def parents(tables: tuple[Table, ...]) -> tuple[str, ...]:
    """The tables that others refer to."""
    return tuple(dict.fromkeys(parent for table in tables for _, parent in table.references))


def _int(name: str, check: str | None = None) -> Column:
    return Column(name, "int", check=check)


def _id(name: str) -> Column:
    return Column(name, "int", required=True)


def _text(name: str, *, required: bool = False, check: str | None = None) -> Column:
    return Column(name, "text", required=required, check=check)


def _sessions(*names: str) -> Iterator[Column]:
    for name in names:
        yield Column(
            f"{name}_date", "date", check=f'"{name}_date" between "date" - 31 and "date" + 31'
        )
        yield Column(f"{name}_time", "time")


# R retired, N not classified, D disqualified, E excluded, F failed to qualify, W withdrawn.
_POSITION_TEXT = """"positionText" ~ '^([RNDEFW]|[0-9]{1,3})$'"""
# The bounds are those that the products' own tests hold the values to: what they would refuse later
# is refused here, where its line is known.
_POSITION = _int("position", '"position" between 1 and 500')
_ENTRY = (_id("raceId"), _id("driverId"), _id("constructorId"))
_ENTRY_REFERENCES = (
    ("raceId", "races"),
    ("driverId", "drivers"),
    ("constructorId", "constructors"),
)
_FINISH = (
    _int("number", '"number" >= 0'),
    Column("grid", "int", required=True, check='"grid" between 0 and 500'),
    _POSITION,
    _text("positionText", required=True, check=_POSITION_TEXT),
    Column("positionOrder", "int", required=True, check='"positionOrder" > 0'),
    Column("points", "decimal", required=True, check='"points" between 0 and 60'),
    _int("laps", '"laps" between 0 and 300'),
    _text("time"),
    Column("milliseconds", "bigint", check='"milliseconds" > 0'),
    _int("fastestLap", '"fastestLap" > 0'),
)
_STANDING = (
    Column("points", "decimal", required=True, check='"points" between 0 and 20000'),
    Column("position", "int", check='"position" between 1 and 1000', telling=True),
    _text("positionText"),
    Column("wins", "int", required=True, check='"wins" between 0 and 500'),
)
# A season may be late, by a month.
_IN_SEASON = '"year" between extract(year from "date" - 31) and extract(year from "date")'
# The next season's calendar is published in the year before.
_YEAR = '"year" between 1950 and extract(year from current_date) + 1'

TABLES: tuple[Table, ...] = (
    Table("seasons", ("year",), (Column("year", "int", True, _YEAR), _text("url"))),
    Table("status", ("statusId",), (_id("statusId"), _text("status", required=True))),
    Table(
        "circuits",
        ("circuitId",),
        (
            _id("circuitId"),
            _text("circuitRef", required=True),
            _text("name", required=True),
            _text("location"),
            _text("country"),
            Column("lat", "float", check='"lat" between -90 and 90'),
            Column("lng", "float", check='"lng" between -180 and 180'),
            _int("alt", '"alt" between -500 and 5000'),
            _text("url"),
        ),
        unique=(("circuitRef",),),
    ),
    Table(
        "constructors",
        ("constructorId",),
        (
            _id("constructorId"),
            _text("constructorRef", required=True),
            _text("name", required=True),
            _text("nationality"),
            _text("url"),
        ),
        unique=(("constructorRef",),),
    ),
    Table(
        "drivers",
        ("driverId",),
        (
            _id("driverId"),
            _text("driverRef", required=True),
            _int("number", '"number" between 0 and 999'),
            _text("code"),
            _text("forename", required=True),
            _text("surname", required=True),
            Column("dob", "date", check=""""dob" between '1880-01-01' and current_date"""),
            _text("nationality"),
            _text("url"),
        ),
        unique=(("driverRef",),),
    ),
    Table(
        "races",
        ("raceId",),
        (
            _id("raceId"),
            _id("year"),
            Column("round", "int", required=True, check='"round" > 0'),
            _id("circuitId"),
            _text("name", required=True),
            Column("date", "date", required=True, check=_IN_SEASON),
            Column("time", "time"),
            _text("url"),
            *_sessions("fp1", "fp2", "fp3", "quali", "sprint"),
        ),
        references=(("year", "seasons"), ("circuitId", "circuits")),
        unique=(("year", "round"),),
    ),
    Table(
        "results",
        ("resultId",),
        (
            _id("resultId"),
            *_ENTRY,
            *_FINISH,
            _int("rank", '"rank" >= 0'),
            _text("fastestLapTime"),
            Column("fastestLapSpeed", "float", check='"fastestLapSpeed" between 0 and 400'),
            _id("statusId"),
        ),
        references=(*_ENTRY_REFERENCES, ("statusId", "status")),
    ),
    Table(
        "sprint_results",
        ("resultId",),
        (_id("resultId"), *_ENTRY, *_FINISH, _text("fastestLapTime"), _id("statusId")),
        references=(*_ENTRY_REFERENCES, ("statusId", "status")),
    ),
    Table(
        "qualifying",
        ("qualifyId",),
        (
            _id("qualifyId"),
            *_ENTRY,
            _int("number", '"number" >= 0'),
            _POSITION,
            _text("q1"),
            _text("q2"),
            _text("q3"),
        ),
        references=_ENTRY_REFERENCES,
    ),
    Table(
        "pit_stops",
        ("raceId", "driverId", "stop"),
        (
            _id("raceId"),
            _id("driverId"),
            Column("stop", "int", required=True, check='"stop" between 1 and 1000'),
            _int("lap", '"lap" between 0 and 300'),
            Column("time", "time"),
            _text("duration"),
            Column("milliseconds", "bigint", check='"milliseconds" > 0'),
        ),
        references=_ENTRY_REFERENCES[:2],
    ),
    Table(
        "driver_standings",
        ("driverStandingsId",),
        (_id("driverStandingsId"), _id("raceId"), _id("driverId"), *_STANDING),
        references=_ENTRY_REFERENCES[:2],
    ),
    Table(
        "constructor_standings",
        ("constructorStandingsId",),
        (
            _id("constructorStandingsId"),
            _id("raceId"),
            _id("constructorId"),
            _text("engineRef"),
            *_STANDING,
        ),
        references=(("raceId", "races"), ("constructorId", "constructors")),
    ),
)
"""Parents before children: the order in which rows can be written."""

PARENTS = parents(TABLES)
CORE = ("circuits", "constructors", "drivers", "races", "results")
"""Tables that make no sense to be without in a first load, or to be without rows."""

PROVENANCE = Table("provenance", ("key",), (_text("key", required=True), _text("value")))

BY_NAME = {table.name: table for table in TABLES}


def quoted(names: tuple[str, ...] | list[str]) -> str:
    """`"a", "b"`: a column list for SQL."""
    return ", ".join(f'"{name}"' for name in names)


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow form of a table: what the simulated championship and the loaders hand over."""
    import pyarrow as pa

    types: dict[Kind, pa.DataType] = {
        "int": pa.int32(),
        "bigint": pa.int64(),
        "decimal": pa.decimal128(9, 3),
        "float": pa.float64(),
        "text": pa.string(),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "bool": pa.bool_(),
    }
    return pa.schema(
        [pa.field(c.name, types[c.kind], nullable=not c.required) for c in table.columns]
    )


def create_sql() -> str:
    """The DDL of the whole database. Repeating it changes nothing."""
    return "\n".join([_TOUCH, *(_create(table) for table in (*TABLES, PROVENANCE))])


# A row's `updated_at` is the moment it was written, not when its transaction began, so that rows of
# one load can be told apart; a write that changes nothing keeps it.
_TOUCH = """
create or replace function touch_updated_at() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or old is distinct from new then
        new.updated_at := clock_timestamp();
    end if;
    return new;
end $$;
"""


def _create(table: Table) -> str:
    lines = [_column(column) for column in table.columns]
    lines.append("updated_at timestamptz not null default clock_timestamp()")
    lines.append(f"primary key ({quoted(table.key)})")
    lines += [
        f'foreign key ("{column}") references "{parent}"' for column, parent in table.references
    ]
    lines += [f"unique ({quoted(names)}) deferrable initially deferred" for names in table.unique]
    body = ",\n    ".join(lines)
    indexes = "".join(
        f'create index if not exists "{table.name}_{column}" on "{table.name}" ("{column}");\n'
        for column, _ in table.references
        if column != table.key[0]
    )
    return (
        f'create table if not exists "{table.name}" (\n    {body}\n);\n{indexes}'
        f'create index if not exists "{table.name}_updated_at" on "{table.name}" (updated_at);\n'
        f'create or replace trigger touch before insert or update on "{table.name}"\n'
        "for each row execute function touch_updated_at();\n"
    )


def _column(column: Column) -> str:
    required = " not null" if column.required else ""
    check = f" check ({column.check})" if column.check else ""
    return f'"{column.name}" {POSTGRES_TYPES[column.kind]}{required}{check}'
