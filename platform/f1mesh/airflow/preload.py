"""Imported once by processes that fork a process for each task, so that tasks start fast."""

from __future__ import annotations

import cosmos.airflow.task_group
import cosmos.operators.watcher

import f1mesh.airflow.domain_dag
import f1mesh.airflow.factory
import f1mesh.airflow.transform

__all__: list[str] = []
