"""What the environment may say to the library: each variable once, with its kind and its default.

`Settings.read()` takes the environment as it is at that moment; a value is judged when it is asked
for, so that a wrong one is told by what needs it. An empty variable is one that is not set. The
table of platform/SETTINGS.md is made from this file (`python -m f1mesh.settings`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, overload

from f1mesh.errors import PermanentError

Value = TypeVar("Value")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(text)
    return int(text)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def _folders(text: str) -> tuple[Path, ...]:
    return tuple(map(Path, filter(None, text.split(os.pathsep))))


@dataclass(frozen=True)
class Kind(Generic[Value]):
    """What the text of a variable must be, and how it becomes a value (or raises ValueError)."""

    must_be: str
    value: Callable[[str], Value]


TEXT = Kind("a text", str)
PATH = Kind("a path", Path)
PATHS = Kind(f"paths with '{os.pathsep}' between them", _folders)
PORT = Kind("a port from 1 to 65535", _port)
NUMBER = Kind("a number above 0", _positive)
SWITCH = Kind("0 or 1", lambda text: text != "0")


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """A variable of the environment; as an attribute of `Settings`, its value or None."""

    name: str
    kind: Kind[Value]
    meaning: str
    otherwise: str
    """What is so where it is not set, in words."""

    secret: bool = False

    @overload
    def __get__(self, settings: None, owner: type[Settings]) -> Setting[Value]: ...
    @overload
    def __get__(self, settings: Settings, owner: type[Settings]) -> Value | None: ...
    def __get__(
        self, settings: Settings | None, owner: type[Settings]
    ) -> Setting[Value] | Value | None:
        """Raises PermanentError for a text that is no such value."""
        if settings is None:
            return self
        text = settings.environment.get(self.name)
        if not text:
            return None
        try:
            return self.kind.value(text)
        except ValueError as error:
            raise PermanentError(
                f"{self.name} is '{text}', and not {self.kind.must_be}. Correct it, or unset it: "
                f"then it is {self.otherwise}."
            ) from error


@dataclass(frozen=True)
class Settings:
    """The environment at one moment."""

    environment: Mapping[str, str]

    root = Setting(
        "F1_ROOT", PATH, "The checkout that is worked with.", "the one that holds the library"
    )
    home = Setting("F1_HOME", PATH, "The folder that all is written to.", "`.f1` of the checkout")
    dataset = Setting(
        "F1_DATASET", TEXT, "The dataset that commands speak about.", "the one loaded last"
    )
    debug = Setting("F1_DEBUG", SWITCH, "Whether errors are told with their traceback.", "`0`")
    catalog = Setting(
        "F1_CATALOG", TEXT, "The catalog of all tables.", "`f1_local`, on Databricks `f1_dev`"
    )
    schema_prefix = Setting(
        "F1_SCHEMA_PREFIX", TEXT, "What the names of all schemas begin with.", "nothing"
    )
    input_prefix = Setting(
        "F1_INPUT_PREFIX",
        TEXT,
        "What the names of the schemas begin with that dbt reads its sources from.",
        "F1_SCHEMA_PREFIX",
    )
    target = Setting(
        "F1_TARGET", TEXT, "The target of dbt's profile.", "`local`, on Databricks `dev`"
    )

    databricks_host = Setting(
        "DATABRICKS_HOST", TEXT, "The host of a SQL warehouse.", "the embedded warehouse is used"
    )
    databricks_http_path = Setting(
        "DATABRICKS_HTTP_PATH", TEXT, "The warehouse's path, with the host.", "none"
    )
    databricks_token = Setting(
        "DATABRICKS_TOKEN", TEXT, "The token that the warehouse asks for.", "none", secret=True
    )
    databricks_connection_uri = Setting(
        "DATABRICKS_CONNECTION_URI",
        TEXT,
        "The address of an embedded warehouse; the library sets it for dbt and Airflow.",
        "none",
    )

    engine = Setting("F1_ENGINE", TEXT, "A Spark Connect engine, `sc://host:port`.", "Sail")
    warehouse_port = Setting(
        "F1_WAREHOUSE_PORT", PORT, "The embedded warehouse's port.", "a free one"
    )
    warehouse_token = Setting(
        "F1_WAREHOUSE_TOKEN",
        TEXT,
        "The embedded warehouse's token, of 16 characters at least.",
        "made up at each start",
        secret=True,
    )
    warehouse_memory = Setting(
        "F1_WAREHOUSE_MEMORY",
        NUMBER,
        "GB that the embedded engines may hold together.",
        "six tenths of the machine's",
    )
    warehouse_paths = Setting(
        "F1_WAREHOUSE_PATHS", PATHS, "Folders that a table's LOCATION may name.", "none"
    )
    warehouse_abandoned_s = Setting(
        "F1_WAREHOUSE_ABANDONED_S",
        NUMBER,
        "Seconds after which a statement ends that nobody asks about.",
        "`60`",
    )

    airflow_port = Setting("F1_AIRFLOW_PORT", PORT, "The port of Airflow's pages.", "a free one")
    airflow_python = Setting(
        "F1_AIRFLOW_PYTHON", TEXT, "The Python that Airflow's environment is made of.", "looked for"
    )
    mesh_python = Setting(
        "F1_MESH_PYTHON",
        PATH,
        "For Airflow: the Python with the library and dbt.",
        "`envs/platform` of the home",
    )
    manifests = Setting(
        "F1_MANIFESTS",
        PATH,
        "For Airflow: the folder of dbt's manifests.",
        "`manifests` of the home",
    )
    repository_url = Setting(
        "F1_REPOSITORY_URL",
        TEXT,
        "For Airflow: where people read the checkout's files.",
        "no links",
    )
    shortest_deadline_s = Setting(
        "F1_SHORTEST_DEADLINE_S",
        NUMBER,
        "For Airflow: seconds that a run has at least, whatever contracts promise.",
        "`900`",
    )
    step_server = Setting(
        "F1_STEP_SERVER",
        SWITCH,
        "For Airflow: `0` for a fresh process for each step, not a fork.",
        "`1`",
    )
    bench_input = Setting(
        "F1_BENCH_INPUT", TEXT, "The options by which `./f1 bench` loads its input.", "made up"
    )

    @classmethod
    def read(cls) -> Settings:
        """The environment as it is now."""
        return cls(dict(os.environ))

    @classmethod
    def all(cls) -> Iterator[Setting[object]]:
        """Every setting that has a name of its own, in the order of the table."""
        return (each for each in vars(cls).values() if isinstance(each, Setting))

    def source_url(self, connection: str) -> str | None:
        """Where `F1_SOURCE_<CONNECTION>` says that a connection leads."""
        return self.environment.get(source_setting(connection)) or None

    def port(self, name: str, owner: str) -> int | None:
        """The port that a variable asks for which a source system names by itself."""
        setting = Setting(name, PORT, f"The port of {owner}.", "a free one")
        return setting.__get__(self, Settings)


def source_setting(connection: str) -> str:
    """The variable that says where a connection leads."""
    return f"F1_SOURCE_{connection.upper()}"


def forget(setting: Setting[str]) -> None:
    """Take a setting out of this process's environment, so that no child inherits it."""
    os.environ.pop(setting.name, None)


@contextmanager
def lent(environment: Mapping[str, str]) -> Iterator[None]:
    """Variables for a library that looks for them in its process; nobody finds them there later."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def table() -> str:
    """All settings as a table in Markdown."""
    lines = ["| variable | what it says | where it is not set |", "|---|---|---|"]
    lines += [f"| `{s.name}` | {s.meaning} | {s.otherwise} |" for s in Settings.all()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
