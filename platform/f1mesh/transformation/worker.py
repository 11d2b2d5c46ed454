"""What is done in a process of dbt's own: a call of `site.py` arrives here.

The result is a line of JSON on stdout; progress, and whatever libraries print, goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from f1mesh import telling
from f1mesh.causes import exit_code
from f1mesh.transformation.project import DbtProject


def parse(project: Mapping[str, Any], debug: bool) -> int:
    """Parse a project into its state folder; the exit code."""

    def act() -> dict[str, Any]:
        DbtProject.of_document(project).parse(progress=_say)
        return {"ok": True}

    return _told(act, debug)


def invoke(
    project: Mapping[str, Any], arguments: Sequence[str], variables: Mapping[str, Any], debug: bool
) -> int:
    """Run one command of dbt; the exit code, which is 0 also where nodes failed: the report that is
    told has them."""

    def act() -> dict[str, Any]:
        own = DbtProject.of_document(project)
        return own.invoke(arguments, _say, variables).document()

    return _told(act, debug)


def _told(act: Callable[[], dict[str, Any]], debug: bool) -> int:
    code, out = 0, sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        try:
            said = act()
        except Exception as error:
            code = exit_code(error)
            said = {"error": telling.told(error), "trace": telling.trace(error) if debug else ""}
    out.write(json.dumps(said, default=str) + "\n")
    out.flush()
    return code


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
