"""Names are data: whatever they hold, a terminal shows it and nothing obeys it."""

from __future__ import annotations

import pytest

from f1mesh.cli.output import note, print_table, visible

HOSTILE = ["[/]", "[red]x[/red]", "[link=http://x]y[/link]", ":smile:", "\x1b[31mred", "a\u202eb"]
SHOWN = ["[/]", "[red]x[/red]", "[link=http://x]y[/link]", ":smile:", "\\x1b[31mred", "a\\u202eb"]


@pytest.mark.parametrize(("text", "shown"), list(zip(HOSTILE, SHOWN, strict=True)))
def test_tables_print_text(capsys: pytest.CaptureFixture[str], text: str, shown: str) -> None:
    print_table(text, [text, "n"], [[text, 1]])

    out = capsys.readouterr().out
    assert out.count(shown) == 3
    assert "\x1b[31m" not in out
    assert "\u202e" not in out


def test_messages_show_what_would_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    note("driver \x1b]0;owned\x07 \r\u2066x")

    assert capsys.readouterr().err == "driver \\x1b]0;owned\\x07 \\r\\u2066x\n"


def test_ordinary_names_stay_as_they_are() -> None:
    assert visible("Kimi Räikkönen\t周冠宇\nSérgio") == "Kimi Räikkönen\t周冠宇\nSérgio"
