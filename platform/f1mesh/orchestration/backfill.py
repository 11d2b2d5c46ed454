"""Backfills as reviewed files: `domains/<domain>/backfills/<name>.yaml`.

name: recount_turbo_era
reason: The classification of 1986 was corrected at the source.
owner: race-history@f1mesh.example
seasons: {first: 1980, last: 1988}
full_refresh: false      # true: build every incremental model anew instead
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as check

from f1mesh.errors import PermanentError
from f1mesh.registry import Domain

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Season = Annotated[int, Field(ge=1900, le=2100)]


class Seasons(BaseModel):
    """A range of seasons, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: Season
    last: Season

    @check(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError("first is after last: swap them")
        return self


class Backfill(BaseModel):
    """What is to be computed again, why, and who asked for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    reason: Annotated[str, StringConstraints(min_length=10)]
    owner: Annotated[str, StringConstraints(pattern=r"^\S+@\S+$")]
    seasons: Seasons
    full_refresh: bool = False
    path: Path

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(range(self.seasons.first, self.seasons.last + 1))


def load_backfills(domain: Domain) -> tuple[Backfill, ...]:
    """The backfills of a domain in name order; raises PermanentError naming file and wrong key."""
    files = sorted((domain.path / "backfills").glob("*.yaml"))
    return tuple(_load(file) for file in files)


def _load(file: Path) -> Backfill:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise PermanentError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise PermanentError(f"{file} must hold a mapping with name, reason, owner, seasons.")
    try:
        backfill = Backfill(**content, path=file)
    except (ValidationError, TypeError) as error:
        raise PermanentError(f"{file} is not a valid backfill:\n{error}") from error
    if backfill.name != file.stem:
        raise PermanentError(f"{file} says name: {backfill.name}; name it after its file.")
    return backfill
