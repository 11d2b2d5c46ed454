"""A bad value, a broken model or test under a real scheduler: red, not tried again; what stands on
it is held back and nothing else, and who reads the domain goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from f1mesh.airflow_local.installation import Installation
from f1mesh.registry import load_mesh
from tests.airflow.flights import LIMIT_S
from tests.support.histories import small_history
from tests.support.mesh import Mesh

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("airflow_python")]
BUILD = "transform.build"
MODEL = "models/marts/countries_driver_count.sql"
WRONG_MODEL = "\nwhere no_such_column > 0\n"
WRONG_TEST = "select 1 as wrong\n"
ALL = {"dim_driver", "dim_constructor", "countries_driver_count"}


@dataclass(frozen=True)
class Fault:
    """Something that breaks the domain `drivers`, and what stands on it."""

    do: Callable[[Mesh], None]
    held: set[str]
    culprit: str | None = None


def bad_value(mesh: Mesh) -> None:
    """A date of birth that the loader would refuse; another row is right and changed."""
    with mesh.source() as source:
        source.execute("alter table drivers drop constraint drivers_dob_check")
        source.execute(
            "update drivers set dob = '0001-01-01' "
            'where "driverId" = (select min("driverId") from drivers)'
        )
        source.execute(
            "update constructors set nationality = 'Sammarinese' "
            'where "constructorId" = (select min("constructorId") from constructors)'
        )


def broken_model(mesh: Mesh) -> None:
    model = project(mesh) / MODEL
    model.write_text(model.read_text() + WRONG_MODEL)


def broken_test(mesh: Mesh) -> None:
    """A test of no model: one that only the build itself can report, and that may be about all."""
    test = project(mesh) / "tests" / "never_right.sql"
    test.parent.mkdir(exist_ok=True)
    test.write_text(WRONG_TEST)


FAULTS = {
    "value": Fault(bad_value, {"dim_driver", "countries_driver_count"}),
    "model": Fault(
        broken_model, {"countries_driver_count"}, "transform.countries_driver_count.run"
    ),
    "test": Fault(broken_test, ALL),
}


@pytest.mark.parametrize("name", list(FAULTS))
@pytest.mark.timeout(2 * LIMIT_S)
def test_it_is_red_at_once_and_holds_back_what_stands_on_it_and_nothing_else(
    own_mesh: Mesh, tmp_path: Path, name: str
) -> None:
    fault = FAULTS[name]
    history = str(small_history(tmp_path / "history"))
    own_mesh.run("run", "--history", history)
    before = versions(own_mesh)
    fault.do(own_mesh)

    document = own_mesh.json("up", "--once", "--history", history, code=1)

    runs = {domain["domain"]: domain for domain in document["domains"]}
    tasks = runs["drivers"]["tasks"]
    after = versions(own_mesh)
    assert runs["drivers"]["state"] == "failed"
    assert runs["drivers"]["attempts"] == {}  # of tasks that were tried again
    assert tasks[BUILD] == "failed"
    assert fault.culprit is None or tasks[fault.culprit] == "failed"
    assert tasks["complete"] == "upstream_failed"
    for step in ("check", "publish"):
        states = {product: tasks[f"products.{product}.{step}"] for product in ALL}
        assert states == {p: "skipped" if p in fault.held else "success" for p in ALL}
    assert {p for p in ALL if after[f"drivers/{p}"] == before[f"drivers/{p}"]} >= fault.held
    assert told_people(own_mesh, fault.held)

    assert runs["race_history"]["state"] == "success"
    assert set(runs["race_history"]["tasks"].values()) == {"success"}
    if name == "value":
        assert after["drivers/dim_constructor"] > before["drivers/dim_constructor"]
        assert read(own_mesh, "drivers.dim_constructor", "nationality = 'Sammarinese'") == 1
        assert read(own_mesh, "drivers.dim_driver", "date_of_birth < date'1850-01-01'") == 0


def project(mesh: Mesh) -> Path:
    return load_mesh(mesh.root).domain("drivers").dbt_project


def versions(mesh: Mesh) -> dict[str, int]:
    found = {row["product"]: row["version"] for row in mesh.json("products")}
    assert {f"drivers/{product}" for product in ALL} <= set(found)
    return found


def told_people(mesh: Mesh, held: set[str]) -> bool:
    """Whether the alert, which is in the log of the build, names what is held back."""
    installation = Installation.find(mesh.workspace)
    assert installation
    logs = (installation.folder / "logs").glob(f"dag_id=drivers/*/task_id={BUILD}/*.log")
    text = "\n".join(log.read_text() for log in logs)
    [line] = {part for part in text.split("\\n") if part.startswith("held back: ")}
    if held == ALL:
        return line == "held back: all of the domain"
    return set(line.removeprefix("held back: ").split(", ")) == {f"drivers/{p}" for p in held}


def read(mesh: Mesh, table: str, condition: str) -> int:
    [[row]] = mesh.ask(f"select count(*) as n from {table} where {condition}")
    return int(row["n"])
