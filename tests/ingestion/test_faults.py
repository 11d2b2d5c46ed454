"""Crashes, late commits and syncs at the same time: nothing is lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import threading
import time
from typing import Any

import pytest

from f1mesh.errors import PermanentError, TransientError
from tests.ingestion.lab import Database, Lab

KEYS = {"name": "laps", "primary_key": ["lapId"], "cursor": "updated_at"}
APPEND: dict[str, Any] = {**KEYS, "sync_mode": "incremental", "destination_mode": "append"}
UPSERT: dict[str, Any] = {**APPEND, "destination_mode": "upsert"}
MODES = pytest.mark.parametrize("stream", [APPEND, UPSERT], ids=["append", "upsert"])


@pytest.fixture
def source(laps: Database, lab: Lab) -> Database:
    lab.source_url = laps.url
    return laps


def ids(lab: Lab) -> list[int]:
    return [row[0] for row in lab.rows("laps", "lapId")]


def killed_at(lab: Lab, stream: dict[str, Any], dies: str) -> int | None:
    """Run the stream in a process that kills itself when the line `dies` is told."""
    process, _ = lab.spawn(stream, dies)
    process.join(60)
    return process.exitcode


class Crash(Exception):
    pass


@MODES
@pytest.mark.parametrize("phase", ["reading", "landing", "landed"])
def test_a_crash_at_any_phase(
    stream: dict[str, Any], phase: str, source: Database, lab: Lab
) -> None:
    def crash(line: str) -> None:
        if line.startswith(f"laps {phase}"):
            raise Crash

    with pytest.raises(Crash):
        lab.run(stream, progress=crash)
    lab.run(stream)
    source.execute("insert into laps values (4, 'd', 4)")
    with pytest.raises(Crash):
        lab.run(stream, progress=crash)
    lab.run(stream)

    assert ids(lab) == [1, 2, 3, 4]


def test_a_stream_that_fails_does_not_stop_the_others(source: Database, lab: Lab) -> None:
    missing = {**UPSERT, "name": "missing"}

    with pytest.raises(PermanentError, match=r"no table public\.missing\. Its tables: laps"):
        lab.run_all(lab.sync(missing, UPSERT))

    assert ids(lab) == [1, 2, 3]


@MODES
def test_a_commit_that_comes_late_is_not_passed_by(
    stream: dict[str, Any], source: Database, lab: Lab
) -> None:
    lab.run(stream)
    with source.connect() as late:
        late.execute("insert into laps values (4, 'late', 4)")
        source.execute("insert into laps values (5, 'early', 5)")
        during = lab.run(stream)
        landed_during = ids(lab)
        late.commit()

    lab.run(stream)
    lab.run(stream)

    assert during.records_read == 2  # the last one of before and the early one
    assert landed_during == [1, 2, 3, 5]
    assert ids(lab) == [1, 2, 3, 4, 5]


def test_the_cursor_waits_for_the_writer_and_then_moves_on(source: Database, lab: Lab) -> None:
    with source.connect() as late:
        late.execute("insert into laps values (4, 'late', 4)")
        source.execute("insert into laps values (5, 'early', 5)")
        first = lab.run(UPSERT)
        late.commit()

    second = lab.run(UPSERT)
    third = lab.run(UPSERT)

    assert first.cursor_after < second.cursor_after
    assert (second.records_read, third.records_read) == (2, 1)


@MODES
@pytest.mark.parametrize("first", [True, False], ids=["initial", "increment"])
def test_two_syncs_at_once_do_not_double(
    stream: dict[str, Any], first: bool, source: Database, lab: Lab
) -> None:
    if not first:
        lab.run(stream)
    source.execute("insert into laps select g, 'x', 1 from generate_series(4, 200) g")
    both = threading.Barrier(2, timeout=30)
    failures: list[BaseException] = []

    def work() -> None:
        met = False

        def meet(line: str) -> None:
            # both have read the same before either of them lands it
            nonlocal met
            if line.startswith("laps landing") and not met:
                met = True
                both.wait()

        try:
            lab.run(stream, progress=meet)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert both.n_waiting == 0 and not both.broken
    assert ids(lab) == list(range(1, 201))


def test_a_source_that_is_not_there_is_transient(lab: Lab) -> None:
    lab.source_url = "postgresql://127.0.0.1:1/none"

    with pytest.raises(TransientError, match="Connection refused"):
        lab.run(UPSERT)


def test_a_connection_that_nobody_serves_is_named(lab: Lab) -> None:
    from f1mesh.sources.connections import source_url

    with pytest.raises(TransientError, match="set F1_SOURCE_ELSEWHERE to its URL"):
        source_url("elsewhere", lab.workspace)


@pytest.mark.long
@MODES
def test_kill_9_at_random_moments(stream: dict[str, Any], source: Database, lab: Lab) -> None:
    chance = random.Random(20)
    expected = 3
    for _ in range(25):
        source.execute(
            f"insert into laps select g, 'x', 1 from generate_series({expected + 1}, "
            f"{expected + 2000}) g"
        )
        expected += 2000
        process, reading = lab.spawn(stream)
        reading.wait(60)
        time.sleep(chance.uniform(0.0, 0.15))
        process.kill()
        process.join()

    lab.run(stream)

    assert ids(lab) == list(range(1, expected + 1))


@pytest.mark.e2e
@MODES
@pytest.mark.parametrize("dies", ["laps landing", "laps landed"])
def test_kill_9_before_and_after_the_commit(
    stream: dict[str, Any], dies: str, source: Database, lab: Lab
) -> None:
    first = killed_at(lab, stream, dies)
    lab.run(stream)
    source.execute("insert into laps values (4, 'd', 4)")
    second = killed_at(lab, stream, dies)
    lab.run(stream)

    assert (first, second) == (-signal.SIGKILL, -signal.SIGKILL)
    assert ids(lab) == [1, 2, 3, 4]
