"""Who provides a connection on this machine: `platform/<package>/sources.yaml` says so.

systems:      # in the order in which they start: a later one may work with an earlier one
  - shopsources.shop:SHOP

Each entry is `module:object`, the object a SourceSystem. A package beside the library that has such
a file is found; nothing else has to name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from f1mesh.document import Document, Problem, read_document, refusal
from f1mesh.errors import PermanentError
from f1mesh.sources.system import OWN_OPTIONS, SourceSystem

FILE = "sources.yaml"


@lru_cache(maxsize=8)
def source_systems(root: Path) -> tuple[SourceSystem, ...]:
    """The declared systems of a checkout, in the order in which they start.

    Raises PermanentError, with file and line, for a declaration that leads nowhere, a connection
    that two provide, and an option that a command has itself, or another system.
    """
    files = sorted((root / "platform").glob(f"*/{FILE}"))
    entries = [entry for file in files for entry in _entries(read_document(file))]
    _refuse_twins(entries)
    return tuple(entry.system for entry in entries)


def source_system(root: Path, name: str) -> SourceSystem:
    """The system whose connection is called `name`, or is the only one with this word in its name.

    Raises PermanentError, with what there is, for any other name.
    """
    systems = source_systems(root)
    exact = [system for system in systems if system.connection == name]
    close = [system for system in systems if name in system.connection.split("_")]
    if len(chosen := exact or close) == 1:
        return chosen[0]
    known = ", ".join(f"`{system.connection}`" for system in systems) or "none is declared"
    raise PermanentError(f"'{name}' is no source. The sources: {known}.")


@dataclass(frozen=True)
class _Entry:
    """A line of a declaration."""

    document: Document
    index: int

    @property
    def name(self) -> str:
        return str(self.document.content["systems"][self.index])

    @property
    def place(self) -> str:
        problem = self._problem("")
        return f"{problem.path}:{problem.line}"

    @cached_property
    def system(self) -> SourceSystem:
        """Raises PermanentError where the entry leads to none."""
        module, _, name = self.name.partition(":")
        try:
            system: Any = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            message = f"'{self.name}' leads nowhere ({error}). Correct it, or remove it"
            raise self.refused(message) from error
        if not isinstance(system, SourceSystem):
            kind = type(system).__name__
            raise self.refused(f"'{self.name}' is a {kind}, no SourceSystem. Name one")
        return system

    def refused(self, message: str) -> PermanentError:
        return refusal([self._problem(message)])

    def _problem(self, message: str) -> Problem:
        return self.document.problem(("systems", self.index), message)


def _entries(document: Document) -> list[_Entry]:
    names = document.content.get("systems")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        message = "must be a list of module:object. Write each as a line that begins with `- `"
        raise refusal([document.problem(("systems",), message)])
    return [_Entry(document, index) for index in range(len(names))]


def _refuse_twins(entries: list[_Entry]) -> None:
    """Raises PermanentError for the first connection with two providers, or flag with two ends."""
    providers: dict[str, str] = {}
    owners = dict.fromkeys(OWN_OPTIONS, "an option that the command has itself")
    for entry in entries:
        connection = entry.system.connection
        if other := providers.get(connection):
            message = f"the connection '{connection}' is provided in {other} already"
            raise entry.refused(f"{message}. Give it one provider")
        providers[connection] = entry.place
        for flag in (flag for option in entry.system.options for flag in option.flags):
            if other := owners.get(flag):
                message = f"'{connection}' has an option --{flag}, which is {other}"
                raise entry.refused(f"{message}. Rename it in {entry.name.partition(':')[0]}")
            owners[flag] = f"one of '{connection}' ({entry.place}), too"
