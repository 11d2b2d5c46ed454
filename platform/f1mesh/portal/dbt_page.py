"""The page that dbt-core 1.11 ships for its documentation, filled with a manifest of our own.

dbt fills it with the manifest of one project only (`dbt docs generate --static`), so its two places
are filled here, as dbt/task/docs/generate.py does. This may go when dbt documents several projects
on one page; tests/portal/test_docs.py reads the filled places back, and says when they are others.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from f1mesh.errors import PermanentError

_MANIFEST = '"MANIFEST.JSON INLINE DATA"'
_CATALOG = '"CATALOG.JSON INLINE DATA"'


def page(manifest: dict[str, Any], catalog: dict[str, Any]) -> str:
    """The whole page, which needs no server and no network. Raises PermanentError where the
    installed dbt has another page."""
    text = files("dbt.task.docs").joinpath("index.html").read_text(encoding="utf-8")
    if text.count(_MANIFEST) != 1 or text.count(_CATALOG) != 1:
        raise PermanentError(
            "The installed dbt-core has another page for its documentation. Install the version of "
            "uv.lock: run any `./f1` command of the checkout."
        )
    untracked = {**manifest["metadata"], "send_anonymous_usage_stats": False}
    filled = text.replace(_CATALOG, _literal(catalog))
    return filled.replace(_MANIFEST, _literal({**manifest, "metadata": untracked}))


def _literal(value: Any) -> str:
    """JSON that can stand in a script: no text of it ends the script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
