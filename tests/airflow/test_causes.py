"""Which failures are tried again."""

from __future__ import annotations

import pytest

from f1mesh.causes import exit_code, is_transient
from f1mesh.errors import PermanentError, TransientError


class RequestError(Exception):
    """Named as databricks-sql-connector names it."""


class ServerOperationError(Exception):
    """A statement that the warehouse refused."""


@pytest.mark.parametrize(
    "error",
    [
        TransientError("not up"),
        ConnectionRefusedError("refused"),
        TimeoutError("late"),
        RequestError("Error during request to server"),
        ServerOperationError("Max retries exceeded with url: /sql"),
        ServerOperationError("[TEMPORARILY_UNAVAILABLE] The engine ended while it ran this."),
    ],
)
def test_lost_connections_are_tried_again(error: Exception) -> None:
    assert exit_code(error) == 75


@pytest.mark.parametrize(
    "error",
    [
        PermanentError("bad contract"),
        ValueError("bad input"),
        KeyError("missing"),
        ServerOperationError("[TABLE_OR_VIEW_NOT_FOUND] no such table"),
    ],
)
def test_refusals_and_bugs_are_not(error: Exception) -> None:
    assert exit_code(error) == 1


def test_the_cause_counts_where_the_error_does_not_say() -> None:
    outer = RuntimeError("the sync failed")
    outer.__cause__ = ConnectionResetError("reset by peer")

    assert is_transient(outer)


def test_what_the_platform_says_itself_is_not_second_guessed() -> None:
    outer = PermanentError("the source refuses the password")
    outer.__cause__ = ConnectionResetError("reset by peer")

    assert not is_transient(outer)
