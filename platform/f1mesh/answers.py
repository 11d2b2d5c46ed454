"""The questions that the domains answer from published products.

A domain puts one question in one file, `domains/<domain>/answers/<name>.sql`, whose header comments
give its `title` and, for a single row that is an object and not a list, `shape: record`. The names
in it are `<domain>.<product>`: published products, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f1mesh.client import query
from f1mesh.errors import PermanentError
from f1mesh.registry import Mesh

if TYPE_CHECKING:
    from databricks.sql.client import Connection

Record = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A question and the SQL that answers it."""

    name: str
    title: str
    is_record: bool
    sql: str


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
    return Question(file.stem, header["title"], header.get("shape") == "record", sql)


def answer(connection: Connection, question: Question) -> Sequence[Record]:
    """The rows that answer a question."""
    rows: list[Record] = query(connection, question.sql).to_pylist()
    return rows


def as_document(answers: Sequence[tuple[Question, Sequence[Record]]]) -> dict[str, Any]:
    """One JSON-able object: a key for each question."""
    return {
        question.name: (rows[0] if rows else None) if question.is_record else list(rows)
        for question, rows in answers
    }
