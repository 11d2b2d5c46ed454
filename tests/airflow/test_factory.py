"""The DAGs against the graph: what domain.yaml, syncs and contracts say, not what the DAGs say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f1mesh.airflow.layout import BUILD_TASK, COMPLETE_TASK, ENDED_TASK, POOLS, pool_of, task_id
from f1mesh.orchestration.graph import StepKind
from f1mesh.orchestration.plan import DomainPlan, domain_plan
from f1mesh.orchestration.policy import retries, timeout_s
from f1mesh.registry import load_mesh
from f1mesh.transformation.manifests import write_manifests

InAirflow = Callable[..., Any]
FOLDERS = ("domains", "platform/dbt", "dags")


@pytest.fixture(scope="module")
def plans(root: Path) -> list[DomainPlan]:
    mesh = load_mesh(root)
    return [domain_plan(mesh, name) for name in mesh.domains]


@pytest.fixture
def copied(root: Path, manifests: Path, tmp_path: Path) -> dict[str, str]:
    """Settings of a copy of the domains, which a test may change."""
    for folder in FOLDERS:
        shutil.copytree(root / folder, tmp_path / "copy" / folder)
    shutil.copytree(manifests, tmp_path / "manifests")
    return {"F1_ROOT": str(tmp_path / "copy"), "F1_MANIFESTS": str(tmp_path / "manifests")}


def test_every_step_is_a_task_that_waits_for_what_the_graph_says(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        tasks = dags["dags"][plan.name]["tasks"]
        own = {step.id: task_id(step) for step in plan.steps}
        assert own

        for step in plan.steps:
            found = tasks[own[step.id]]
            assert found["step"] == step.id
            assert found["upstream"] == sorted(own[need] for need in step.needs if need in own)


def test_there_are_no_tasks_beside_steps_dbt_nodes_and_the_runs_end(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        steps = {task_id(step) for step in plan.steps}
        others = set(dags["dags"][plan.name]["tasks"]) - steps - {ENDED_TASK, COMPLETE_TASK}

        assert others
        assert all(name.startswith("transform.") for name in others)


def test_a_check_looks_at_a_failed_build_by_itself_and_everything_else_needs_success(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        tasks = dags["dags"][plan.name]["tasks"]
        rules = {s: tasks[task_id(s)]["rule"] for s in plan.steps}

        assert {rules[s] for s in plan.steps if s.kind is StepKind.CHECK} == {"all_done"}
        assert {rules[s] for s in plan.steps if s.kind is not StepKind.CHECK} == {"all_success"}


def test_a_run_ends_when_all_is_over_and_is_green_only_if_all_is_published(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        tasks = dags["dags"][plan.name]["tasks"]
        published = [task_id(s) for s in plan.steps if s.kind is StepKind.PUBLISH]
        ended, complete = tasks[ENDED_TASK], tasks[COMPLETE_TASK]

        assert published
        assert (ended["rule"], ended["upstream"]) == ("all_done", sorted(published))
        assert complete["rule"] == "all_success"
        assert complete["upstream"] == sorted([BUILD_TASK, *published])


def test_every_dbt_node_and_every_test_is_watched(
    dags: dict[str, Any], plans: list[DomainPlan], manifests: Path
) -> None:
    for plan in plans:
        nodes = json.loads((manifests / plan.name / "manifest.json").read_text())["nodes"]
        tasks = dags["dags"][plan.name]["tasks"].values()
        watched = {node for task in tasks for node in task["watches"]}

        built = {
            key for key, n in nodes.items() if n["resource_type"] in ("model", "seed", "snapshot")
        }
        assert built <= watched
        assert all(task["from_trigger"] == bool(task["watches"]) for task in tasks)


def test_who_clears_the_build_with_what_is_downstream_clears_every_node(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        tasks = dags["dags"][plan.name]["tasks"]
        nodes = [name for name, task in tasks.items() if task["watches"]]

        assert nodes
        assert all(BUILD_TASK in ancestors(tasks, name) for name in nodes)
        assert all(ancestors(tasks, name) <= set(tasks) for name in nodes)


def ancestors(tasks: dict[str, Any], name: str) -> set[str]:
    """All that is upstream of a task."""
    own = set(tasks[name]["upstream"]) if name in tasks else set()
    return own.union(*(ancestors(tasks, upstream) for upstream in own))


def test_what_a_task_may_take_and_how_often_it_is_tried_follows_the_tier(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        wanted = retries(plan.tier)
        for step in plan.steps:
            task = dags["dags"][plan.name]["tasks"][task_id(step)]
            assert task["retries"] == wanted.count
            assert task["backoff"]
            assert task["longest_wait_s"] == wanted.longest_wait_s
            assert task["timeout_s"] == timeout_s(step.kind)
            assert task["pool"] == pool_of(step.kind)
            assert task["pool"] in POOLS
            assert task["owner"] == plan.owner.team
            assert task["alerts"]


def declared(product: str) -> list[str]:
    """Name, URI and group of a product's asset, by whomever it is named."""
    return [product, f"mesh://{product}", "data-product"]


def runs_of(domain: str) -> list[str]:
    """Name, URI and group of the asset of a domain's runs."""
    return [domain, f"mesh://{domain}/", "domain-runs"]


