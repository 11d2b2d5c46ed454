"""Many clients at once: one writer per table at a time, and no writer waits for a reader."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.warehouse.client import Client
from tests.warehouse.conftest import Connect


def _all_at_once(another: Connect, count: int, work: Callable[[Client, int], None]) -> None:
    clients = [another() for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, client, i) for i, client in enumerate(clients)]:
            done.result()


def test_four_writers_of_one_table_lose_nothing(sql: Client, another: Connect) -> None:
    sql.run("create table t (writer int, n int)")

    def write(client: Client, writer: int) -> None:
        for n in range(10):
            client.run(f"insert into t values ({writer}, {n})")

    _all_at_once(another, 4, write)

    assert sql.value("select count(*) from t") == 40
    assert sql.value("select count(*) from (select distinct writer, n from t)") == 40


def test_every_kind_of_write_at_once(sql: Client, another: Connect) -> None:
    sql.run("create table t (k int, n int)", "insert into t select id, 0 from range(4)")

    def write(client: Client, k: int) -> None:
        for _ in range(3):
            client.run(
                f"update t set n = n + 1 where k = {k}",
                f"merge into t using (select {k} as k) s on t.k = s.k "
                "when matched then update set n = t.n + 1",
                f"insert into t values ({k + 100}, 0)",
                f"delete from t where k = {k + 100}",
                f"insert into t as d replace on (d.k = s.k) (select k, n + 1 as n from t "
                f"where k = {k}) as s",
            )

    _all_at_once(another, 4, write)

    assert sql.values("select k, n from t order by k") == [(k, 9) for k in range(4)]


def test_one_table_is_created_once(sql: Client, another: Connect) -> None:
    made: list[int] = []
    refused: list[str] = []

    def create(client: Client, i: int) -> None:
        try:
            client.run(f"create table t as select {i} as a")
            made.append(i)
        except Exception as error:
            refused.append(str(error))

    _all_at_once(another, 6, create)

    assert len(made) == 1
    assert all("TABLE_OR_VIEW_ALREADY_EXISTS" in e for e in refused)
    assert sql.values("select a from t") == made


def test_replacing_and_reading_at_once(sql: Client, another: Connect) -> None:
    """A reader sees all of one version, whichever."""
    sql.run("create table t as select id, 0 as n from range(1000)")
    stop = threading.Event()
    seen: set[tuple[int, int, int]] = set()

    def work(client: Client, i: int) -> None:
        if i == 0:
            for n in range(1, 8):
                client.run(f"create or replace table t as select id, {n} as n from range(1000)")
            stop.set()
        while not stop.is_set():
            seen.update(client.values("select count(*), min(n), max(n) from t"))

    _all_at_once(another, 3, work)

    assert seen
    assert all(count == 1000 and low == high for count, low, high in seen)


def test_a_long_reader_does_not_hold_a_writer_up(sql: Client, another: Connect) -> None:
    sql.run("create table t as select 1 as a")
    slow = another()
    reading = threading.Thread(
        target=slow.rows,
        args=("select count(*) from range(50000) a join range(50000) b on a.id < -b.id, t",),
    )
    reading.start()
    time.sleep(0.2)

    began = time.monotonic()
    sql.run("insert into t values (2)")
    took = time.monotonic() - began

    assert reading.is_alive()
    assert took < 3
    reading.join()


def test_ingestion_and_statements_write_the_same_table(sql: Client, another: Connect) -> None:
    """delta-rs commits from outside while statements append: both win in turn."""
    import pyarrow as pa
    from deltalake import write_deltalake

    sql.run("create table t (a int)")
    location = sql.rows("describe detail t")[0]["location"]

    def write(client: Client, i: int) -> None:
        for _ in range(5):
            if i == 0:
                write_deltalake(location, pa.table({"a": pa.array([1], pa.int32())}), mode="append")
            else:
                client.run("insert into t values (2)")

    _all_at_once(another, 3, write)

    assert sql.values("select a, count(*) from t group by a order by a") == [(1, 5), (2, 10)]


def test_two_tables_can_be_written_in_opposite_order(sql: Client, another: Connect) -> None:
    sql.run("create table a as select 1 as x", "create table b as select 1 as x")

    def write(client: Client, i: int) -> None:
        one, two = ("a", "b") if i % 2 else ("b", "a")
        for _ in range(3):
            client.run(f"insert into {one} select x from {two}@v0")

    _all_at_once(another, 4, write)

    assert sql.values("select (select count(*) from a), (select count(*) from b)") == [(7, 7)]
