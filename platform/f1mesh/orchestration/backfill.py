"""Backfills as reviewed files: `domains/<domain>/backfills/<name>.yaml`.

name: recount_first_weeks
reason: The counts of these weeks were corrected at the source.
owner: team@mesh.example
partitions: {first: 2024-01-01, last: 2024-01-14}    # values of the domain's partition
full_refresh: false      # true: build every incremental model anew instead
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from f1mesh.document import read_document, refusal
from f1mesh.errors import PermanentError
from f1mesh.registry import Domain
from f1mesh.registry.partition import Name
from f1mesh.validation import validated


class Partitions(BaseModel):
    """A range of the domain's partition, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Any
    last: Any


class Backfill(BaseModel):
    """What is to be computed again, why, and who asked for it; `parts` are the values of the
    domain's partition, as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    reason: Annotated[str, StringConstraints(min_length=10)]
    owner: Annotated[str, StringConstraints(pattern=r"^\S+@\S+$")]
    partitions: Partitions
    full_refresh: bool = False
    parts: tuple[str, ...] = ()
    path: Path

    @property
    def span(self) -> str:
        """The first and the last part, for people."""
        return f"{self.parts[0]} to {self.parts[-1]}"


def load_backfills(domain: Domain) -> tuple[Backfill, ...]:
    """The backfills of a domain in name order; raises PermanentError naming file and wrong key."""
    files = sorted((domain.path / "backfills").glob("*.yaml"))
    return tuple(_load(file, domain) for file in files)


def _load(file: Path, domain: Domain) -> Backfill:
    document = read_document(file)
    if domain.partition is None:
        raise PermanentError(
            f"{file}: what does it go by? {domain.path / 'domain.yaml'} declares no `partition`."
        )
    backfill = validated(Backfill, document, path=file, parts=())
    if backfill.name != file.stem:
        message = f"'{backfill.name}' must be '{file.stem}': name it after its file"
        raise refusal([document.problem(("name",), message)])
    try:
        parts = domain.partition.span(backfill.partitions.first, backfill.partitions.last)
    except (ValueError, TypeError) as error:
        raise refusal([document.problem(("partitions",), str(error))]) from error
    return backfill.model_copy(update={"parts": parts})
