"""An engine session that the engine ended for idleness is replaced, unseen."""

from __future__ import annotations

import time

import pytest

from f1mesh.warehouse.engine import Engine


@pytest.mark.e2e
def test_idle_sessions_are_replaced_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAIL_SPARK__SESSION_TIMEOUT_SECS", "1")
    engine = Engine.start()
    with engine.lease() as first, engine.lease() as second:
        sessions = {first.session.session_id, second.session.session_id}
        assert first.query("select 1 as a").to_pylist() == [{"a": 1}]
        assert second.query("select 1 as a").to_pylist() == [{"a": 1}]

    time.sleep(4)

    replaced = set()
    for _ in sessions:
        with engine.lease() as lease:
            assert lease.query("select 2 as a").to_pylist() == [{"a": 2}]
            replaced.add(lease.session.session_id)
    assert not replaced & sessions
    engine.stop()
