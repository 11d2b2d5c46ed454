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

from f1mesh.client import Target
from tests.warehouse.client import Client

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


@pytest.mark.long
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


def test_the_platforms_profile_names_a_host_that_is_the_same_each_time(shop: Shop) -> None:
    """Else dbt parses the project anew in each run, for the warehouse has another port."""
    profiles = Path(__file__).parents[2] / "platform" / "dbt"

    printed = shop.dbt("debug", "--profile", "f1mesh", "--profiles-dir", str(profiles))

    assert "Connection test: [OK connection ok]" in printed
    assert "host: 127.0.0.1\n" in printed


SNAPSHOTS = """
snapshots:
  - name: dated_invalidate
    relation: ref('dated')
    config: {unique_key: id, strategy: timestamp, updated_at: changed_on, hard_deletes: invalidate}
  - name: dated_new_record
    relation: ref('dated')
    config: {unique_key: id, strategy: timestamp, updated_at: changed_on, hard_deletes: new_record}
"""


def test_a_snapshot_by_a_date_runs_again(shop: Shop, sql: Client) -> None:
    (shop.folder / "models" / "dated.sql").write_text(
        "select id, name, cast(updated_at as date) as changed_on from {{ ref('raw_customers') }}"
    )
    (shop.folder / "snapshots" / "dated.yml").write_text(SNAPSHOTS)
    chosen = (
        "build",
        "--exclude-resource-type",
        "test",
        "unit_test",
        "-s",
        "raw_customers",
        "dated+",
    )
    header = "id,name,updated_at\n"
    shop.seed("raw_customers", f"{header}1,Anna,2024-01-01 00:00:00\n2,Bob,2024-01-01 00:00:00\n")
    shop.dbt(*chosen)
    shop.seed("raw_customers", f"{header}1,Anne,2024-05-02 00:00:00\n3,Cleo,2024-05-02 00:00:00\n")
    shop.dbt(*chosen)
    shop.dbt(*chosen)

    versions = "select id, name, dbt_valid_to is null as open from {} order by id, dbt_valid_from"
    assert sql.values(versions.format("dated_invalidate")) == [
        (1, "Anna", False),
        (1, "Anne", True),
        (2, "Bob", False),
        (3, "Cleo", True),
    ]
    assert sql.values("select id from dated_new_record where dbt_is_deleted") == [2]
    assert sql.rows("describe dated_invalidate")[2]["data_type"] == "date"


STRUCTS = """
unit_tests:
  - name: structs_by_position
    model: structs
    overrides: {macros: {is_incremental: true}}
    given: [{input: this, rows: [{id: 1}]}]
    expect:
      rows:
        - {id: 1, Attrs: 'named_struct("aB", 1, "Name", "x")', amt: 1.5}
        - {id: 2, Attrs: 'named_struct("aB", 2, "Name", "y")', amt: 2.5}
"""


def test_a_unit_test_of_a_struct_runs(shop: Shop, sql: Client) -> None:
    """dbt-databricks casts the expected rows to a type whose names it wrote in lower case."""
    (shop.folder / "models" / "structs.sql").write_text(
        "{{ config(materialized='incremental', unique_key='id') }}\n"
        "select 1 as id, named_struct('aB', 1, 'Name', 'x') as Attrs,"
        " cast(1.5 as decimal(10,2)) as amt\n"
        "{% if is_incremental() %} union all select 2, named_struct('aB', 2, 'Name', 'y'),"
        " cast(2.5 as decimal(10,2)) {% endif %}"
    )
    (shop.folder / "models" / "structs.yml").write_text(STRUCTS)
    shop.dbt("run", "-s", "structs")

    assert "PASS=1" in shop.dbt("test", "-s", "structs")
    assert sql.value("select Attrs from structs") == {"aB": 1, "Name": "x"}
    (created,) = sql.values("show create table structs")
    assert "STRUCT<aB: INT, Name: STRING>" in created
