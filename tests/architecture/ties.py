"""The files that say what is bent of a library, and where private names of libraries are used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SAID = re.compile(r"Tied to ([\w-]+) ([\d.]+\d); ([\w/]+\.py) says when this may\s+go\.")
_LOCKS = ("uv.lock", "platform/airflow/requirements.lock")

# Private by their look alone: of Python, which says so itself or has had them for decades.
_OF_PYTHON = frozenset({"_exit", "_replace", "_run_exitfuncs"})


@dataclass(frozen=True)
class Tie:
    """A file that bends a library, and what its docstring says of it."""

    file: Path
    library: str
    version: str
    test: str


def ties(root: Path) -> list[Tie]:
    """Every tie of the library, in the order of its files."""
    return [
        Tie(file, *said.groups())
        for file in sorted((root / "platform").rglob("*.py"))
        if (said := _SAID.search(file.read_text(encoding="utf-8")))
    ]


def locked_version(root: Path, library: str) -> str | None:
    """The version of a library that is installed, by the locks."""
    patterns = (rf'^name = "{library}"\nversion = "([^"]+)"', rf"^{library}==([^\s;\\]+)")
    for lock, pattern in zip(_LOCKS, patterns, strict=True):
        if found := re.search(pattern, (root / lock).read_text(), re.MULTILINE):
            return found[1]
    return None


def own_names(trees: list[ast.Module]) -> set[str]:
    """Every name that is given to something in these modules."""
    names: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), ctx=ast.Store()):
                names.add(node.attr)
    return names


def private_uses(tree: ast.Module, own: set[str]) -> Iterator[str]:
    """Where a module uses private names of others: attributes, imports and keywords."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute() if _is_private(node.attr) and node.attr not in own:
                yield f"{node.lineno}: {ast.unparse(node)}"
            case ast.ImportFrom(module=str(module)) if not module.startswith("f1"):
                parts = [*module.split("."), *(alias.name for alias in node.names)]
                if any(map(_is_private, parts)):
                    yield f"{node.lineno}: {ast.unparse(node)}"
            case ast.keyword(arg=str(name)) if _is_private(name) and name not in own:
                yield f"{node.value.lineno}: {name}="
            case ast.Constant(value=str(text)) if text.startswith(("_retry_", "_connection_uri")):
                yield f"{node.lineno}: '{text}'"


def _is_private(name: str) -> bool:
    return re.match(r"_[A-Za-z]", name) is not None and name not in _OF_PYTHON
