"""`f1mesh.<macro>` for sqlfluff: the dbt package's own macros, given as much of dbt as they use.

sqlfluff finds this module by `library_path` (.sqlfluff), so that no macro has a stub beside it.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import jinja2

_MACROS = Path(__file__).parents[1] / "dbt" / "macros"


def __getattr__(name: str) -> Any:
    return getattr(_package(), name)


@functools.cache
def _package() -> Any:
    """All macros of the package as one Jinja module."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals |= {
        "f1mesh": sys.modules[__name__],
        "is_incremental": lambda: True,
        "return": lambda value: value,
        "this": "this_model",
        "var": lambda name, default="1": default,
    }
    text = "\n".join(file.read_text() for file in sorted(_MACROS.glob("*.sql")))
    return environment.from_string(text).module
