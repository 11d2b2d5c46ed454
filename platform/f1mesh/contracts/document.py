"""A YAML file whose every key knows its line, so that a complaint can name the place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from f1mesh.errors import PermanentError

_FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C where PyYAML was built with it

Key = str | int
Place = tuple[Key, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file: where, under which key, and what."""

    path: Path
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.key}: {self.message}"


@dataclass(frozen=True)
class Document:
    """The content of a YAML file and the line (from 1) of each of its keys."""

    path: Path
    content: dict[str, Any]
    lines: dict[Place, int]

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at `place`, or at the nearest enclosing key if it is absent."""
        found = place
        while found and found not in self.lines:
            found = found[:-1]
        return Problem(self.path, self.lines.get(found, 1), _spell(place), message)


def read_document(path: Path) -> Document:
    """Raises PermanentError if the file is missing, is not YAML or does not hold a mapping.

    Read once for each state of the file: nobody may change the content.
    """
    try:
        found = path.stat()
        return _read(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=256)
def _read(path: Path, _modified: int, _size: int) -> Document:
    text = path.read_text(encoding="utf-8")
    loader = _FastLoader(text)
    try:
        root = loader.get_single_node()
        content = loader.construct_document(root) if root else None
    except yaml.YAMLError as error:
        raise PermanentError(f"{path} is not YAML: {error}") from error
    finally:
        loader.dispose()
    if not isinstance(content, dict):
        raise PermanentError(f"{path} must hold a mapping.")
    return Document(path, content, dict(_lines(root, ())))


def _lines(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, int]]:
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, key.value)
            yield from _lines(value, inner)
            yield inner, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*place, index))


def _spell(place: Place) -> str:
    spelled = ""
    for key in place:
        spelled += f"[{key}]" if isinstance(key, int) else f".{key}" if spelled else key
    return spelled or "(file)"
