"""Engine sessions that the engine ended for idleness are replaced, unseen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, time
from f1mesh.warehouse.engine import Engine
engine = Engine.start()
with engine.lease() as first, engine.lease() as second:
    ended = {first.session.session_id, second.session.session_id}
    assert first.query("select 1 as a").to_pylist() == [{"a": 1}]
    assert second.query("select 1 as a").to_pylist() == [{"a": 1}]
time.sleep(6)
with engine.lease() as first, engine.lease() as second:
    for lease in (first, second):
        assert lease.query("select 2 as a").to_pylist() == [{"a": 2}]
        assert lease.session.session_id not in ended
print("replaced", flush=True)
os._exit(0)  # the engine's threads do not end by themselves
"""


@pytest.mark.e2e
def test_idle_sessions_are_replaced_unseen(tmp_path: Path) -> None:
    program = tmp_path / "idle.py"
    program.write_text(PROGRAM)
    short = {**os.environ, "SAIL_SPARK__SESSION_TIMEOUT_SECS": "2"}

    done = subprocess.run(
        [sys.executable, "-P", program],
        env=short,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout.strip() == "replaced", done.stderr[-2000:]
