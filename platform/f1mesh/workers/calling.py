"""Make one call in a process of its own, where no server can be had: it comes on stdin, as JSON,
`{"function": "<module>:<function>", "arguments": {...}}`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def make(function: str, arguments: dict[str, Any]) -> int:
    """Call a function of the library by its name; its exit code."""
    module, _, name = function.partition(":")
    code: int = getattr(import_module(module), name)(**arguments)
    return code


if __name__ == "__main__":
    sys.exit(make(**json.load(sys.stdin)))
