"""dbt in a process of its own says the same as here, and a process that dies is no verdict."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from f1mesh.errors import PermanentError, TransientError
from f1mesh.transformation import DbtProject, TransformReport
from f1mesh.transformation.report import NodeResult
from f1mesh.transformation.site import dbt_site
from f1mesh.workers import Site
from f1mesh.workers.client import start
from f1mesh.workspace import Workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """dbt's processes of a dataset."""
    found = dbt_site(Workspace(ROOT, tmp_path_factory.mktemp("home"), "test"))
    yield found
    for server in servers(found):
        server.kill()


def servers(site: Site) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(site.run_dir) in (process.info["cmdline"] or [])
    ]


def project(folder: Path, name: str = "cars") -> DbtProject:
    """A project of one model, without a warehouse: parsing needs none."""
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(f"name: {name}\nprofile: f1mesh\n")
    (folder / "models" / "car.sql").write_text("select 1 as id")
    environment = {"F1_TARGET": "local", "F1_CATALOG": "f1_local", "DATABRICKS_TOKEN": "none"}
    environment |= {"DATABRICKS_HOST": "127.0.0.1", "DATABRICKS_HTTP_PATH": "/sql"}
    state = folder.parent / "state"
    return DbtProject("cars", folder, ROOT / "platform" / "dbt", state, environment, digest="d")


def test_a_project_is_parsed_there_as_it_is_here(site: Site, tmp_path: Path) -> None:
    here = project(tmp_path / "here" / "dbt")
    there = replace(project(tmp_path / "there" / "dbt"), site=site)

    found = there.current_manifest(progress=lambda _: None)["nodes"]

    assert found.keys() == here.current_manifest(progress=lambda _: None)["nodes"].keys()
    assert list(found) == ["model.cars.car"]


def test_what_dbt_cannot_parse_is_told_as_it_is_here(site: Site, tmp_path: Path) -> None:
    here = project(tmp_path / "dbt")
    (here.folder / "models" / "car.sql").write_text("select {{ ref('nothing') }}")

    with pytest.raises(PermanentError) as seen:
        here.parse(progress=lambda _: None)
    with pytest.raises(PermanentError) as told:
        replace(here, site=site).parse(progress=lambda _: None)

    assert "nothing" in str(told.value)
    assert str(told.value) == str(seen.value)


def test_a_report_arrives_as_it_was() -> None:
    node = NodeResult("test.cars.t", "test", "t", "fail", "2 rows", 0.5, query="select 1")
    report = TransformReport((node,), error="half of it", unchanged_since="2026-01-01")

    assert TransformReport.of_document(report.document()) == report


def test_a_process_that_dies_is_worth_another_try(site: Site, tmp_path: Path) -> None:
    start(site)
    (server,) = servers(site)
    stuck = replace(project(tmp_path / "dbt"), site=site)
    os.mkfifo(stuck.folder / "models" / "pipe.sql")  # dbt reads it, and nobody writes
    told: list[BaseException] = []

    def parse() -> None:
        try:
            stuck.parse(progress=lambda _: None)
        except Exception as error:
            told.append(error)

    caller = threading.Thread(target=parse)
    caller.start()
    deadline = time.monotonic() + 20
    while not server.children() and time.monotonic() < deadline:
        time.sleep(0.02)
    server.children()[0].kill()
    caller.join(timeout=20)

    assert [type(error) for error in told] == [TransientError]
    assert "without a word" in str(told[0])
