"""The questions that the domains answer from published products.

A domain puts one question in one file, `domains/<domain>/answers/<name>.sql`, whose header comments
give its `title` and, for a single row that is an object and not a list, `shape: record`. The names
in it are `<domain>.<product>`: published products, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f1mesh.client import query
from f1mesh.errors import PermanentError
from f1mesh.registry import Mesh
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection

Record = dict[str, Any]


@dataclass(frozen=True)
class Across:
    """How rows are spread over the columns of a screen."""

    column: str
    cell: str

    def spread(self, rows: Sequence[Record]) -> list[Record]:
        """A record for each value of the rows' first column, in their order."""
        found: dict[Any, Record] = {}
        for row in rows:
            first, key = next(iter(row.items()))
            cell = self.cell.format_map({name: _plain(value) for name, value in row.items()})
            record = found.setdefault(key, {first: key})
            before = record.get(str(row[self.column]))
            record[str(row[self.column])] = f"{before}, {cell}" if before else cell
        names = dict.fromkeys(name for record in found.values() for name in record)
        return [{name: record.get(name) for name in names} for record in found.values()]


@dataclass(frozen=True)
class Question:
    """A question and the SQL that answers it."""

    name: str
    title: str
    is_record: bool
    sql: str
    across: Across | None = None


def questions(mesh: Mesh) -> tuple[Question, ...]:
    """Every domain's questions, in the order of the domains; names are unique in the mesh."""
    files = [f for d in mesh.domains.values() for f in sorted((d.path / "answers").glob("*.sql"))]
    found: dict[str, Question] = {}
    for file in files:
        if file.stem in found:
            raise PermanentError(f"{file}: another domain answers '{file.stem}' too. Rename one.")
        found[file.stem] = read_question(file)
    return tuple(sorted(found.values(), key=lambda question: not question.is_record))


def read_question(file: Path) -> Question:
    """Raises PermanentError for a file without a title."""
    sql = file.read_text()
    header: dict[str, str] = {}
    for line in sql.splitlines():
        key, colon, value = line.removeprefix("--").partition(":")
        if line.startswith("--") and colon:
            header[key.strip()] = value.strip()
    if "title" not in header:
        raise PermanentError(f"{file} needs a first line '-- title: <the question>'.")
    record = header.get("shape") == "record"
    return Question(file.stem, header["title"], record, sql, _across(file, header))


def find_questions(mesh: Mesh, names: Sequence[str] = ()) -> tuple[Question, ...]:
    """The questions of these names, all where none is given; raises PermanentError, with those that
    there are, for a name that none has."""
    known = {question.name: question for question in questions(mesh)}
    if unknown := [name for name in names if name not in known]:
        raise PermanentError(f"Nobody asks '{unknown[0]}'. The questions are: {', '.join(known)}.")
    return tuple(known[name] for name in names) or tuple(known.values())


def _across(file: Path, header: dict[str, str]) -> Across | None:
    if "across" not in header:
        return None
    column, equals, cell = (part.strip() for part in header["across"].partition("="))
    if not (column and equals and cell):
        raise PermanentError(f"{file}: 'across' is written '-- across: <column> = <text>'.")
    return Across(column, cell)


def _plain(value: Any) -> str:
    """A number without zeros that say nothing."""
    said = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return said.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in said else said


def answer(connection: Connection, schemas: Schemas, question: Question) -> Sequence[Record]:
    """The rows that answer a question, from the products that these schemas publish."""
    rows: list[Record] = query(connection, placed(question, schemas)).to_pylist()
    return rows


def placed(question: Question, schemas: Schemas) -> str:
    """The SQL of a question with the published names of its products; raises PermanentError for SQL
    whose tables cannot be told."""
    if not schemas.prefix:
        return question.sql
    from f1mesh.contracts.rule_sql import NotAQuery, TableName, with_tables

    def place(table: TableName) -> str:
        return schemas.view(table.schema or "", table.name)

    try:
        return with_tables(question.sql, place)
    except NotAQuery as error:
        raise PermanentError(f"answers/{question.name}.sql {error}") from error


def as_document(answers: Sequence[tuple[Question, Sequence[Record]]]) -> dict[str, Any]:
    """One JSON-able object: a key for each question."""
    return {
        question.name: (rows[0] if rows else None) if question.is_record else list(rows)
        for question, rows in answers
    }
