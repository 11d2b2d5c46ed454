"""Where dbt runs: in processes forked from one that has it loaded, which takes seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from f1mesh import telling
from f1mesh.errors import PermanentError, TransientError
from f1mesh.workers import Call, Site, call
from f1mesh.workspace import Workspace

_LOADED = ("dbt.cli.main", "dbt.adapters.databricks", "f1mesh.transformation.worker")


def dbt_site(workspace: Workspace) -> Site:
    """Where the projects of a dataset are built."""
    code = Path(__file__).resolve().parents[2]
    return Site(Path(sys.executable), code, workspace.run_dir, "dbt", _LOADED)


def ask(
    site: Site, what: str, arguments: Mapping[str, Any], progress: Callable[[str], None]
) -> dict[str, Any]:
    """What a function of `worker.py` tells; `progress` hears each line that it says meanwhile.

    Raises PermanentError or TransientError in its words, and TransientError where it told nothing.
    """
    given = {**arguments, "debug": telling.debugging()}
    ended = call(site, Call(f"f1mesh.transformation.worker:{what}", given), progress)
    said = ended.document()
    if ended.code == 0 and said:
        return said
    error = PermanentError if ended.code == PermanentError.exit_code else TransientError
    told = error(str(said.get("error") or f"dbt ended without a word (exit code {ended.code})."))
    if trace := said.get("trace"):
        told.add_note(str(trace))
    raise told
