"""What a source system is to the mesh: it provides a connection, and may be filled with an input.

A system that stands on this machine is the dataset's service of the connection's name, whose
endpoint holds its `url`. Where the environment names another one (`F1_SOURCE_<CONNECTION>`),
nothing is started or stopped here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from f1mesh.services import Service
from f1mesh.sources.connections import named_url, service_of, source_url
from f1mesh.workspace import Workspace

Progress = Callable[[str], None]

OWN_OPTIONS = frozenset(
    {
        "debug",
        "domain",
        "full-refresh",
        "help",
        "json",
        "keep",
        "limit",
        "no-load",
        "no-skip",
        "once",
    }
)
"""What the commands that fill the systems have options for by themselves."""


@dataclass(frozen=True)
class LoadOption:
    """An option by which a person says what a system is filled with: `--<name>`.

    A `kind` of bool is a pair of flags, `--<name>` and `--no-<name>`.
    """

    name: str
    kind: type[str] | type[int] | type[float] | type[bool]
    help: str
    default: Any = None
    least: float | None = None
    most: float | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """The words by which it is given, without their dashes."""
        return (self.name, f"no-{self.name}") if self.kind is bool else (self.name,)


@dataclass(frozen=True)
class Contents:
    """What a system holds: facts about what it was filled with, and rows by table."""

    facts: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


class LoadReport(ABC):
    """What a load did, as text for people (`str`) and as a document for programs."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """The report as plain values."""


class Load(ABC):
    """An input that was chosen, before it is loaded. What goes into one `dataset` never meets what
    goes into another one; `description` is a line for people."""

    @property
    @abstractmethod
    def dataset(self) -> str: ...

    @property
    @abstractmethod
    def description(self) -> str: ...

    @abstractmethod
    def load(self, url: str, progress: Progress) -> LoadReport:
        """Make the system at `url` hold the input: all of it or nothing. Raises MeshError."""


class SourceSystem(ABC):
    """A system of the outside world: what syncs call its connection, and its life."""

    connection: str

    @property
    def options(self) -> Sequence[LoadOption]:
        """What a person may say about the input; none, where nothing is loaded."""
        return ()

    def sample(self, scale: int) -> Mapping[str, object]:
        """Values of the options that fill the system with something made up, without a network:
        `scale` times as much as is usual. Benchmarks use it."""
        return {}

    def correct(self, url: str) -> str:
        """Correct one record of the system at `url`, as its owners might: a line on what was done;
        empty, where it has no records of its own. Benchmarks use it. Raises MeshError."""
        return ""

    @property
    def hosts(self) -> Mapping[str, str]:
        """Hosts of the web that the system's inputs come from, each with what is so without it."""
        return {}

    def choose(self, given: Mapping[str, Any], workspace: Workspace) -> Load | None:
        """The input that the options name, if the system takes one. Raises MeshError."""
        return None

    @abstractmethod
    def start(self, workspace: Workspace) -> str:
        """Start the system if it does not run: its URL. Raises MeshError."""

    def stop(self, workspace: Workspace) -> bool:
        """Stop the dataset's system; True if it ran."""
        return self.service(workspace).stop()

    def contents(self, url: str) -> Contents:
        """What the system at `url` holds, as far as it tells. Raises MeshError."""
        return Contents()

    def service(self, workspace: Workspace) -> Service:
        """The dataset's service, running or not."""
        return service_of(self.connection, workspace)

    def url(self, workspace: Workspace) -> str:
        """The system's URL. Raises TransientError if the environment names none and none runs."""
        return source_url(self.connection, workspace)

    def missing(self, workspace: Workspace) -> bool:
        """Whether it has to be started: it is not named by the environment and does not run."""
        return named_url(self.connection) is None and not self.service(workspace).running()