def test_publishing_has_the_products_asset_and_the_end_that_of_the_domains_runs(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        wanted = {
            task_id(step): [declared(f"{plan.name}/{step.subject}")]
            for step in plan.steps
            if step.kind is StepKind.PUBLISH
        }
        wanted[ENDED_TASK] = [runs_of(plan.name)]
        tasks = dags["dags"][plan.name]["tasks"]

        assert {name: t["outlets"] for name, t in tasks.items() if t["outlets"]} == wanted


def test_a_build_is_shown_beside_the_products_that_it_reads(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        tasks = dags["dags"][plan.name]["tasks"]

        assert {name: t["inlets"] for name, t in tasks.items() if t["inlets"]} == (
            {BUILD_TASK: [declared(ref) for ref in plan.reads]} if plan.reads else {}
        )
    assert any(plan.reads for plan in plans)


def test_sources_run_by_cron_and_consumers_when_a_run_of_a_producer_has_ended(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        found = dags["dags"][plan.name]
        assert found["starts_after"] == [runs_of(producer) for producer in plan.producers]
        expected = {
            (True, False): "CronTriggerTimetable",
            (False, True): "AssetTriggeredTimetable",
            (True, True): "AssetOrTimeSchedule",
        }[bool(plan.cron), bool(plan.producers)]
        assert found["schedule"] == expected
        assert found["max_active_runs"] == 1
        assert found["catchup"] is False


def test_people_find_owner_tier_contracts_and_what_a_run_may_be_asked(
    dags: dict[str, Any], plans: list[DomainPlan]
) -> None:
    for plan in plans:
        found = dags["dags"][plan.name]

        assert {f"tier-{plan.tier}", plan.name} <= set(found["tags"])
        assert found["owner_links"] == {plan.owner.team: f"mailto:{plan.owner.email}"}
        assert (plan.path / "README.md").read_text().strip() in found["doc"]
        assert all(f"{product.product}.odcs.yaml" in found["doc"] for product in plan.products)
        parts = [plan.partition.name] if plan.partition else []
        assert found["params"] == sorted(["full_refresh", *parts])
    assert any(plan.partition for plan in plans)


def test_parsing_is_quick_and_never_touches_dbt(dags: dict[str, Any]) -> None:
    assert dags["warm_s"] < 2.0
    assert dags["dbt"] == []


@pytest.mark.e2e
def test_a_change_of_one_domains_dbt_project_leaves_the_other_dags_byte_for_byte(
    in_airflow: InAirflow, root: Path, copied: dict[str, str]
) -> None:
    before = in_airflow("dump_dags.py", **copied)["dags"]
    copy = Path(copied["F1_ROOT"])
    mesh = load_mesh(copy)
    changed = next(iter(mesh.domains.values()))
    model = next(changed.dbt_project.glob("models/marts/*.sql"))
    model.write_text(model.read_text() + "\n-- a line\n")
    (changed.dbt_project / "models" / "marts" / "one_more.sql").write_text("select 1 as one\n")
    write_manifests(mesh, Path(copied["F1_MANIFESTS"]), copy)

    after = in_airflow("dump_dags.py", **copied)["dags"]

    differing = {name for name in mesh.domains if before[name] != after[name]}
    assert differing == {changed.name}


@pytest.mark.e2e
def test_a_new_folder_is_a_new_dag_and_nothing_else_changes(
    in_airflow: InAirflow, copied: dict[str, str], third_domain: Callable[[Path], str]
) -> None:
    before = in_airflow("dump_dags.py", **copied)["dags"]
    copy = Path(copied["F1_ROOT"])
    name = third_domain(copy)
    mesh = load_mesh(copy)
    write_manifests(mesh, Path(copied["F1_MANIFESTS"]), copy)

    after = in_airflow("dump_dags.py", **copied)["dags"]

    assert set(after) - set(before) == {name}
    assert after[name]["schedule"] == "AssetOrTimeSchedule"
    plan = domain_plan(mesh, name)
    assert set(after[name]["tasks"]) >= {task_id(step) for step in plan.steps}
    for domain in set(mesh.domains) - {name} - set(plan.producers):
        assert after[domain]["serialized"] == before[domain]["serialized"]


def test_a_domain_that_cannot_be_rendered_says_why_and_leaves_the_others(
    in_airflow: InAirflow, copied: dict[str, str], dags: dict[str, Any]
) -> None:
    mesh = load_mesh(Path(copied["F1_ROOT"]))
    broken, *others = mesh.domains
    (Path(copied["F1_MANIFESTS"]) / broken / "manifest.json").unlink()

    found = in_airflow("dump_dags.py", **copied)["dags"]

    tasks = found[broken]["tasks"]
    assert set(tasks) == {"cannot_be_rendered", ENDED_TASK, COMPLETE_TASK}
    assert tasks[ENDED_TASK]["outlets"] == [runs_of(broken)]  # what reads it runs on
    assert tasks["cannot_be_rendered"]["alerts"]
    assert found[broken]["schedule"] == dags["dags"][broken]["schedule"]
    assert "manifest" in found[broken]["doc"]
    assert others
    assert all(BUILD_TASK in found[name]["tasks"] for name in others)


def test_a_worker_gets_the_dag_of_its_task_without_dbts_nodes(
    in_airflow: InAirflow, plans: list[DomainPlan]
) -> None:
    plan = plans[0]
    step = plan.steps[-1]

    found = in_airflow(
        "dump_dags.py",
        _AIRFLOW_PARSING_CONTEXT_DAG_ID=plan.name,
        _AIRFLOW_PARSING_CONTEXT_TASK_ID=task_id(step),
    )["dags"]

    assert set(found) == {plan.name}
    assert task_id(step) in found[plan.name]["tasks"]
    assert BUILD_TASK not in found[plan.name]["tasks"]
