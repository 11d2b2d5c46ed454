"""What a person sees of the answers: a screen, and how to see the rest."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from f1mesh.answers import Across, Question, find_questions, read_question
from f1mesh.cli.answers import show
from f1mesh.cli.app import app
from f1mesh.errors import PermanentError
from f1mesh.registry import load_mesh

PLACES = [
    {"season": 2021, "team": "Alfa", "points": Decimal("12.50"), "place": 1},
    {"season": 2021, "team": "Beta", "points": Decimal("10"), "place": 2},
    {"season": 2020, "team": "Beta", "points": Decimal("9.00"), "place": 1},
    {"season": 2020, "team": "Alfa", "points": Decimal("9.00"), "place": 1},
]


def test_a_long_answer_shows_its_first_rows_and_says_how_to_see_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    question = Question("laps", "All laps", is_record=False, sql="")
    rows = [{"lap": n} for n in range(100, 125)]

    show([(question, rows)], rows=10)
    shown = capsys.readouterr().out
    show([(question, rows)], rows=None)
    everything = capsys.readouterr().out

    assert [n for n in range(100, 125) if f" {n} " in shown] == list(range(100, 110))
    assert "... and 15 more rows: ./f1 answers laps --all" in shown
    assert all(f" {n} " in everything for n in range(100, 125))
    assert "more rows" not in everything


def test_a_table_across_has_a_row_for_each_first_value_and_a_column_for_each_place() -> None:
    assert Across("place", "{team} {points}").spread(PLACES) == [
        {"season": 2021, "1": "Alfa 12.5", "2": "Beta 10"},
        {"season": 2020, "1": "Beta 9, Alfa 9", "2": None},
    ]


def test_the_header_of_a_question_says_how_it_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "teams.sql"
    file.write_text("-- title: Teams\n-- across: place = {team}\nselect 1\n")
    assert read_question(file).across == Across("place", "{team}")

    file.write_text("-- title: Teams\n-- across: place\nselect 1\n")
    with pytest.raises(PermanentError, match=r"teams\.sql: 'across' is written"):
        read_question(file)


def test_a_question_that_nobody_asks_is_refused_with_those_that_there_are(root: Path) -> None:
    mesh = load_mesh(root)
    assert [q.name for q in find_questions(mesh, ["best_drivers"])] == ["best_drivers"]

    result = CliRunner().invoke(app, ["answers", "worst_drivers"])

    assert result.exit_code == 1
    assert "Nobody asks 'worst_drivers'. The questions are: " in result.stderr
    assert "best_drivers" in result.stderr
