"""The rule of arrows: a room imports only rooms that stand above it in platform/ARCHITECTURE.md."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest


def rooms(root: Path) -> list[str]:
    """The rooms in the order of the page."""
    page = (root / "platform" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = page.split("## Rooms")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, those under TYPE_CHECKING and within functions included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def upward(file: Path, library: Path, order: list[str]) -> set[tuple[str, str]]:
    """The rooms below its own that a file of the library imports. Modules beside the rooms stand
    above all of them."""
    name = file.relative_to(library).as_posix()
    own = name.split("/")[0].removesuffix(".py")
    at = order.index(own) if own in order else -1
    used = {module.split(".")[1] for module in imports(file) if module.startswith("f1mesh.")}
    return {(name, room) for room in used if room in order and order.index(room) > at}


def test_every_room_is_on_the_page(root: Path) -> None:
    library = root / "platform" / "f1mesh"
    packages = {file.parent.name for file in library.glob("*/__init__.py")}

    assert packages - set(rooms(root)) == set()
    for room in rooms(root):
        assert (library / room).is_dir() or (library / f"{room}.py").is_file(), room


def test_no_arrow_leads_upward(root: Path) -> None:
    library = root / "platform" / "f1mesh"
    order = rooms(root)
    files = sorted(library.rglob("*.py"))
    assert len(files) > 100

    found = set().union(*(upward(file, library, order) for file in files))

    assert found == set()


def test_an_arrow_upward_is_seen_wherever_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "low" / "a.py"
    file.parent.mkdir()
    order = ["low", "high"]

    for text in (
        "import f1mesh.high.b",
        "from f1mesh.high import b",
        "from f1mesh import high",
        "def f():\n    from f1mesh.high.b import c",
    ):
        file.write_text(text)
        assert upward(file, tmp_path, order) == {("low/a.py", "high")}
    file.write_text("from f1mesh.low import c\nimport f1mesh_high\n")
    assert upward(file, tmp_path, order) == set()


@pytest.mark.parametrize("name", ["warehouse", "cli", "airflow"])
def test_arrows_inside_a_room_lead_one_way(root: Path, name: str) -> None:
    folder, package = root / "platform" / "f1mesh" / name, f"f1mesh.{name}."
    inner: dict[str, set[str]] = {}
    for file in folder.rglob("*.py"):
        own = file.relative_to(folder).parts[0].removesuffix(".py")
        used = {m.removeprefix(package).split(".")[0] for m in imports(file) if package in m}
        inner.setdefault(own, set()).update(used - {own})

    assert len(inner) > 10
    graphlib.TopologicalSorter(inner).prepare()  # raises CycleError
