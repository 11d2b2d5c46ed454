"""The two kinds of failure of the platform.

Every error that a user can meet is one of these. A message names what was wrong, where (file,
table, column, offset) and what to do next.
"""

from __future__ import annotations


class MeshError(Exception):
    """Base of every error that the platform raises on purpose."""

    exit_code = 1


class PermanentError(MeshError):
    """Trying again gives the same answer: bad input, a broken contract, a refused statement."""

    exit_code = 1


class PartlyFailed(PermanentError):
    """A step failed for some products of its domain. `held` names those; the others may go on."""

    def __init__(self, message: str, held: frozenset[str]) -> None:
        super().__init__(message)
        self.held = held


class TransientError(MeshError):
    """Trying again may help: a service that is not up, a throttled API, a lost connection."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
