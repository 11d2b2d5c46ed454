"""The dbt project of a domain as a group of tasks, rendered by Cosmos from a prebuilt manifest.

One task, `dbt build`, does the domain's transform step; one task per model and one for its tests
tell how theirs went (Cosmos' WATCHER mode). Two things are done differently from Cosmos:

* The build is the step of the graph: the same code, state and exit codes as everywhere, in a
  process that has dbt loaded already. And it can be retried: Cosmos skips the second try of its
  build and lets every model build itself, which would leave tests of no single model untested and
  the run green. Here a second try is a whole build again, with all tests.
* A failed node is told to its task only once it is known that the build is not tried again. What a
  lost warehouse did to a try is not the verdict on a model.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import DAG, BaseOperator, TaskGroup
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from cosmos.airflow.task_group import DbtTaskGroup
from cosmos.config import ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    ExecutionMode,
    InvocationMode,
    LoadMode,
    TestBehavior,
)
from cosmos.operators._watcher import safe_xcom_push
from cosmos.operators.watcher import DbtProducerWatcherOperator

from f1mesh.airflow.layout import BUILD_TASK, TRANSFORM, display_name, pool_of
from f1mesh.airflow.operators import Context, outcome, step_arguments
from f1mesh.airflow.settings import Settings
from f1mesh.errors import PermanentError
from f1mesh.orchestration.client import run_step
from f1mesh.orchestration.graph import Step, StepKind
from f1mesh.orchestration.plan import DomainPlan

_PROFILE = "f1mesh"
_FAILED = frozenset({"error", "fail", "runtime error", "skipped", "partial success"})
_HEARD = frozenset({"NodeFinished", "MainReportVersion", "AdapterRegistered"})
WATCH_S = 3


def transform_group(dag: DAG, plan: DomainPlan, step: Step, settings: Settings) -> TaskGroup:
    """The group of tasks; raises PermanentError where the manifest is missing."""
    manifest = settings.manifest(plan.name)
    if not manifest.is_file():
        raise PermanentError(
            f"{manifest} is missing: `./f1 airflow manifests` makes it (parsing never runs dbt)."
        )
    group = DbtTaskGroup(
        group_id=TRANSFORM,
        dag=dag,
        project_config=ProjectConfig(
            dbt_project_path=plan.path / "dbt",
            manifest_path=manifest,
            project_name=plan.name,
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name=_PROFILE,
            target_name=settings.target,
            profiles_yml_filepath=settings.workspace.root / "platform" / "dbt" / "profiles.yml",
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=str(settings.python.parent / "dbt"),
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            test_behavior=TestBehavior.AFTER_EACH,
            emit_datasets=False,
        ),
        operator_args={
            "install_deps": False,
            "append_env": True,
            "env": {"F1_DBT_STATE": str(settings.dbt_state(plan.name))},
            "poke_interval": WATCH_S,
            "retries": 0,
        },
    )
    build = dag.task_dict[BUILD_TASK]
    _make_step(build, step, dag)
    return group


class BuildOperator(DbtProducerWatcherOperator):  # type: ignore[misc]
    """Does a domain's transform step and tells the tasks of its models how theirs went."""

    ui_color = "#fbe9d9"
    step: str

    def execute(self, context: Context, **_: Any) -> Any:
        self._dataset_namespace = None
        self._model_outlet_uris.clear()
        self._upstream_failure_skipped_ids.clear()
        self.test_results_per_model.clear()
        hear = self._make_parse_callable()
        told = {"context": context, "project_dir": str(self.project_dir)}
        bad_news: list[str] = []

        def on_line(line: str) -> None:
            event = _event(line)
            if event is None:
                self.log.info(line)
            elif _speaks_of_failure(event):
                bad_news.append(line)
                self.log.info(event["info"].get("msg", ""))
            elif event["info"].get("name") in _HEARD:
                hear(line, told)
            elif event["info"].get("level") != "debug":
                self.log.info(event["info"].get("msg", ""))

        arguments = step_arguments(self.step, context, {})
        ended = run_step(
            Settings.read().site(), [*arguments, "--dbt-log", "json", "--json"], on_line
        )
        try:
            said = outcome(self.step, ended)
        except AirflowFailException:
            self._tell(bad_news, hear, told)
            raise
        except AirflowException:
            if context["ti"].try_number > context["ti"].max_tries:
                self._tell(bad_news, hear, told)
            raise
        safe_xcom_push(task_instance=context["ti"], key="task_status", value="completed")
        said.pop("nodes", None)  # each has a task of its own
        return said

    def _tell(self, bad_news: list[str], hear: Any, told: dict[str, Any]) -> None:
        for line in bad_news:
            hear(line, told)
        safe_xcom_push(task_instance=told["context"]["ti"], key="task_status", value="completed")


def _make_step(task: BaseOperator, step: Step, dag: DAG) -> None:
    """Turn Cosmos' build task into the transform step."""
    task.__class__ = BuildOperator
    task.step = step.id
    task.retries = dag.default_args["retries"]
    task.pool = pool_of(StepKind.TRANSFORM)
    task._task_display_name = display_name(step)
    task.on_retry_callback = []
    task.on_failure_callback = dag.default_args["on_failure_callback"]


def _event(line: str) -> dict[str, Any] | None:
    """dbt's event of a line; None for a line that is none."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("info"), dict) else None


def _speaks_of_failure(event: dict[str, Any]) -> bool:
    node = (event.get("data") or {}).get("node_info") or {}
    return bool(node) and str(node.get("node_status", "")).lower() in _FAILED
