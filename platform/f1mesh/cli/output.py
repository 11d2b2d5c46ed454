"""How commands speak: results on stdout, progress and errors on stderr, JSON where asked."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Literal

import typer

from f1mesh.causes import exit_code
from f1mesh.telling import debugging, told, trace


def visible(text: str) -> str:
    """Text of others for a terminal: what would steer it (control characters, marks that turn the
    direction of writing) is shown as its escape; line ends and tabs stay."""
    return "".join(c if c in "\n\t" or not _steers(c) else _escaped(c) for c in text)


def _steers(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def note(text: str) -> None:
    """One line for the person who watches."""
    print(visible(text), file=sys.stderr, flush=True)


def print_line(text: str) -> None:
    """One line of a result, on stdout."""
    print(visible(text), flush=True)


def emit_json(value: Any) -> None:
    """One JSON document on stdout: dates as ISO text, decimals as numbers with all their digits."""
    import decimal

    import orjson

    def plain(item: Any) -> Any:
        if isinstance(item, decimal.Decimal):
            return orjson.Fragment(_digits(item)) if item.is_finite() else str(item)
        return str(item)

    text = orjson.dumps(value, default=plain, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on stdout. Numbers stand right, with all digits that they hold but noughts at their
    end; NULL is a dash; an empty title takes no line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    kept = [list(row) for row in rows]
    table = Table()
    for index, column in enumerate(columns):
        numeric = any(_is_number(row[index]) for row in kept)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(Text(visible(column)), justify=justify, overflow="fold")
    for row in kept:
        table.add_row(*(Text(visible(_shown(cell))) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 140)
    if title:
        console.print(Text(visible(title), style="bold"))
    console.print(table)


def print_records(title: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Records with the same keys as a table on stdout."""
    columns = list(records[0]) if records else ["(no rows)"]
    print_table(title, columns, ([record[c] for c in columns] for record in records))


@contextmanager
def failures() -> Iterator[None]:
    """End the command with one line that says what went wrong, and the error's exit code. The
    traceback is for `--debug`."""
    try:
        yield
    except (typer.BadParameter, typer.Exit, typer.Abort):
        raise  # told already, or by Typer
    except KeyboardInterrupt as error:
        note("stopped")
        raise typer.Exit(130) from error
    except BrokenPipeError:
        raise  # whoever read the output has gone: nothing is left to be told
    except Exception as error:
        if debugging():
            note(trace(error))
        note(f"error: {told(error)}")
        raise typer.Exit(exit_code(error)) from error


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose errors are told to people, see `failures`."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with failures():
            return function(*args, **kwargs)

    return run


def _is_number(value: Any) -> bool:
    import decimal

    return isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    import decimal

    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case float():
            return repr(value).removesuffix(".0")
        case decimal.Decimal():
            return _digits(value)
    return str(value)


def _digits(value: Any) -> str:
    """A decimal's digits, without an exponent and without noughts at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
