"""`./f1 answers` and `./f1 sql`: asking the published products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from f1mesh.cli.options import All, AsJson
from f1mesh.cli.output import command, emit_json, print_line, print_records, print_table
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.answers import Question, Record
    from f1mesh.client import Target


Answers: TypeAlias = "list[tuple[Question, Sequence[Record]]]"


SHOWN = 10  # rows of an answer on the screen


@command
def answers(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[QUESTION]...", help="Default: all.")
    ] = None,
    all_: All = False,
    as_json: AsJson = False,
) -> None:
    """Answer the mesh's questions from its published products: the first ten rows of each on the
    screen, with --all every row; in JSON always every row."""
    from f1mesh.answers import as_document, find_questions
    from f1mesh.orchestration.session import warehouse
    from f1mesh.registry import load_mesh

    workspace = Workspace.locate()
    asked = find_questions(load_mesh(workspace.root), names or ())
    with warehouse(workspace) as target:
        found = collect(asked, target)
    if as_json:
        emit_json(as_document(found))
        return
    show(found, rows=None if all_ else SHOWN)


@command
def sql(
    statement: Annotated[str, typer.Argument(help="One statement, in Databricks SQL.")],
    as_json: AsJson = False,
) -> None:
    """Ask the warehouse; its rows as a table, or as a list in JSON."""
    from f1mesh.client import connect, query
    from f1mesh.orchestration.session import warehouse

    with warehouse(Workspace.locate()) as target, connect(target) as connection:
        result = query(connection, statement)
    if as_json:
        emit_json(result.to_pylist())
    else:
        rows = zip(*(column.to_pylist() for column in result.columns), strict=True)
        print_table(f"{result.num_rows:,} rows", result.column_names, rows)


def collect(questions: Sequence[Question], target: Target) -> Answers:
    """Each question with its answer; a question whose products are not published yet has none."""
    from databricks.sql.exc import ServerOperationError

    from f1mesh.answers import answer
    from f1mesh.client import connect

    found: Answers = []
    with connect(target) as connection:
        for question in questions:
            try:
                found.append((question, answer(connection, target.schemas, question)))
            except ServerOperationError as error:
                if "TABLE_OR_VIEW_NOT_FOUND" not in str(error):
                    raise
                found.append((question, ()))
    return found


def show(found: Answers, rows: int | None = SHOWN) -> None:
    """The answers as tables on stdout, the first `rows` of each; None: all."""
    for question, records in found:
        shown = question.across.spread(records) if question.across else records
        print_records(f"{question.name}: {question.title}", shown[:rows])
        if rows is not None and len(shown) > rows:
            left = len(shown) - rows
            print_line(f"... and {left} more rows: ./f1 answers {question.name} --all")
