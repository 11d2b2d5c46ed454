"""What every reader gives, whatever its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from f1mesh.ingestion.sync import Stream

Resume = Mapping[str, Any]
"""Where to continue: a JSON object that only the reader that made it understands."""


@dataclass(frozen=True)
class Extract:
    """The records of one reading of a stream, in the order they were read.

    `misfits` lists, by column, the rows whose value did not fit the column's type and was made
    null. `resume` is handed to the next reading once these records are landed. `undeclared` names
    fields that the source sends and the stream's schema does not know. `keys` are the primary keys
    of all rows that the source has at the moment of the records; None where nobody asked.
    """

    records: pa.Table
    extracted_at: datetime
    resume: Resume = field(default_factory=dict)
    misfits: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    undeclared: tuple[str, ...] = ()
    keys: pa.Table | None = None


class Reader(Protocol):
    """An open source."""

    @property
    def parallel(self) -> int:
        """How many streams the source lets be read at the same time."""
        ...

    def read(self, stream: Stream, resume: Resume | None) -> Extract:
        """Read a stream: all of it, or from where `resume` says (inclusive, as Airbyte does).

        Raises PermanentError for a stream or column that the source does not have, TransientError
        where the source does not answer.
        """
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...
