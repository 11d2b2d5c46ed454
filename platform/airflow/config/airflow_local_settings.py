"""Read by every Airflow process when it starts, before the scheduler forks its workers.

What is imported here is not imported again by each task: a task is a fork of a worker.
"""

from __future__ import annotations

import contextlib

with contextlib.suppress(ImportError):  # a component without the mesh's library still starts
    import f1mesh.airflow.preload  # noqa: F401
