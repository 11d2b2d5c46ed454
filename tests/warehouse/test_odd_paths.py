"""A state folder may be called what the file system allows: nothing is written beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from f1mesh.client import query
from f1mesh.errors import PermanentError
from f1mesh.plain_path import plain_path, refuse_unusable
from tests.support.embedded import embedded

ODD = "F1 mësh (100%) #1 ?*[a-b]{x}'\"`&;$HOME,=~日本:@!|<>^"


def test_tables_are_made_changed_and_read_in_a_folder_of_any_name(tmp_path: Path) -> None:
    home = tmp_path / "state" / ODD
    home.mkdir(parents=True)

    with embedded(home) as connection:
        for statement in (
            "create table t (a int, b string) using delta partitioned by (b)",
            "insert into t values (1, 'ü x'), (2, 'y%20#'), (3, null)",
            "update t set a = a + 10 where b = 'ü x'",
            "delete from t where a = 3",
            "merge into t using (select 2 as a, 'z' as b) s on t.a = s.a "
            "when matched then update set b = s.b when not matched then insert *",
            "alter table t add column c int",
            "optimize t",
            "create table copy deep clone t",
        ):
            query(connection, statement)
        rows = query(connection, "select a, b from copy order by a").to_pylist()
        before = query(connection, "select count(*) as n from t version as of 1").to_pylist()

    assert rows == [{"a": 2, "b": "z"}, {"a": 11, "b": "ü x"}]
    assert before == [{"n": 3}]
    beside = [path.name for path in home.parent.iterdir()]
    assert beside == [ODD], "nothing was written beside the folder that was meant"


@pytest.mark.parametrize("name", ["a b", "ü", "100%", "#1", "a?b", "a`b", "日本", "a:b", "-a"])
def test_the_plain_path_is_the_same_place(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "tables"
    folder.mkdir(parents=True)
    (folder / "here").touch()

    plain = plain_path(folder / "deeper" / "still")

    assert Path(plain).parent.parent.resolve() == folder
    assert set(plain.lower()) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-/")
    assert plain_path(folder / "deeper" / "still") == plain, "it is the same each time"


def test_a_plain_path_stays_as_it_is(tmp_path: Path) -> None:
    assert plain_path("/data/f1/tables") == "/data/f1/tables"


@pytest.mark.parametrize("name", ["a%20b", "a\\b", "a\nb", "a\tb", os.fsdecode(b"\xff")])
def test_the_few_names_that_do_not_work_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(PermanentError, match="another name"):
        refuse_unusable(tmp_path / name, "The folder")


def test_somebody_elses_folder_of_links_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"f1mesh-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o755)

    with pytest.raises(PermanentError, match="private folder"):
        plain_path(tmp_path / "a b")
