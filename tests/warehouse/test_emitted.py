"""The statements that dbt-databricks emitted on real builds, in their order, one by one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from databricks.sql.exc import Error

from tests.warehouse.client import Client

pytestmark = pytest.mark.e2e


@pytest.fixture
def statements(root: Path) -> list[str]:
    shared = os.environ.get("F1_SHARED_REFERENCE") or root.parent / "shared" / "reference"
    file = Path(shared) / "emitted_statements.jsonl"
    if not file.is_file():
        pytest.skip(f"no recorded statements: {file} does not exist (set F1_SHARED_REFERENCE)")
    return [json.loads(line)["sql"] for line in file.read_text().splitlines()]


def test_every_statement_is_honoured(sql: Client, statements: list[str]) -> None:
    sql.run("create catalog if not exists dev", "use catalog dev")
    failures = []
    for statement in statements:
        try:
            sql.rows(statement)
        except Error as error:
            failures.append(f"{' '.join(statement.split())[:200]} -> {error}")

    assert len(statements) > 200
    assert failures == []
