"""Who provides a connection on this machine: `platform/<package>/sources.yaml` says so.

systems:      # in the order in which they start: a later one may work with an earlier one
  - shopsources.shop:SHOP

Each entry is `module:object`, the object a SourceSystem. A package beside the library that has such
a file is found; nothing else has to name it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from f1mesh.errors import PermanentError
from f1mesh.sources.system import SourceSystem

FILE = "sources.yaml"


@lru_cache(maxsize=8)
def source_systems(root: Path) -> tuple[SourceSystem, ...]:
    """The declared systems of a checkout, in the order in which they start.

    Raises PermanentError for a declaration that leads nowhere, or a connection that two provide.
    """
    found = [
        (_system(file, entry), file)
        for file in sorted((root / "platform").glob(f"*/{FILE}"))
        for entry in _entries(file)
    ]
    by_connection: dict[str, Path] = {}
    for system, file in found:
        if other := by_connection.get(system.connection):
            raise PermanentError(
                f"{file}: the connection '{system.connection}' is provided in {other} already. "
                "Give it one provider."
            )
        by_connection[system.connection] = file
    return tuple(system for system, _ in found)


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


def _entries(file: Path) -> list[str]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise PermanentError(f"{file} cannot be read: {error}") from error
    entries = content.get("systems") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise PermanentError(f"{file} must hold a mapping with `systems`, a list of module:object.")
    return entries


def _system(file: Path, entry: str) -> SourceSystem:
    module, _, name = entry.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PermanentError(f"{file}: '{entry}' leads nowhere ({error}).") from error
    if not isinstance(found, SourceSystem):
        raise PermanentError(f"{file}: '{entry}' is a {type(found).__name__}, no SourceSystem.")
    return found
