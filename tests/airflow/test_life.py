"""A mesh that stays up: a run fails, is mended and cleared; the warehouse dies; logs tell it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from f1mesh.airflow_local import components
from f1mesh.airflow_local.follow import ENDED
from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest
from f1mesh.registry import load_mesh
from f1mesh.services import Service
from tests.airflow.flights import LIMIT_S, copy_checkout
from tests.support.histories import small_history
from tests.support.mesh import Mesh

pytestmark = [
    pytest.mark.long,
    pytest.mark.usefixtures("airflow_python"),
    pytest.mark.timeout(4 * LIMIT_S),
]
DOMAIN, CONSUMER, PRODUCT = "drivers", "race_history", "dim_driver"
BUILD, CHECK, PUBLISH = (
    "transform.build",
    f"products.{PRODUCT}.check",
    f"products.{PRODUCT}.publish",
)
WRONG = "select 'hamilton' as driver_ref, 44 as wrong_number\n"
RIGHT = "select 'hamilton' as driver_ref, 44 as wrong_number where false\n"
PROMISED_H = 1  # less than there is between two runs
ALLOWED_S = 5  # and no run is as short as that
ODD = "{{ config(severity='warn') }}\nselect 'senna' as driver_ref\n"


@dataclass(frozen=True)
class Run:
    """How a run stood when it had ended."""

    run_id: str
    state: str
    tasks: dict[str, str]
    logs: Path

    def log(self, task: str) -> list[dict[str, Any]]:
        """The events in the log of a task's last try."""
        folder = self.logs / f"dag_id={DOMAIN}" / f"run_id={self.run_id}" / f"task_id={task}"
        last = max(folder.glob("attempt=*.log"), key=lambda file: file.stat().st_mtime)
        return [json.loads(line) for line in last.read_text().splitlines()]

    def text(self, task: str) -> str:
        """What the log of a task says, without what is beside the words."""
        return "\n".join(str(event["event"]) for event in self.log(task))


