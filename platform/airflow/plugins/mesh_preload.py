"""Imports once, in each long-lived process of Airflow, what every task of the mesh would import.

A task is a fork of its worker (`EXECUTE_TASKS_NEW_PYTHON_INTERPRETER=False`): what the worker has
imported costs the task nothing.
"""

from __future__ import annotations

import contextlib

from airflow.plugins_manager import AirflowPlugin

with contextlib.suppress(ImportError):  # a component without the mesh's library works too
    import f1mesh.airflow.preload  # noqa: F401


class MeshPreload(AirflowPlugin):
    """Adds nothing to Airflow: being loaded is what it is for."""

    name = "mesh_preload"
