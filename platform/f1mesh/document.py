"""A YAML file whose every key knows its line, so that a complaint can name the place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from f1mesh.errors import PermanentError

_FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C where PyYAML was built with it

_TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")

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
    """The content of a YAML file, the line (from 1) of each of its keys, and its tree."""

    path: Path
    content: dict[str, Any]
    lines: dict[Place, int]
    root: yaml.Node = field(repr=False, compare=False)

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at `place`, or at the nearest enclosing key if it is absent."""
        found = place
        while found and found not in self.lines:
            found = found[:-1]
        return Problem(self.path, self.lines.get(found, 1), _spell(place), message)


def refusal(problems: Iterable[Problem]) -> PermanentError:
    """One error that tells all problems, a line each."""
    return PermanentError("\n".join(map(str, problems)))


def read_document(path: Path) -> Document:
    """Raises PermanentError, with the line, if the file is missing, is not YAML, says a key twice
    or does not hold a mapping.

    Read once for each state of the file: nobody may change the content.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _read(path, found.st_mtime_ns, found.st_size)


def read_text(path: Path) -> str:
    """The text of a file, lines ended by \\n; raises PermanentError if there is none."""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not UTF-8. Write the file anew as text"
        raise refusal([Problem(path, line, "(file)", message)]) from error


def _unreadable(path: Path, error: OSError) -> PermanentError:
    message = f"cannot be read ({error.strerror}). Restore it, or whatever names it"
    return refusal([Problem(path, 1, "(file)", message)])


@lru_cache(maxsize=256)
def _read(path: Path, _modified: int, _size: int) -> Document:
    return parse_document(path, read_text(path))


@lru_cache(maxsize=256)
def parse_document(path: Path, text: str) -> Document:
    """The document of a text; raises as `read_document` does, in the name of `path`."""
    try:
        return _parsed(path, text)
    except yaml.YAMLError as error:
        raise refusal([_not_yaml(path, text, error)]) from error
    except (ValueError, RecursionError) as error:  # PyYAML lets some of Python's through
        message = f"is not YAML that can be read: {error}. Quote the value, or nest less"
        raise refusal([Problem(path, 1, "(file)", message)]) from error


def _parsed(path: Path, text: str) -> Document:
    loader = _FastLoader(text)
    try:
        root = loader.get_single_node()
        places = list(_lines(root, (), frozenset()))
        content = loader.construct_document(root) if root else None
    finally:
        loader.dispose()
    if not isinstance(content, dict):
        message = "must hold a mapping (key: value), and holds "
        message += "nothing" if content is None else f"a {type(content).__name__}"
        raise refusal([Problem(path, 1, "(file)", f"{message}. Restore its keys")])
    lines = dict(places)
    assert root is not None  # what holds a mapping has a tree
    document = Document(path, content, lines, root)
    if len(lines) < len(places):
        raise refusal(_repeated(document, places))
    return document


def _repeated(document: Document, places: list[tuple[Place, int]]) -> Iterator[Problem]:
    """The keys that a mapping says more than once."""
    first: dict[Place, int] = {}
    twice: set[Place] = set()
    for place, line in places:
        inside = any(place[:length] in twice for length in range(len(place)))
        if place in first and not inside:
            twice.add(place)
            message = f"is said twice (line {first[place]}). Remove one of the two"
            yield Problem(document.path, line, _spell(place), message)
        first.setdefault(place, line)


def _not_yaml(path: Path, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    words = " ".join(f"{context or ''} {said}".split())
    position = getattr(error, "position", None)  # of a character that YAML does not know
    line = mark.line + 1 if mark else text.count("\n", 0, position) + 1 if position else 1
    return Problem(path, line, "(file)", f"is not YAML: {words}. Correct it at or above this line")


def _lines(
    node: yaml.Node | None, place: Place, above: frozenset[int]
) -> Iterator[tuple[Place, int]]:
    """Every place and its line: of an entry, that of its key. A place comes once for each time that
    its key is said."""
    if node is None:
        return
    if id(node) in above:
        raise yaml.MarkedYAMLError(
            None, None, "found an alias that stands inside what it names", node.start_mark
        )
    above |= {id(node)}
    if not place:
        yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag not in _TEXT:
                raise yaml.MarkedYAMLError(
                    None, None, "found a key that is no text (quote it)", key.start_mark
                )
            inner = (*place, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _lines(value, inner, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*place, index), value.start_mark.line + 1
            yield from _lines(value, (*place, index), above)


def _spell(place: Place) -> str:
    spelled = ""
    for key in place:
        spelled += f"[{key}]" if isinstance(key, int) else f".{key}" if spelled else key
    return spelled or "(file)"
