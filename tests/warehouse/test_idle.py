"""Engine sessions that the engine ended for idleness are replaced, unseen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, time, traceback
from f1mesh.warehouse.engine import Engine

def values(lease):
    return lease.query("select 2 as a").to_pylist()

def main():
    engine = Engine.start()
    with engine.lease() as first, engine.lease() as second:
        ended = {first.session.session_id, second.session.session_id}
        assert values(first) == values(second) == [{"a": 2}]
    time.sleep(20)
    with engine.lease() as first, engine.lease() as second:
        assert values(first) == values(second) == [{"a": 2}]
        assert not ended & {first.session.session_id, second.session.session_id}
    print("replaced", flush=True)

try:
    main()
except BaseException:
    traceback.print_exc()
os._exit(0)  # the engine's threads do not end by themselves
"""


@pytest.mark.e2e
def test_idle_sessions_are_replaced_unseen(tmp_path: Path) -> None:
    program = tmp_path / "idle.py"
    program.write_text(PROGRAM)
    short = {**os.environ, "SAIL_SPARK__SESSION_TIMEOUT_SECS": "8"}

    done = subprocess.run(
        [sys.executable, "-P", program],
        env=short,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout.strip() == "replaced", done.stderr[-2000:]
