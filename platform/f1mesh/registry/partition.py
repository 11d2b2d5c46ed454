"""What a domain's data is cut into, so that a part of it can be computed again by itself.

partition: {name: lap_day, type: date, first: 2020-01-01, variable: lap_day}

`name` is the column of the models and the word that people use, `variable` the dbt variable that
says which part is asked for (the same word, unless told). Everybody else carries the text
`<name>=<value>` without reading it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import model_validator as check

from f1mesh.errors import PermanentError

if TYPE_CHECKING:
    from f1mesh.registry.domain import Domain

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Value = int | date | datetime
RESERVED = frozenset(
    {
        "backfill",
        "dbt_log",
        "debug",
        "full_refresh",
        "help",
        "json",
        "no_skip",
        "partition",
        "run_id",
    }
)
"""What a step, its command and its dbt project have of their own by these names."""

MOST = 1000
"""Parts of one backfill; Airflow maps a task over 1,024 at most."""

_WRITTEN = {
    "integer": "a whole number",
    "date": "a day, as 2024-05-31",
    "hour": "an hour of UTC, as 2024-05-31T13",
}


class Partition(BaseModel):
    """What a domain's backfills go by. Values lie between `first` and `last`, both included; where
    nothing is said there is no bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    type: Literal["integer", "date", "hour"]
    first: Any = None
    last: Any = None
    variable: Name | None = None

    @check(mode="after")
    def _usable(self) -> Self:
        if self.name in RESERVED:
            raise ValueError(f"name: '{self.name}' is taken; choose another word")
        low, high = (self._value(end) for end in (self.first, self.last))
        if low is not None and high is not None and low > high:
            raise ValueError("first is after last: swap them")
        return self

    def text(self, value: object) -> str:
        """The one way in which a value is written. Raises ValueError for one that is none, or is
        out of bounds."""
        found = self._value(value)
        low, high = self._value(self.first), self._value(self.last)
        if found is None:
            raise ValueError(f"{self.name} is empty")
        if (low is not None and found < low) or (high is not None and found > high):
            bounds = " to ".join("..." if end is None else _text(end) for end in (low, high))
            raise ValueError(f"{self.name} {_text(found)} is out of bounds ({bounds})")
        return _text(found)

    def span(self, first: object, last: object) -> tuple[str, ...]:
        """Every value from `first` to `last`, both included. Raises ValueError as `text` does, and
        where they are in the wrong order or too many."""
        low, high = (self._value(self.text(end)) for end in (first, last))
        if low > high:
            raise ValueError("first is after last: swap them")
        parts = [_text(low)]
        while low < high:
            low += _STEP[self.type]
            parts.append(_text(low))
            if len(parts) > MOST:
                raise ValueError(f"more than {MOST} values of {self.name}: make two backfills")
        return tuple(parts)

    def variables(self, value: object) -> dict[str, Any]:
        """The dbt variables that ask for this part. Raises ValueError as `text` does."""
        found = self._value(self.text(value))
        if isinstance(found, datetime):
            return {self.variable or self.name: f"{found:%Y-%m-%d %H:%M:%S}"}
        shown = found if isinstance(found, int) else str(found)
        return {self.variable or self.name: shown}

    def _value(self, given: object) -> Any:
        if given is None:
            return None
        try:
            return _READ[self.type](str(given))
        except ValueError as error:
            wanted = _WRITTEN[self.type]
            raise ValueError(f"{self.name} is '{given}' and must be {wanted}") from error


def asked_variables(domain: Domain, asked: str | None) -> dict[str, Any]:
    """The dbt variables for a part that is asked for as `<name>=<value>`; none for None.

    Raises PermanentError where the domain has no such partition or the value is none of it.
    """
    if asked is None:
        return {}
    name, _, value = asked.partition("=")
    partition = domain.partition
    if partition is None or name != partition.name:
        has = f"goes by '{partition.name}'" if partition else "declares no partition"
        raise PermanentError(f"'{asked}' is no part of the domain '{domain.name}', which {has}.")
    try:
        return partition.variables(value)
    except ValueError as error:
        raise PermanentError(f"'{asked}' is no part of '{domain.name}': {error}.") from error


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _hour(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if moment != moment.replace(minute=0, second=0, microsecond=0) or len(text) < 13:
        raise ValueError(text)
    return moment


_READ = {"integer": _integer, "date": date.fromisoformat, "hour": _hour}
_STEP: dict[str, Any] = {"integer": 1, "date": timedelta(days=1), "hour": timedelta(hours=1)}


def _text(value: Value) -> str:
    return f"{value:%Y-%m-%dT%H}" if isinstance(value, datetime) else str(value)
