"""Imported once by processes that fork a process for each task, so that tasks start fast."""

from __future__ import annotations

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
