"""What of databricks-sql-connector is not public, all of it here: how long it tries, and that it
speaks plain HTTP.

By default it tries for a quarter of an hour, which is for networks: a warehouse on this machine
that does not answer is dead. Both are keywords that begin with an underscore; one that it does not
know passes unread. The same keywords stand in platform/dbt/profiles.yml.

Tied to databricks-sql-connector 4.1.5; tests/test_ties.py says when this may go.
"""

from __future__ import annotations

from typing import Any

PLAIN_ADDRESS = "_connection_uri"
LOCAL_PATIENCE: dict[str, float] = {
    "_retry_delay_min": 0.1,
    "_retry_delay_max": 5.0,
    "_retry_stop_after_attempts_count": 3,
    "_retry_stop_after_attempts_duration": 10.0,
}


def local_options(uri: str) -> dict[str, Any]:
    """The keywords of a connection to the warehouse at `uri`, plain HTTP on this machine."""
    return {PLAIN_ADDRESS: uri, **LOCAL_PATIENCE}
