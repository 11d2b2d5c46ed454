"""The page of all domains: what a reader finds in it, read out of the page itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from f1mesh.cli.app import app
from f1mesh.errors import PermanentError
from f1mesh.portal import dbt_page
from f1mesh.registry import load_mesh

Page = tuple[Path, dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page, with the manifest and the catalog that stand in it."""
    home = tmp_path_factory.mktemp("docs")
    output = home / "elsewhere" / "mesh.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("F1_HOME", str(home))
        done = CliRunner().invoke(app, ["docs", "--output", str(output), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["path"] == str(output)
    return output, *embedded(output.read_text(encoding="utf-8"))


def embedded(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two documents that dbt's page keeps as one literal: `{manifest:{...},catalog:{...}}`."""
    decoder = json.JSONDecoder()
    start = re.search(r"=\{manifest:(?=\{)", text)
    assert start
    manifest, end = decoder.raw_decode(text, start.end())
    assert text[end:].startswith(",catalog:")
    catalog, _ = decoder.raw_decode(text, end + len(",catalog:"))
    return manifest, catalog


@pytest.mark.e2e
def test_a_product_that_another_domain_reads_is_the_model_that_makes_it(
    page: Page, root: Path
) -> None:
    _, manifest, _ = page
    reads = [
        (f"model.{ref.domain}.{ref.product}", domain.name)
        for domain in load_mesh(root).domains.values()
        for ref in domain.inputs
    ]
    assert reads

    for model, reader in reads:
        readers = [n for n in manifest["child_map"][model] if n.startswith(f"model.{reader}.")]
        assert readers, f"no model of {reader} has the parent {model}"
        for node in readers:
            assert model in manifest["parent_map"][node]
            assert model in manifest["nodes"][node]["depends_on"]["nodes"]


@pytest.mark.e2e
def test_race_results_come_from_the_drivers_of_the_registry(page: Page) -> None:
    _, manifest, _ = page

    upstream: set[str] = set()
    open_ends = ["model.race_history.fct_race_result"]
    while open_ends:
        parents = set(manifest["parent_map"].get(open_ends.pop(), ())) - upstream
        upstream |= parents
        open_ends += parents

    assert "model.drivers.dim_driver" in upstream
    assert "source.drivers.registry.drivers" in upstream
    assert not [node for node in upstream if node.startswith("source.race_history.drivers.")]


@pytest.mark.e2e
def test_every_product_is_there_with_the_types_of_its_columns(page: Page, root: Path) -> None:
    _, manifest, catalog = page

    for ref in load_mesh(root).products:
        model = f"model.{ref.domain}.{ref.product}"
        assert manifest["nodes"][model]["description"]
        columns = catalog["nodes"][model]["columns"]
        assert columns
        assert all(column["type"] for column in columns.values())


@pytest.mark.e2e
def test_no_edge_leads_to_what_is_not_there(page: Page) -> None:
    _, manifest, _ = page
    kinds = ("nodes", "sources", "exposures", "unit_tests", "groups")
    known = {key for kind in kinds for key in manifest[kind]}

    for edges in (manifest["parent_map"], manifest["child_map"]):
        assert edges
        assert not {node for pair in edges.items() for node in (pair[0], *pair[1])} - known


@pytest.mark.e2e
def test_the_page_asks_nobody_and_names_no_path_of_the_machine(page: Page, root: Path) -> None:
    file, manifest, _ = page
    text = file.read_text(encoding="utf-8")

    assert manifest["metadata"]["send_anonymous_usage_stats"] is False
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=\"?(https?:)?//", text)
    assert str(root) not in json.dumps(manifest)


def test_text_of_others_does_not_end_the_script() -> None:
    said = "</script><!-- <script>alert(1)</script>"
    manifest = {"metadata": {}, "nodes": {"a": {"description": said}}}

    text = dbt_page.page(manifest, {"nodes": {}})

    assert said not in text
    assert embedded(text)[0]["nodes"]["a"]["description"] == said


def test_another_page_of_dbt_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("<html></html>")
    monkeypatch.setattr(dbt_page, "files", lambda _: tmp_path)

    with pytest.raises(PermanentError, match=r"dbt-core has another page"):
        dbt_page.page({"metadata": {}}, {})
