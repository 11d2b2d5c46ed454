"""CSV files as tables of strings, every row with the line it came from.

A clean file is read by Arrow at full speed. A file with anything odd in it (rows of the wrong
length, line breaks inside quotes, bytes that are not UTF-8) is read again, row by row, so that the
report can name the exact line.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from f1mesh.errors import PermanentError
from f1mesh.sources.damage import Damage

if TYPE_CHECKING:
    import pyarrow as pa

LINE = "__line"
NULLS = ["", "\\N", "NULL"]
_SUFFIXES = (".csv", ".csv.gz")


@dataclass(frozen=True)
class CsvFile:
    """One file's rows: string columns plus `__line`; the rows that could not be split are apart."""

    name: str
    table: pa.Table
    damages: tuple[Damage, ...]

    @property
    def rows(self) -> int:
        return int(self.table.num_rows) + len(self.damages)


def csv_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every CSV file (`.csv`, `.csv.gz`) of a folder or a zip, by name.

    Raises PermanentError if the path is neither, or the archive is broken.
    """
    try:
        if path.is_dir():
            for file in sorted(p for p in path.iterdir() if p.name.endswith(_SUFFIXES)):
                yield file.name, _unzipped(file.name, file.read_bytes())
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in sorted(n for n in archive.namelist() if n.endswith(_SUFFIXES)):
                    short = PurePosixPath(name).name
                    if not name.startswith("__MACOSX/"):
                        yield short, _unzipped(short, archive.read(name))
        else:
            raise PermanentError(
                f"{path} is neither a folder nor a zip file. Give a folder or zip of CSV files."
            )
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, OSError) as error:
        raise PermanentError(f"{path} cannot be read: {error}. Get the file again.") from error


def csv_names(path: Path) -> dict[str, str]:
    """The CSV files of a folder or zip, each with the day it was written (as a zip says; empty for
    a folder, whose dates only tell when it was copied)."""
    if path.is_dir():
        return {file.name: "" for file in path.iterdir() if file.name.endswith(_SUFFIXES)}
    if not zipfile.is_zipfile(path):
        raise PermanentError(f"{path} is neither a folder nor a zip file of CSV files.")
    with zipfile.ZipFile(path) as archive:
        return {
            PurePosixPath(item.filename).name: "{:04}-{:02}-{:02}".format(*item.date_time)
            for item in archive.infolist()
            if item.filename.endswith(_SUFFIXES)
        }


def _unzipped(name: str, content: bytes) -> bytes:
    return gzip.decompress(content) if name.endswith(".gz") else content


def read_csv(name: str, content: bytes) -> CsvFile:
    """The rows of one file, as strings; `\\N`, `NULL` and empty fields are NULL, blanks around a
    value are dropped. Raises PermanentError if there is no usable header."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    header = _header(name, content)
    table = _read_fast(content, header)
    if table is not None:
        return CsvFile(name, table, ())
    return _read_exactly(name, content, header)


def _header(name: str, content: bytes) -> list[str]:
    first = content.split(b"\n", 1)[0].decode("utf-8", "replace")
    header = [column.strip() for column in next(csv.reader([first]), [])]
    repeated = sorted({column for column in header if header.count(column) > 1})
    if not header or repeated or LINE in header:
        wrong = f"repeats {', '.join(repeated)}" if repeated else "has no column names"
        raise PermanentError(f"{name}, line 1: the header {wrong}. Give each column one name.")
    return header


def _read_fast(content: bytes, header: list[str]) -> pa.Table | None:
    """Arrow's reading of a file whose rows are exactly its lines, else None."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if lines < 2 or b"\r" in content.replace(b"\r\n", b""):
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
    import pyarrow.compute as pc

    columns = {}
    for column in table.column_names:
        values = pc.utf8_trim_whitespace(table[column])
        columns[column] = pc.if_else(pc.equal(values, ""), None, values)
    return type(table).from_pydict(columns)


def _with_lines(table: pa.Table, lines: pa.Array) -> pa.Table:
    return table.append_column(LINE, lines)


def _read_exactly(name: str, content: bytes, header: list[str]) -> CsvFile:
    import pyarrow as pa

    text = io.StringIO(content.decode("utf-8", "surrogateescape"), newline="")
    reader = csv.reader(text, strict=False)
    next(reader, None)
    good: list[list[str | None]] = []
    lines: list[int] = []
    damages: list[Damage] = []
    line = reader.line_num + 1
    for row in _rows(name, reader, damages):
        damage = _row_damage(name, line, row, header)
        if damage is not None:
            damages.append(damage)
        elif row:
            good.append([_value(cell) for cell in row])
            lines.append(line)
        line = reader.line_num + 1
    columns = list(zip(*good, strict=True)) if good else [()] * len(header)
    table = pa.table(
        {
            column: pa.array(values, pa.string())
            for column, values in zip(header, columns, strict=True)
        }
    )
    return CsvFile(name, _with_lines(table, pa.array(lines, pa.int32())), tuple(damages))


def _rows(name: str, reader: Iterator[list[str]], damages: list[Damage]) -> Iterator[list[str]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line: int = reader.line_num  # type: ignore[attr-defined]
            damages.append(Damage(name, line, None, None, f"not CSV: {error}"))


def _row_damage(name: str, line: int, row: list[str], header: list[str]) -> Damage | None:
    if row and len(row) != len(header):
        shown = ",".join(row)[:200].encode("utf-8", "replace").decode()
        column = header[len(row)] if len(row) < len(header) else None
        reason = f"{len(row)} fields, the header has {len(header)}"
        return Damage(name, line, column, shown, reason)
    for column, cell in zip(header, row, strict=False):
        if not cell.isascii() and any("\udc80" <= letter <= "\udcff" for letter in cell):
            shown = cell.encode("utf-8", "replace").decode()
            return Damage(name, line, column, shown, "bytes that are not UTF-8")
    return None


def _value(cell: str) -> str | None:
    stripped = cell.strip()
    return None if stripped in NULLS else stripped
