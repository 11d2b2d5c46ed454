"""CSV files as tables of strings, every row with the line it came from.

A clean file is read by Arrow at full speed. A file with anything odd in it (rows of the wrong
length, line breaks inside quotes, bytes that are not UTF-8) is read again, row by row, so that the
report can name the exact line.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from f1mesh.errors import PermanentError
from f1mesh.sources.damage import Damage

if TYPE_CHECKING:
    import pyarrow as pa

LINE = "__line"
NULLS = ["", "\\N", "NULL"]
UNREADABLE = "\ufffd"
"""Stands in a value for bytes that are not UTF-8 text."""

_MAX_HEADER = 1 << 16
_MAX_LINES = 100
"""Lines of one row: a quote that nobody closes must not swallow the rest of the file."""


@dataclass(frozen=True)
class CsvFile:
    """One file's rows: string columns plus `__line`; the rows that could not be split are apart."""

    name: str
    table: pa.Table
    damages: tuple[Damage, ...]

    @property
    def rows(self) -> int:
        return int(self.table.num_rows) + len(self.damages)

    def damages_in(self, table: str) -> list[Damage]:
        """The rows that could not be split, as rows of this table."""
        return [replace(damage, table=table) for damage in self.damages]


def read_csv(name: str, content: bytes) -> CsvFile:
    """The rows of one file, as strings; `\\N`, `NULL` and empty fields are NULL, blanks around a
    value are dropped, UNREADABLE is in what is not UTF-8.

    Raises PermanentError if there is no usable header, or if the file breaks off in a row.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    header = _header(name, content)
    table = _read_fast(content, header)
    if table is not None:
        return CsvFile(name, table, ())
    return _read_exactly(name, content, header)


def _header(name: str, content: bytes) -> list[str]:
    start = content[:_MAX_HEADER]
    if not start.strip():
        raise PermanentError(f"{name} is empty. Get the file again.")
    first = io.StringIO(start.decode("utf-8", "replace"), newline="").readline()
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or "\0" in first:
        raise PermanentError(f"{name}, line 1: not UTF-8 (it looks like UTF-16). Save it as UTF-8.")
    if len(first) >= _MAX_HEADER:
        raise PermanentError(f"{name}, line 1: the header is longer than {_MAX_HEADER >> 10} KB.")
    try:
        columns = [column.strip() for column in next(csv.reader([first], strict=True), [])]
    except csv.Error as error:
        raise PermanentError(f"{name}, line 1: the header is not CSV: {error}.") from error
    repeated = sorted({column for column in columns if column and columns.count(column) > 1})
    if not any(columns) or repeated or LINE in columns:
        wrong = f"repeats {', '.join(repeated)}" if repeated else "has no column names"
        raise PermanentError(f"{name}, line 1: the header {wrong}. Give each column one name.")
    return [column or f"(column {number})" for number, column in enumerate(columns, 1)]


def _read_fast(content: bytes, header: list[str]) -> pa.Table | None:
    """Arrow's reading of a file whose rows are exactly its lines, else None."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    odd = b"\0" in content or content.count(b'"') % 2 or b"\r" in content.replace(b"\r\n", b"")
    if odd or lines < 2:
        return None
    try:
        table = pacsv.read_csv(
            io.BytesIO(content),
            read_options=pacsv.ReadOptions(column_names=header, skip_rows=1),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types={column: pa.string() for column in header},
                null_values=NULLS,
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines - 1:
        return None
    return _with_lines(_trimmed(table), pa.array(range(2, lines + 1), pa.int32()))


def _trimmed(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {}
    for column in table.column_names:
        values = pc.utf8_trim_whitespace(table[column])
        columns[column] = pc.if_else(pc.is_in(values, pa.array(NULLS)), None, values)
    return type(table).from_pydict(columns)


def _with_lines(table: pa.Table, lines: pa.Array) -> pa.Table:
    return table.append_column(LINE, lines)


def _read_exactly(name: str, content: bytes, header: list[str]) -> CsvFile:
    import pyarrow as pa

    text = content.decode("utf-8", "replace").replace("\0", UNREADABLE)
    lines = io.StringIO(text, newline="").readlines()
    good: list[list[str | None]] = []
    numbers: list[int] = []
    damages: list[Damage] = []
    at = 1
    while at < len(lines):
        row, taken, reason = _row(lines[at : at + _MAX_LINES], len(header))
        if reason is None and row:
            good.append([_value(cell) for cell in row])
            numbers.append(at + 1)
        elif reason is not None:
            column = header[len(row)] if 0 < len(row) < len(header) else None
            damages.append(Damage(name, at + 1, column, lines[at].strip()[:200], reason))
        at += taken
    _refuse_cut(name, lines, damages)
    columns = list(zip(*good, strict=True)) if good else [()] * len(header)
    table = pa.table(
        {
            column: pa.array(values, pa.string())
            for column, values in zip(header, columns, strict=True)
        }
    )
    return CsvFile(name, _with_lines(table, pa.array(numbers, pa.int32())), tuple(damages))


def _row(lines: list[str], fields: int) -> tuple[list[str], int, str | None]:
    """The row that begins the lines, how many of them it takes, and what is wrong with it. A wrong
    row takes one line: a quote that it leaves open may hold good rows."""
    reader = csv.reader(lines)
    try:
        row = next(reader)
        taken = reader.line_num
        if taken > 1 or len(lines) == 1:
            next(csv.reader(lines[:taken], strict=True))
    except csv.Error as error:
        return [], 1, f"not CSV: {error}"
    if row and len(row) != fields:
        return row, 1, f"{len(row)} fields, the header has {fields}"
    return row, taken, None


def _refuse_cut(name: str, lines: list[str], damages: list[Damage]) -> None:
    """A last row that is not whole and has no line end: nobody knows how many rows are missing."""
    last = damages[-1] if damages else None
    if last and last.line == len(lines) and not lines[-1].endswith(("\n", "\r")):
        raise PermanentError(
            f"{last}. The file ends within this row: it is cut off. Get the file again."
        )


def _value(cell: str) -> str | None:
    stripped = cell.strip()
    return None if stripped in NULLS else stripped
