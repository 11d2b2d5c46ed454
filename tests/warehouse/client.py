"""A thin client for the tests: rows as dictionaries, errors as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from databricks.sql.client import Connection
from databricks.sql.exc import Error

Parameters = Mapping[str, Any] | Sequence[Any] | None


@dataclass(frozen=True)
class Client:
    """One connection, whose current schema is empty at first."""

    connection: Connection
    schema: str

    def rows(self, statement: str, parameters: Parameters = None) -> list[dict[str, Any]]:
        """All rows of a statement."""
        names, rows = self._fetch(statement, parameters)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _fetch(
        self, statement: str, parameters: Parameters
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            if not cursor.description:
                return [], []
            found = cursor.fetchall_arrow()
            columns = [column.to_pylist() for column in found.columns]
            return found.column_names, list(zip(*columns, strict=True))

    def run(self, *statements: str) -> None:
        """Run statements whose rows do not matter."""
        for statement in statements:
            self.rows(statement)

    def values(self, statement: str, parameters: Parameters = None) -> list[Any]:
        """The rows as tuples, or as bare values where there is one column."""
        _, rows = self._fetch(statement, parameters)
        return [row[0] if len(row) == 1 else row for row in rows]

    def value(self, statement: str, parameters: Parameters = None) -> Any:
        """The only value of a result."""
        (found,) = self.values(statement, parameters)
        return found

    def fails(self, statement: str, parameters: Parameters = None) -> str:
        """The error that a statement must raise."""
        with pytest.raises(Error) as caught:
            self.rows(statement, parameters)
        return str(caught.value)
