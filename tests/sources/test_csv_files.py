"""Reading CSV: values, NULLs, and the exact line of what is wrong."""

from __future__ import annotations

import pytest

from f1mesh.errors import PermanentError
from f1mesh.sources.csv_files import LINE, UNREADABLE, read_csv


def test_nulls_blanks_and_line_ends() -> None:
    file = read_csv("x.csv", b'\xef\xbb\xbfa,b\r\n 1 ,\\N\r\n"","x, y"\r\n')

    assert file.table.to_pylist() == [
        {"a": "1", "b": None, LINE: 2},
        {"a": None, "b": "x, y", LINE: 3},
    ]
    assert file.damages == ()


def test_the_line_is_exact_behind_quoted_line_breaks_and_blank_lines() -> None:
    file = read_csv("x.csv", b'a,b\n"x\ny",1\n\n5,6,7\n8,9\n')

    assert [(row["b"], row[LINE]) for row in file.table.to_pylist()] == [("1", 2), ("9", 6)]
    (ragged,) = file.damages
    assert (ragged.line, ragged.reason) == (5, "3 fields, the header has 2")


def test_bytes_that_are_not_utf8_mark_their_value_only() -> None:
    file = read_csv("x.csv", b"a,b\nP\xe9rez,1\nPerez,2\nPer\0ez,3\n")

    assert file.table["a"].to_pylist() == [f"P{UNREADABLE}rez", "Perez", f"Per{UNREADABLE}ez"]
    assert file.table["b"].to_pylist() == ["1", "2", "3"]
    assert file.damages == ()


@pytest.mark.parametrize("broken", [b'1,"open\n', b'"1,open\n', b'1,"a"b,c"\n'])
def test_a_quote_that_is_not_closed_takes_its_own_row_only(broken: bytes) -> None:
    rows = b"".join(b"%d,good\n" % number for number in range(500))

    file = read_csv("x.csv", b"a,b\n" + broken + rows + b'7,"quoted"\n')

    assert [damage.line for damage in file.damages] == [2]
    assert file.table.num_rows == 501


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end: str) -> None:
    file = read_csv("x.csv", end.join(["a,b", "1,2", "3,4"]).encode())

    assert file.table.to_pylist() == [{"a": "1", "b": "2", LINE: 2}, {"a": "3", "b": "4", LINE: 3}]


@pytest.mark.parametrize("cut", ["4", "4,5", '4,5,"6', "4,5,6,"])
def test_a_file_that_ends_within_a_row_is_refused(cut: str) -> None:
    with pytest.raises(PermanentError, match=r"x.csv, line 3.*cut off"):
        read_csv("x.csv", f"a,b,c\n1,2,3\n{cut}".encode())


def test_a_header_without_rows_is_an_empty_table() -> None:
    file = read_csv("x.csv", b"a,b\n")

    assert file.table.num_rows == 0
    assert file.table.column_names == ["a", "b", LINE]
