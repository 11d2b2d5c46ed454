"""A project is parsed once for all datasets of a workspace, with the dbt that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.client import HTTP_PATH, Target
from f1mesh.registry import load_mesh
from f1mesh.schemas import Schemas
from f1mesh.transformation import DbtProject
from f1mesh.transformation.kept import _MOST, KeptParse
from f1mesh.workspace import Workspace

ROOT = Path(__file__).parents[2]


def _project(home: Path, dataset: str, prefix: str = "") -> DbtProject:
    target = Target(
        host="127.0.0.1",
        http_path=HTTP_PATH,
        token="none",
        schemas=Schemas("f1_local", prefix),
        uri=f"http://127.0.0.1:1{HTTP_PATH}",
    )
    domain = load_mesh(ROOT).domain("drivers")
    return DbtProject.of(domain, Workspace(ROOT, home, dataset), target)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in one dataset of which the project was parsed."""
    home = tmp_path_factory.mktemp("home")
    told: list[str] = []
    _project(home, "one").current_manifest(progress=told.append)
    assert told == ["drivers: dbt parses the project"]
    return home


def test_another_dataset_has_the_manifest_without_a_parse(home: Path) -> None:
    told: list[str] = []

    second = _project(home, "two")
    manifest = second.current_manifest(progress=told.append)

    assert told == []
    assert manifest == _project(home, "one").manifest()
    assert (second.state / "dbt_packages" / "f1mesh" / "dbt_project.yml").is_file()


def test_dbt_gets_the_parse_that_was_kept(home: Path) -> None:
    second = _project(home, "three")

    kept = second._parse()

    assert not (second.state / "logs").exists(), "dbt has parsed again"
    assert kept.nodes.keys() == _project(home, "one").manifest()["nodes"].keys()
    assert len(kept.macros) > 500


@pytest.mark.parametrize("content", [b"", b"not a parse"])
def test_a_kept_parse_that_cannot_be_read_is_made_anew(
    home: Path, tmp_path: Path, content: bytes
) -> None:
    source = _project(home, "one")
    kept = KeptParse(tmp_path / "parsed" / "digest")
    kept.keep(source.state)
    (kept.folder / "partial_parse.msgpack").write_bytes(content)

    assert kept.manifest() is None
    assert not kept.restore(tmp_path / "state")

    kept.keep(source.state)
    assert kept.manifest() is not None


def test_another_name_of_the_schemas_is_another_parse(home: Path) -> None:
    one, other = _project(home, "one").kept, _project(home, "one", "pr_7_").kept

    assert one and other and one.folder != other.folder
    assert not other.restore(home / "elsewhere")


def test_a_workspace_keeps_the_latest_parses(home: Path, tmp_path: Path) -> None:
    source = _project(home, "one")
    for number in range(_MOST + 3):
        KeptParse(tmp_path / "parsed" / f"{number:064}").keep(source.state)

    assert len(list((tmp_path / "parsed").iterdir())) == _MOST
    assert (tmp_path / "parsed" / f"{_MOST + 2:064}").is_dir()
