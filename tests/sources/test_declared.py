"""Source systems are found by declaration: whoever brings one needs a folder, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from f1mesh.errors import PermanentError
from f1mesh.ingestion.sync import load_sync
from f1mesh.registry import load_mesh
from f1mesh.sources.declared import source_system, source_systems
from f1mesh.sources.loading import choose_input
from f1mesh.sources.postgres import PostgresServer
from f1mesh.sources.system import OWN_OPTIONS, Load, LoadOption, LoadReport, Progress, SourceSystem
from f1mesh.workspace import Workspace


class Report(LoadReport):
    def document(self) -> dict[str, Any]:
        return {}


class Apples(Load):
    def __init__(self, dataset: str) -> None:
        self.name = dataset

    @property
    def dataset(self) -> str:
        return self.name

    @property
    def description(self) -> str:
        return f"apples of {self.name}"

    def load(self, url: str, progress: Progress) -> LoadReport:
        return Report()


class Orchard(SourceSystem):
    def __init__(self, connection: str, option: str = "apples", kind: type[Any] = str) -> None:
        self.connection = connection
        self.option = option
        self.kind = kind

    @property
    def options(self) -> Sequence[LoadOption]:
        return [LoadOption(self.option, self.kind, "Which apples.", "red")]

    def choose(self, given: Mapping[str, Any], workspace: Workspace) -> Load:
        return Apples(given[self.option])

    def start(self, workspace: Workspace) -> str:
        return "http://orchard"


ORCHARD = Orchard("orchard_api")
CELLAR = PostgresServer("cellar_postgres")
PRESS = Orchard("press_api", option="press")
TWIN = Orchard("orchard_api")
RIVAL = Orchard("rival_api")
GREEDY = [Orchard(f"greedy{number}_api", name) for number, name in enumerate(sorted(OWN_OPTIONS))]
HASTY = Orchard("hasty_api", "skip", kind=bool)
NOTHING = "no system"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """This very module is what the declarations name."""
    monkeypatch.setitem(sys.modules, "declared_here", sys.modules[__name__])


def declare(root: Path, *names: str, package: str = "apples") -> Path:
    folder = root / "platform" / package
    folder.mkdir(parents=True)
    listed = "".join(f"  - declared_here:{name}\n" for name in names)
    (folder / "sources.yaml").write_text(f"systems:\n{listed}")
    return root


def test_every_connection_of_the_checkouts_syncs_has_a_provider(root: Path) -> None:
    syncs = [load_sync(f) for d in load_mesh(root).domains.values() for f in d.sync_files]
    wanted = {sync.source.connection for sync in syncs}
    assert wanted

    assert {system.connection for system in source_systems(root)} >= wanted


def test_systems_of_all_packages_are_found_in_their_order(tmp_path: Path) -> None:
    declare(tmp_path, "PRESS", "CELLAR", package="juice")
    declare(tmp_path, "ORCHARD")

    assert source_systems(tmp_path) == (ORCHARD, PRESS, CELLAR)
    assert source_system(tmp_path, "orchard_api") is ORCHARD
    assert source_system(tmp_path, "postgres") is CELLAR


@pytest.mark.parametrize("name", ["api", "pear"])
def test_a_name_that_is_none_or_of_two_is_refused_with_those_that_are(
    tmp_path: Path, name: str
) -> None:
    declare(tmp_path, "ORCHARD", "PRESS")

    with pytest.raises(PermanentError, match=f"'{name}' is no source.*orchard_api.*press_api"):
        source_system(tmp_path, name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("systems: [declared_here:ABSENT]", "leads nowhere"),
        ("systems: [no.such.module:X]", "leads nowhere"),
        ("systems: [declared_here]", "leads nowhere"),
        ("systems: [':']", "leads nowhere"),
        ("systems: [declared_here:NOTHING]", "is a str, no SourceSystem"),
        ("systems: declared_here:ORCHARD", "list of module:object"),
        ("systems: [1]", "list of module:object"),
        ("", "must hold a mapping"),
        ("a: 1", "list of module:object"),
        ("a: [", "is not YAML"),
        ("systems: [declared_here:ORCHARD, declared_here:TWIN]", "'orchard_api' is provided in"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    file = declare(tmp_path) / "platform" / "apples" / "sources.yaml"
    file.write_text(text)

    with pytest.raises(PermanentError, match=said) as refused:
        source_systems(tmp_path)
    assert str(file) in str(refused.value)


def test_an_input_is_chosen_by_declared_options_and_makes_its_dataset(tmp_path: Path) -> None:
    located = Workspace(declare(tmp_path, "ORCHARD", "CELLAR", "PRESS"), tmp_path, "before")

    chosen = choose_input({"apples": "green"}, located)

    assert chosen.descriptions == ("apples of green", "apples of red")
    assert chosen.workspace.dataset == "green-red"


def test_where_nothing_is_loaded_the_dataset_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F1_DATASET", "before")
    located = Workspace(declare(tmp_path, "CELLAR"), tmp_path, "before")

    chosen = choose_input({}, located)

    assert (chosen.loads, chosen.workspace.dataset) == ((), "before")


def test_two_systems_with_an_option_of_one_name_are_refused(tmp_path: Path) -> None:
    file = declare(tmp_path, "ORCHARD", "CELLAR", "RIVAL") / "platform/apples/sources.yaml"

    with pytest.raises(PermanentError) as refused:
        source_systems(tmp_path)

    assert str(refused.value) == (
        f"{file}:4: systems[2]: 'rival_api' has an option --apples, which is one of 'orchard_api' "
        f"({file}:2), too. Rename it in declared_here"
    )


@pytest.mark.parametrize("system", [*GREEDY, HASTY], ids=lambda system: f"--{system.option}")
def test_an_option_that_the_command_has_itself_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: Orchard
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "HASTY", system)
    file = declare(tmp_path, "ORCHARD", "HASTY") / "platform/apples/sources.yaml"

    with pytest.raises(PermanentError) as refused:
        source_systems(tmp_path)

    said = str(refused.value)
    assert said.startswith(f"{file}:3: systems[1]: '{system.connection}' has an option --")
    assert said.endswith("an option that the command has itself. Rename it in declared_here")


def test_a_system_that_the_environment_names_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path, tmp_path, "test")
    assert CELLAR.missing(workspace)

    monkeypatch.setenv("F1_SOURCE_CELLAR_POSTGRES", "postgresql://elsewhere/cellar")

    assert not CELLAR.missing(workspace)
    assert CELLAR.start(workspace) == CELLAR.url(workspace) == "postgresql://elsewhere/cellar"
