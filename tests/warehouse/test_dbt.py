"""dbt-databricks, unchanged, on the embedded warehouse: a small project that uses every
materialization and incremental strategy, built twice over changing data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from tests.warehouse.client import Client

from f1mesh.client import Target

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parent / "project"


@dataclass(frozen=True)
class Shop:
    """A copy of the project, and how to run dbt on it."""

    folder: Path
    environment: dict[str, str]

    def dbt(self, *arguments: str) -> str:
        """What dbt printed. Raises if it failed."""
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment, "DBT_PROFILES_DIR": str(self.folder)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def seed(self, name: str, text: str) -> None:
        (self.folder / "seeds" / f"{name}.csv").write_text(text)


@pytest.fixture
def shop(tmp_path: Path, target: Target, sql: Client) -> Shop:
    folder = tmp_path / "shop"
    shutil.copytree(PROJECT, folder)
    return Shop(folder, {**target.environment(), "SHOP_SCHEMA": sql.schema})


def test_a_project_is_built_twice(shop: Shop, sql: Client) -> None:
    assert "Completed successfully" in shop.dbt("build")

    first = sql.value("select count(*) from inc_merge")
    shop.seed(
        "raw_orders",
        "id,customer_id,order_date,status,amount,active\n"
        "2,1,2024-02-16,placed,21,false\n"
        "3,2,2024-03-16,placed,5,true\n"
        "4,2,2024-04-16,placed,7,true\n",
    )
    shop.seed(
        "raw_customers",
        "id,name,updated_at\n1,Anna O'Neil,2024-01-01 00:00:00\n2,Bobby,2024-05-02 00:00:00\n",
    )
    shop.dbt("seed")
    assert "Completed successfully" in shop.dbt("build", "--exclude-resource-type", "unit_test")

    assert first == 3
    _incrementals_are_right(sql)
    _snapshots_are_right(sql)
    _contract_holds(sql)


def _incrementals_are_right(sql: Client) -> None:
    merged = [
        (1, Decimal("10.50")),
        (2, Decimal("21.00")),
        (3, Decimal("5.00")),
        (4, Decimal("7.00")),
    ]
    for model in ("inc_merge", "inc_overwrite", "inc_delete_insert", "inc_replace_where"):
        found = sql.values(f"select order_id, amount from {model} order by order_id")
        assert found == merged, model
    assert sql.value("select count(*) from inc_append") == 6
    assert sql.values("select order_id, late from inc_new_column order by 1") == [
        (1, None),
        (2, "placed"),
        (3, "placed"),
        (4, "placed"),
    ]
    evolved = sql.values("select order_id, late from inc_evolving order by 1")
    assert evolved == [(2, "placed"), (3, "placed"), (4, "placed")]
    assert sql.values("select order_id from inc_microbatch order by 1") == [2, 3, 4]


def _snapshots_are_right(sql: Client) -> None:
    versions = "select id, name, dbt_valid_to is null as open from {} order by id, dbt_valid_from"
    assert sql.values(versions.format("snap_timestamp")) == [
        (1, "Anna O'Neil", True),
        (2, "Bob", False),
        (2, "Bobby", True),
        (3, 'Zoë "Z" \\n', False),
    ]
    assert sql.value("select count(*) from snap_check where dbt_is_deleted") == 1


def _contract_holds(sql: Client) -> None:
    assert "NOT_NULL" in sql.fails("insert into orders_contract values (null, 'x', 1)")
    assert "CHECK" in sql.fails("insert into orders_contract values (9, 'x', -1)")
    assert "PRIMARY_KEY" in sql.fails("insert into orders_contract values (4, 'x', 1)")
    assert ("team", "core") in sql.values(
        "select tag_name, tag_value from information_schema.table_tags "
        f"where schema_name = '{sql.schema}' and table_name = 'orders_contract'"
    )


def test_a_broken_contract_fails_the_build(shop: Shop, sql: Client) -> None:
    shop.seed(
        "raw_orders", (PROJECT / "seeds/raw_orders.csv").read_text() + "3,1,2024-05-01,x,1,true\n"
    )

    with pytest.raises(AssertionError, match="PRIMARY_KEY_VIOLATION"):
        shop.dbt("build", "--exclude-resource-type", "test", "unit_test", "-s", "+orders_contract")


def test_freshness_and_docs(shop: Shop, sql: Client) -> None:
    shop.dbt("build", "-s", "raw_orders", "raw_customers", "stg_orders", "orders_contract")

    assert "PASS freshness of landed.raw_customers" in shop.dbt("source", "freshness")

    shop.dbt("docs", "generate")
    catalog = json.loads((shop.folder / "target" / "catalog.json").read_text())
    nodes = catalog["nodes"]
    assert nodes["model.shop.orders_contract"]["metadata"]["comment"] == "With a contract."
    assert nodes["model.shop.stg_orders"]["metadata"]["comment"] == (
        "Orders as they came; it's a view."
    )
    assert list(nodes["model.shop.orders_contract"]["columns"]) == ["order_id", "status", "amount"]
