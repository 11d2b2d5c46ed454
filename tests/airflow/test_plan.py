"""Plans against the files that they are made of."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from f1mesh.errors import PermanentError
from f1mesh.orchestration.graph import StepKind, mesh_graph
from f1mesh.orchestration.plan import domain_plan, plan_document
from f1mesh.registry import Mesh, load_mesh

SEASON = {"name": "season", "type": "integer", "first": 1950}


@pytest.fixture
def mesh(root: Path) -> Mesh:
    return load_mesh(root)


def test_a_plan_says_what_the_files_of_the_domain_say(root: Path, mesh: Mesh) -> None:
    for name in mesh.domains:
        plan = domain_plan(mesh, name)
        written = yaml.safe_load((root / "domains" / name / "domain.yaml").read_text())
        syncs = {f.stem for f in (root / "domains" / name / "ingestion").glob("*.yaml")}

        assert plan.cron == written.get("schedule")
        assert plan.tier == written["tier"]
        assert plan.owner.email == written["owner"]["email"]
        assert list(plan.reads) == sorted(written.get("reads", []))
        assert [p.product for p in plan.products] == written["products"]
        assert {s.subject for s in plan.steps if s.kind is StepKind.SYNC} == syncs - {"manifest"}


def test_every_domain_of_the_mesh_is_started_by_one_thing(mesh: Mesh) -> None:
    for name in mesh.domains:
        plan = domain_plan(mesh, name)

        assert bool(plan.cron) != bool(plan.producers)
        assert plan.pace


def test_a_product_knows_its_contract_and_who_reads_it(root: Path, mesh: Mesh) -> None:
    for name in mesh.domains:
        for product in domain_plan(mesh, name).products:
            contract = yaml.safe_load(product.contract_path.read_text())
            readers = [
                d.name for d in mesh.domains.values() if f"{name}/{product.product}" in d.reads
            ]

            assert product.contract_version == str(contract["version"])
            assert list(product.consumers) == readers


def test_the_plans_steps_are_the_graph_that_a_run_walks(mesh: Mesh) -> None:
    walked = {step.id: step.needs for step in mesh_graph(mesh)}
    planned = {s.id: s.needs for name in mesh.domains for s in domain_plan(mesh, name).steps}

    assert planned == walked


def test_each_producer_is_waited_for_once_whatever_is_read_of_it(
    mesh: Mesh, tmp_path: Path
) -> None:
    for name, reads in (("a", []), ("b", []), ("c", ["a/x", "b/z", "a/y"])):
        _domain(tmp_path, name, reads)

    plan = domain_plan(load_mesh(tmp_path), "c")

    assert plan.reads == ("a/x", "a/y", "b/z")
    assert plan.producers == ("a", "b")


def test_a_plan_is_plain_data(mesh: Mesh) -> None:
    for name in mesh.domains:
        document = plan_document(domain_plan(mesh, name))

        assert json.loads(json.dumps(document)) == document


def test_a_backfill_is_read_from_its_file(tmp_path: Path) -> None:
    _domain(tmp_path, "a", [], partition=SEASON)
    _backfill(tmp_path, "turbo_era", partitions={"first": 1980, "last": 1982})

    plan = domain_plan(load_mesh(tmp_path), "a")

    assert [b.name for b in plan.backfills] == ["turbo_era"]
    assert plan.backfills[0].parts == ("1980", "1981", "1982")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"partitions": {"first": 1990, "last": 1980}}, "first is after last"),
        ({"partitions": {"first": 1900, "last": 1980}}, r"out of bounds \(1950 to \.\.\.\)"),
        ({"partitions": {"first": "x", "last": 1980}}, "must be a whole number"),
        ({"partitions": {"first": 1980}}, "partitions.last"),
        ({"reason": "why"}, "reason"),
        ({"owner": "somebody"}, "owner"),
        ({"surprise": 1}, "surprise"),
        ({"name": "other"}, "name it after its file"),
    ],
)
def test_a_bad_backfill_is_refused_with_its_file_and_key(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    _domain(tmp_path, "a", [], partition=SEASON)
    _backfill(tmp_path, "turbo_era", "a", **change)

    with pytest.raises(PermanentError, match=named) as raised:
        domain_plan(load_mesh(tmp_path), "a")

    assert "turbo_era.yaml" in str(raised.value)


def test_a_backfill_of_a_domain_without_a_partition_is_refused(tmp_path: Path) -> None:
    _domain(tmp_path, "a", [])
    _backfill(tmp_path, "turbo_era")

    with pytest.raises(PermanentError, match=r"turbo_era.*domain\.yaml declares no `partition`"):
        domain_plan(load_mesh(tmp_path), "a")


def test_a_domain_that_is_cut_by_day_or_hour_has_backfills_too(tmp_path: Path) -> None:
    _domain(tmp_path, "a", [], partition={"name": "day", "type": "date"})
    _domain(tmp_path, "b", [], partition={"name": "hour", "type": "hour"})
    _backfill(tmp_path, "x", partitions={"first": date(2024, 2, 28), "last": "2024-03-01"})
    _backfill(
        tmp_path, "x", domain="b", partitions={"first": "2024-02-28T23", "last": "2024-02-29T01"}
    )

    mesh = load_mesh(tmp_path)

    assert domain_plan(mesh, "a").backfills[0].parts == ("2024-02-28", "2024-02-29", "2024-03-01")
    assert domain_plan(mesh, "b").backfills[0].parts == (
        "2024-02-28T23",
        "2024-02-29T00",
        "2024-02-29T01",
    )


def test_an_unreadable_contract_names_its_file(tmp_path: Path) -> None:
    _domain(tmp_path, "a", [])
    (tmp_path / "domains" / "a" / "contracts" / "x.odcs.yaml").write_text("version: [")

    with pytest.raises(PermanentError, match=r"x\.odcs\.yaml"):
        domain_plan(load_mesh(tmp_path), "a")


CONTRACT = Path(__file__).parents[1] / "contracts" / "garage" / "dim_car.odcs.yaml"


def _domain(root: Path, name: str, reads: list[str], **more: object) -> None:
    products = ["x", "y"] if name == "a" else ["z"]
    folder = root / "domains" / name
    (folder / "contracts").mkdir(parents=True)
    content = {
        "name": name,
        "title": name,
        "description": name,
        "owner": {"team": name, "email": f"{name}@f1mesh.example"},
        "tier": 1,
        "reads": reads,
        "products": products,
        **more,
    }
    (folder / "domain.yaml").write_text(yaml.safe_dump(content))
    for product in products:
        contract = CONTRACT.read_text().replace("dim_car", product).replace("garage", name)
        (folder / "contracts" / f"{product}.odcs.yaml").write_text(contract)


def _backfill(root: Path, file_name: str, domain: str = "a", **change: object) -> None:
    content = {
        "name": file_name,
        "reason": "The classification was corrected.",
        "owner": "a@f1mesh.example",
        "partitions": {"first": 1980, "last": 1988},
        **change,
    }
    file = root / "domains" / domain / "backfills" / f"{file_name}.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(content))
