"""Imported once by processes that fork a process for each task, so that tasks start fast."""

from __future__ import annotations

import contextlib
import importlib

MODULES = (
    "airflow.providers.databricks.operators.databricks_sql",
    "cosmos.airflow.task_group",
    "cosmos.operators.watcher",
    "f1mesh.airflow.factory",
    "f1mesh.airflow.transform",
)

for module in MODULES:
    importlib.import_module(module)

with contextlib.suppress(Exception):  # a bad file is told of where DAGs are parsed
    importlib.import_module("f1mesh.airflow.factory").read_plans()
