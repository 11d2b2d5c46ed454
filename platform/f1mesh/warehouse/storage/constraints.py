"""Constraints of a table, and the audit that new data has to pass before it is committed.

NOT NULL stands in the schema, CHECK in the configuration as Delta has it, VARCHAR's length in the
column's metadata as Spark has it, and the primary key in the configuration under a key of our own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from f1mesh.warehouse.errors import SqlError, quoted
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.sql.literals import quote_name

CHECK_PREFIX = "delta.constraints."
PRIMARY_KEY = "f1mesh.primaryKey"
VARCHAR = "__CHAR_VARCHAR_TYPE_STRING"


@dataclass(frozen=True)
class PrimaryKey:
    """A table's primary key; it is really unique."""

    name: str
    columns: tuple[str, ...]

    def to_json(self) -> str:
        return json.dumps({"name": self.name, "columns": list(self.columns)})


@dataclass(frozen=True)
class Constraints:
    """Everything that a row of a table must satisfy."""

    not_null: tuple[str, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    primary_key: PrimaryKey | None = None

    @property
    def beyond_engine(self) -> bool:
        """Whether there is something that the engine does not enforce by itself."""
        return bool(self.lengths) or self.primary_key is not None


def constraints_of(
    fields: Sequence[Mapping[str, Any]], configuration: Mapping[str, str]
) -> Constraints:
    """The constraints of a table by its schema and configuration."""
    stored = configuration.get(PRIMARY_KEY)
    key = json.loads(stored) if stored else None
    return Constraints(
        not_null=tuple(f["name"] for f in fields if not f["nullable"]),
        checks={
            k.removeprefix(CHECK_PREFIX): v
            for k, v in configuration.items()
            if k.startswith(CHECK_PREFIX)
        },
        lengths={
            f["name"]: int(f["metadata"][VARCHAR][8:-1])
            for f in fields
            if VARCHAR in (f.get("metadata") or {})
        },
        primary_key=PrimaryKey(key["name"], tuple(key["columns"])) if key else None,
    )


def audit(lease: Lease, relation: str, constraints: Constraints) -> None:
    """Raise the error of the first constraint that a row of `relation` (a table expression)
    breaks. The primary key needs the whole table, see `audit_key`."""
    rules = _rules(constraints)
    if not rules:
        return
    counts = ", ".join(f"count_if({broken}) as r{i}" for i, (broken, _) in enumerate(rules))
    row = lease.query(f"select {counts} from {relation}").to_pylist()[0]
    for i, (broken, error) in enumerate(rules):
        if row[f"r{i}"]:
            sample = lease.query(f"select * from {relation} where {broken} limit 1").to_pylist()[0]
            raise _violation(error, sample, row[f"r{i}"])


def audit_new(lease: Lease, relation: str, table: str, constraints: Constraints) -> None:
    """Raise the error of the first constraint that cannot be added to a table (`table`, as messages
    name it) because rows that are there break it."""
    rules = _rules(constraints)
    names = [f"NOT NULL constraint on {name}" for name in constraints.not_null]
    names += [f"CHECK constraint ({condition})" for condition in constraints.checks.values()]
    for (broken, (condition, _, _)), name in zip(rules, names, strict=True):
        counted = f"select count(*) as n from {relation} where {broken}"
        count = lease.query(counted).to_pylist()[0]["n"]
        if count:
            kind = "NOT_NULL" if "NOT_NULL" in condition else "CHECK_CONSTRAINT"
            raise SqlError(
                f"DELTA_NEW_{kind}_VIOLATION",
                f"{count} rows in {table} violate the new {name}. Correct them first.",
                "23512",
            )


def audit_key(lease: Lease, relation: str, key: PrimaryKey) -> None:
    """Raise if a primary key is not unique over the whole of `relation`."""
    columns = ", ".join(quote_name(c) for c in key.columns)
    found = lease.query(
        f"select {columns}, count(*) as n__ from {relation} group by {columns} "
        "having count(*) > 1 limit 1"
    ).to_pylist()
    if found:
        values = ", ".join(f"{c}={found[0][c]!r}" for c in found[0] if c != "n__")
        raise SqlError(
            "PRIMARY_KEY_VIOLATION",
            f"The primary key {quoted([key.name])} is not unique: {found[0]['n__']} rows have "
            f"{values}. Nothing was written; remove the duplicates first.",
            "23505",
        )


_Error = tuple[str, str, str]


def _rules(constraints: Constraints) -> list[tuple[str, _Error]]:
    """Conditions that are true for a broken row, with condition, message and SQLSTATE. As in
    Delta, a CHECK that is neither true nor false (NULL) is broken."""
    rules: list[tuple[str, _Error]] = []
    for name in constraints.not_null:
        message = f"NOT NULL constraint violated for column: {name}."
        error = ("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", message, "23502")
        rules.append((f"{quote_name(name)} is null", error))
    for name, length in constraints.lengths.items():
        message = f"Exceeds char/varchar type length limitation: {length} in column {name}."
        rules.append(
            (f"length({quote_name(name)}) > {length}", ("EXCEED_LIMIT_LENGTH", message, "54006"))
        )
    for name, condition in constraints.checks.items():
        message = f"CHECK constraint {name} ({condition}) violated by row with values:"
        error = ("DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", message, "23001")
        rules.append((f"not coalesce(({condition}), false)", error))
    return rules


def _violation(error: _Error, row: Mapping[str, Any], count: int) -> SqlError:
    condition, message, sqlstate = error
    values = ", ".join(f"{name} : {value}" for name, value in row.items())
    return SqlError(condition, f"{message} [{values}] ({count} such rows).", sqlstate)
