"""Whether trying again may help: errors that libraries raise, in the platform's two kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from f1mesh.errors import MeshError, PermanentError, TransientError

# Types are named and not imported: they come from libraries that cost seconds to load.
_TRANSIENT_TYPES = frozenset(
    {
        "ConnectionError",
        "TimeoutError",
        "ChunkedEncodingError",
        "CommitFailedError",
        "IncompleteRead",
        "MaxRetryError",
        "MaxRetryDurationError",
        "NewConnectionError",
        "ProtocolError",
        "RequestError",
        "RequestException",
        "SessionAlreadyClosedError",
        "TTransportException",
    }
)
_PERMANENT_TYPES = frozenset({"ProgrammingError", "IntegrityError", "DataError"})

_LOST = re.compile(
    r"connection (refused|reset|aborted|closed|timed out)|failed to (establish|connect)|"
    r"max retries exceeded|error during request to server|remote end closed|server disconnected|"
    r"temporarily[ _]unavailable|server closed the connection|retry attempts exhausted|"
    r"invalid session ?handle|no warehouse runs",
    re.IGNORECASE,
)


def tells_of_a_lost_connection(text: str) -> bool:
    """Whether an error message speaks of a peer that was not there (any more)."""
    return _LOST.search(text) is not None


def is_transient(error: BaseException) -> bool:
    """Whether the same step may succeed when it is tried again.

    The platform's own errors say so themselves. Of others the chain of causes is looked at: lost
    connections and lost contests are transient, everything else is permanent.
    """
    if isinstance(error, MeshError):
        return isinstance(error, TransientError)
    return any(_lost(cause) for cause in _chain(error))


def exit_code(error: BaseException) -> int:
    """The exit code of a step that failed with this error."""
    return (TransientError if is_transient(error) else PermanentError).exit_code


def _lost(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _PERMANENT_TYPES:
        return False
    return bool(names & _TRANSIENT_TYPES) or tells_of_a_lost_connection(str(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
