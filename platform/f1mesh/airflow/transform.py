"""The dbt project of a domain as a group of tasks, rendered by Cosmos from a prebuilt manifest.

Cosmos reads the manifest and makes a task for each model and one for its tests, in dbt's order, as
in its WATCHER mode: one build does the work, these tasks show how each node went. The build itself
is the transform step of the graph, so that the same code, state and exit codes are used as
everywhere, and it differs from Cosmos' own in what a retry does. A second
try is a whole build again, with every test (see `cosmos_ties`).
"""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator, TaskGroup, TriggerRule
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.triggers.base import StartTriggerArgs
from cosmos.airflow.task_group import DbtTaskGroup
from cosmos.config import ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior

from f1mesh.airflow.assets import product_asset
from f1mesh.airflow.build_report import write_report
from f1mesh.airflow.cosmos_ties import node_tasks, take_out_build, watched_nodes
from f1mesh.airflow.layout import BUILD_TASK, TRANSFORM, display_name, pool_of
from f1mesh.airflow.lineage import lineage_of
from f1mesh.airflow.operators import Context, StepOperator, order_of
from f1mesh.airflow.partitions import partition_option
from f1mesh.airflow.settings import Settings
from f1mesh.airflow.watch import NodeWatch
from f1mesh.errors import PermanentError
from f1mesh.orchestration.graph import Step
from f1mesh.orchestration.order import run_step
from f1mesh.orchestration.plan import DomainPlan
from f1mesh.orchestration.policy import timeout_s

_PROFILE = "f1mesh"
_REPORT_EVERY_S = 2.0
_LEVELS = {"warn": logging.WARNING, "error": logging.ERROR}  # dbt's to Python's
_BAD = frozenset({"error", "fail", "runtime error", "skipped", "partial success"})


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
            exclude=["resource_type:exposure"],
            emit_datasets=False,
        ),
        operator_args={"install_deps": False, "retries": 0},
    )
    tests = take_out_build(dag, group)
    _add_build(dag, group, plan, step)
    for task in node_tasks(dag):
        _watch(task, watched_nodes(task, tests))
    return group


class BuildOperator(StepOperator):
    """Does a domain's transform step and reports how each node went while it runs.

    A failed node is reported only once it is known that the build is not tried again: what a lost
    warehouse did to a try is not the verdict on a model.
    """

    ui_color = "#fbe9d9"

    def execute(self, context: Context) -> Any:
        ti = context["ti"]
        good: dict[str, str] = {}
        bad: dict[str, str] = {}
        reported_at = 0.0

        def on_line(line: str) -> None:
            nonlocal reported_at
            event = _event(line)
            if event is None:
                self.hear(line)
                return
            info, node = event["info"], (event.get("data") or {}).get("node_info") or {}
            if info.get("name") != "NodeFinished":
                if info.get("level") != "debug":
                    self.log.log(_LEVELS.get(info.get("level"), logging.INFO), info.get("msg", ""))
                return
            status = str(node.get("node_status", "")).lower()
            (bad if status in _BAD else good)[str(node.get("unique_id"))] = status
            if time.monotonic() - reported_at > _REPORT_EVERY_S:
                write_report(ti, good, over=False)
                reported_at = time.monotonic()

        write_report(ti, {}, over=False)
        order = order_of(self.step, context, self.options, dbt_log="json")
        ended = run_step(Settings.read().site(), order, on_line)
        try:
            said = self.judge(context, ended)
        except AirflowFailException:
            write_report(ti, {**good, **bad}, over=True)
            raise
        except AirflowException:
            final = ti.try_number > ti.max_tries
            write_report(ti, {**good, **bad} if final else good, over=True)
            raise
        write_report(ti, {**said.pop("nodes", {}), **good}, over=True)
        return said


def _add_build(dag: DAG, group: TaskGroup, plan: DomainPlan, step: Step) -> None:
    """The transform step, before the nodes."""
    build = BuildOperator(
        step=step.id,
        options=partition_option(plan.partition),
        lineage=lineage_of(plan, step),
        inlets=[product_asset(ref) for ref in plan.reads],
        task_id=BUILD_TASK.rsplit(".", 1)[-1],
        task_display_name=display_name(step),
        task_group=group,
        dag=dag,
        pool=pool_of(step.kind),
        priority_weight=1000,
        execution_timeout=timedelta(seconds=timeout_s(step.kind)),
    )
    firsts = [task for task in node_tasks(dag) if not task.upstream_task_ids]
    build >> firsts  # cleared, it clears them all


def _watch(task: BaseOperator, nodes: list[str]) -> None:
    """Let the task of a node start with the run and end in the triggerer, when dbt comes to it.

    The edges between nodes are dbt's and only shown: were a task to start when the one before it
    has ended, each level of the project would cost a round of scheduler and triggerer, and a node
    would be shown long after it was built.
    """
    task.trigger_rule = TriggerRule.ALWAYS
    task.start_from_trigger = True
    task.start_trigger_args = StartTriggerArgs(
        trigger_cls=f"{NodeWatch.__module__}.{NodeWatch.__qualname__}",
        trigger_kwargs={"nodes": nodes, "build_task": BUILD_TASK},
        next_method="execute_complete",
    )
    task.on_failure_callback = []  # the build tells people, once


def _event(line: str) -> dict[str, Any] | None:
    """dbt's event of a line; None for a line that is none."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("info"), dict) else None