@dataclass
class Life:
    """`f1 up` of a checkout of our own, and Airflow's REST API."""

    mesh: Mesh
    installation: Installation
    rest: Rest
    ends: int = 0  # of runs of the producer

    def run(self, dag: str = DOMAIN) -> Run:
        return self.ended(dag, self.rest.trigger(dag))

    def clear(self, run: Run, task: str) -> Run:
        """Clear a task with what is downstream of it, as people do in the UI."""
        order = {
            "dry_run": False,
            "dag_run_id": run.run_id,
            "task_ids": [task],
            "include_downstream": True,
            "only_failed": False,
        }
        self.rest.post(f"/api/v2/dags/{DOMAIN}/clearTaskInstances", order)
        return self.ended(DOMAIN, run.run_id)

    def ended(self, dag: str, run_id: str) -> Run:
        found = self.wait(lambda: self._ended_run(dag, run_id), f"{dag} {run_id} did not end")
        self.ends += dag == DOMAIN
        tasks = {task["task_id"]: task["state"] for task in self.rest.tasks(dag, run_id)}
        return Run(run_id, found["state"], tasks, self.installation.folder / "logs")

    def quiet(self) -> None:
        """Wait until no run is under way and the consumer has had one for each end of a run of its
        producer."""

        def done() -> bool:
            runs = [each for dag in (DOMAIN, CONSUMER) for each in self.rest.runs(dag)]
            own = self.rest.runs(CONSUMER)
            return len(own) >= self.ends and all(each["state"] in ENDED for each in runs)

        self.wait(done, "runs are still under way")

    def kill(self, *names: str) -> None:
        """kill -9 of services; returns once others run in their place."""
        workspace = self.mesh.workspace
        services = [Service(name, workspace.run_dir, workspace.logs) for name in names]
        before = {service.name: service.running() for service in services}
        for running in before.values():
            assert running
            os.kill(running.pid, signal.SIGKILL)

        def replaced() -> bool:
            now = {service.name: service.running() for service in services}
            return all(now[name] and now[name] != before[name] for name in names)

        self.wait(replaced, f"{names} were not started again")

    def restarts(self) -> list[str]:
        """What the keeper says that it started again."""
        keeper = components.service(self.mesh.workspace, components.KEEPER)
        events = [json.loads(line) for line in keeper.log_file.read_text().splitlines()]
        return [name for e in events if e["event"] == "started again" for name in e["parts"]]

    def wait(self, found: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            if value := found():
                return value
            time.sleep(1)
        raise AssertionError(what)

    def _ended_run(self, dag: str, run_id: str) -> dict[str, Any] | None:
        [run] = [each for each in self.rest.runs(dag) if each["dag_run_id"] == run_id]
        return run if run["state"] in ENDED else None


@pytest.fixture(scope="module")
def life(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    copy_checkout(root, folder / "copy")
    mesh = Mesh(folder / "copy", folder / "home")
    write_test(mesh, "never_right", WRONG)
    write_test(mesh, "odd", ODD)
    promise(mesh, PROMISED_H)
    history = str(small_history(folder / "history"))
    try:
        mesh.run("up", "--history", history, F1_SHORTEST_DEADLINE_S=str(ALLOWED_S))
        installation = Installation.find(mesh.workspace)
        assert installation
        yield Life(mesh, installation, Rest.of(installation))
    finally:
        mesh.run("down")


@pytest.fixture(scope="module")
def failed(life: Life) -> Run:
    return life.run()


@pytest.fixture(scope="module")
def mended(life: Life, failed: Run) -> Run:
    write_test(life.mesh, "never_right", RIGHT)
    return life.clear(failed, BUILD)


def promise(mesh: Mesh, hours: float) -> None:
    """Let the contract of a product promise to be fresh within so many hours."""
    file = load_mesh(mesh.root).domain(DOMAIN).contract_path(PRODUCT)
    text = file.read_text()
    assert "{property: freshness, value: 26, unit: h}" in text
    file.write_text(text.replace("freshness, value: 26", f"freshness, value: {hours:g}"))


def write_test(mesh: Mesh, name: str, text: str) -> None:
    """A data test of the domain's dbt project."""
    file = load_mesh(mesh.root).domain(DOMAIN).dbt_project / "tests" / f"{name}.sql"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def test_the_log_of_a_failed_data_test_names_rows_that_break_it(failed: Run) -> None:
    text = failed.text(BUILD)

    assert failed.state == "failed"
    assert failed.tasks[BUILD] == "failed"
    assert "test.drivers.never_right: fail: Got 1 result" in text
    assert "driver_ref = hamilton, wrong_number = 44" in text


def test_people_are_told_of_the_failure_and_of_what_is_held_back(failed: Run) -> None:
    [alert] = [e["event"] for e in failed.log(BUILD) if str(e["event"]).startswith("ALERT")]

    assert f"{DOMAIN}: {BUILD} failed" in alert
    assert "held back: all of the domain" in alert  # the test names no model
    assert f"consumers hit: {CONSUMER}" in alert
    assert f"run: {failed.run_id}" in alert


def test_people_are_told_once_of_a_run_that_misses_its_deadline(life: Life, failed: Run) -> None:
    """The contract promises less than a run takes (issue 22.5)."""
    folders = (life.mesh.workspace.logs, failed.logs)

    def told() -> list[str]:
        logs = {log for folder in folders for log in folder.rglob("*.log")}
        missed = f"[tier 1] {DOMAIN}: a run has not succeeded in time"
        return [log.read_text() for log in logs if missed in log.read_text()]

    text = "\n".join(life.wait(told, "no deadline was missed"))

    assert f"promised: fresh within {PROMISED_H} h; the run was to succeed within 0:00:05" in text
    assert f"run: {failed.run_id} (" in text


def test_a_task_of_a_failed_run_can_be_cleared_and_ends_green(failed: Run, mended: Run) -> None:
    assert failed.state == "failed"
    assert mended.run_id == failed.run_id
    assert mended.state == "success"
    assert set(mended.tasks.values()) == {"success"}


def test_a_reader_is_started_once_when_a_run_of_its_producer_has_ended_well_or_not(
    life: Life, failed: Run, mended: Run
) -> None:
    life.quiet()

    runs = life.rest.runs(CONSUMER)
    assert {run["run_type"] for run in runs} == {"asset_triggered"}
    assert len(runs) == life.ends
    started_by = [life.rest.starters(CONSUMER, run["dag_run_id"]) for run in runs]
    assert started_by[-2:] == [{(DOMAIN, failed.run_id)}] * 2


def test_a_data_test_that_warns_is_in_the_log(mended: Run) -> None:
    told = [event for event in mended.log(BUILD) if "warning: odd: Got 1 result" in event["event"]]

    assert [event["level"] for event in told] == ["warning"]


def test_the_log_of_a_green_check_tells_rule_by_rule_and_what_consumers_see(mended: Run) -> None:
    check, publish = mended.text(CHECK), mended.text(PUBLISH)

    assert f"{DOMAIN}/{PRODUCT} version " in check
    assert check.count("  holds   ") > 10
    assert "  broken" not in check
    assert "passed: " in check
    assert f"{DOMAIN}/{PRODUCT}: the published view moved to version " in publish
    assert "(nothing was published before)" in publish


def test_no_log_of_a_task_complains_of_a_setting(mended: Run) -> None:
    for task in (BUILD, CHECK, PUBLISH):
        events = mended.log(task)
        assert events
        assert not [event for event in events if "legacy config" in event["event"]]
        assert not [event for event in events if event["level"] in ("error", "critical")]


def test_the_triggerer_asks_for_no_report_that_is_not_there(life: Life, mended: Run) -> None:
    life.quiet()

    text = (life.mesh.workspace.logs / "airflow_triggerer.log").read_text()
    assert "triggers currently running" in text
    assert "XCom not found" not in text


def test_the_asset_of_a_product_that_is_read_is_in_the_group_of_products(
    life: Life, mended: Run
) -> None:
    found = life.rest.get("/api/v2/assets", limit=200)["assets"]
    read = {str(ref) for ref in load_mesh(life.mesh.root).domain(CONSUMER).inputs}

    groups = {asset["name"]: asset["group"] for asset in found}
    assert read
    assert {groups[name] for name in read} == {"data-product"}


@pytest.mark.parametrize(
    "victims",
    [("warehouse",), ("ergast_postgres", "drivers_api", "airflow_triggerer", "airflow_api")],
    ids=["warehouse", "the rest"],
)
def test_what_dies_outside_of_a_run_is_started_again_and_the_next_run_is_green(
    life: Life, mended: Run, victims: tuple[str, ...]
) -> None:
    life.quiet()

    life.kill(*victims)
    again = life.run()

    assert again.state == "success"
    assert set(again.tasks.values()) == {"success"}
    assert "stays at version" in again.text(PUBLISH)
    assert set(life.restarts()) >= {name.removeprefix("airflow_") for name in victims}
