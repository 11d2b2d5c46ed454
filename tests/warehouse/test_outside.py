"""No statement reads or writes what the catalog does not name."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.holding import hold
from tests.warehouse.client import Client

READERS = [
    "text.`{file}`", "csv.`{file}`", "json.`{file}`", "parquet.`{file}`", "binaryFile.`{file}`",
    "orc.`{file}`", "avro.`{file}`", "delta.`{folder}`", "delta.`file://{folder}`",
    "Delta.`{folder}` version as of 0", "`text`.`{file}`", "TEXT.`{file}` as t",
    "identifier('text.`{file}`')", "identifier('delta.`{folder}`')",
    "identifier(concat('text.`', '{file}`'))", "identifier('text' || '.`{file}`')",
    "IDENTIFIER ( 'text.`{file}`' )", "read_files('{file}')",
    "read_files('{file}', format => 'text')",
    "read_csv('{file}')", "'{file}'", "text('{file}')", "parquet_scan('{file}')", "glob('/*')",
    "csv_scan('{file}')", "(select * from text.`{file}`)", "table(text('{file}'))",
]  # fmt: skip
SHAPES = [
    "select * from {source}",
    "with a as (select * from {source}) select * from a",
    "select 1 where exists (select 1 from {source})",
    "select (select count(*) from {source})",
    "insert into mine select 1 from {source}",
    "create table copied as select * from {source}",
    "create view seen as select * from {source}",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret\n")
    return secret


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A Delta table that belongs to somebody else."""
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path / "foreign"), pa.table({"a": ["the secret"]}))
    return tmp_path / "foreign"


@pytest.mark.parametrize("source", READERS)
def test_no_statement_reads_a_file(sql: Client, file: Path, foreign: Path, source: str) -> None:
    sql.run("create table mine (a int)")
    source = source.format(file=file, folder=foreign)

    messages = [sql.fails(shape.format(source=source)) for shape in SHAPES]

    assert len(messages) == len(SHAPES)
    assert not any("secret\n" in message for message in messages)
    assert sql.value("select count(*) from mine") == 0
    assert [row["tableName"] for row in sql.rows("show tables")] == ["mine"]


@pytest.mark.parametrize(
    "statement",
    [
        "create table w (a int) location '{folder}/new'",
        "create table w location '{folder}/new' as select 1 as a",
        "create table w location '{foreign}'",
        "create table w (a int) location 'file://{folder}/new'",
        "create table w (a int) location '{open}/../escape'",
        "create table w (a int) location '{open}/link/new'",
        "create table w (a int) location '{warehouse}/tables/x'",
        "insert overwrite directory '{folder}/new' select 1",
        "insert overwrite local directory '{folder}/new' select 1",
        "copy into w from '{folder}'",
        "create table w using csv location '{folder}'",
        "create table w using csv options (path '{folder}')",
        "create table w shallow clone delta.`{foreign}`",
        "merge into delta.`{foreign}` t using (select 1 a) s on true when matched then delete",
        "delete from delta.`{foreign}`",
        "update delta.`{foreign}` set a = 'x'",
        "insert into delta.`{foreign}` values ('x')",
        "add jar '{folder}/x.jar'",
    ],
)
def test_no_statement_writes_outside(
    sql: Client, foreign: Path, open_folder: Path, tmp_path: Path, statement: str
) -> None:
    link = open_folder / "link"
    if not link.is_symlink():
        link.symlink_to(tmp_path)
    sql.run("create table own (a int)")
    warehouse = Path(sql.rows("describe detail own")[0]["location"]).parents[1]
    before = sorted(str(p) for p in tmp_path.rglob("*"))

    sql.fails(
        statement.format(folder=tmp_path, foreign=foreign, open=open_folder, warehouse=warehouse)
    )

    assert sorted(str(p) for p in tmp_path.rglob("*")) == before
    assert not (open_folder.parent / "escape").exists()


def test_identifier_means_the_name_that_it_holds(sql: Client) -> None:
    sql.run("create table pilots as select 7 as `the id`")

    assert sql.value("select * from identifier('pilots')") == 7
    assert sql.value(f"select * from identifier('f1_local.{sql.schema}.pilots') as p") == 7
    assert sql.value("select identifier('`the id`') from pilots") == 7


def test_a_table_of_the_catalog_is_read_by_its_path(sql: Client) -> None:
    sql.run("create table known as select 7 as a")
    location = sql.rows("describe detail known")[0]["location"]

    assert sql.value(f"select a from delta.`{location}`") == 7
    assert sql.value(f"select a from delta.`{location}` version as of 0") == 7


def test_a_statement_with_a_nul_byte_is_refused(sql: Client) -> None:
    assert "NUL" in sql.fails("select 'a\0b'")


@pytest.mark.parametrize(
    "expression",
    [
        "java_method('java.lang.System', 'getenv', 'HOME')",
        "upper(reflect('java.lang.System', 'getenv'))",
        "try_reflect('java.lang.System', 'getenv')",
        "input_file_name()",
        "input_file_block_start()",
        "transform(array(1), x -> INPUT_FILE_NAME())",
    ],
)
def test_no_function_reaches_outside_on_any_engine(sql: Client, expression: str) -> None:
    sql.run("create table mine (a string)")

    for shape in (
        "select {}",
        "select * from mine where a = {}",
        "create view v as select {} as x",
    ):
        assert "[UNSUPPORTED_FEATURE]" in sql.fails(shape.format(expression))


@pytest.mark.parametrize(
    "source",
    [
        "lateral view read_files('{file}') t as x",
        "lateral view outer flatten(array('{file}')) t as x",
        ", lateral read_files('{file}') t",
        "cross join lateral csv_scan('{file}')",
    ],
)
def test_a_lateral_source_is_a_query_or_a_known_function(
    sql: Client, file: Path, source: str
) -> None:
    text = f"select * from range(2) {source.format(file=file)}"

    assert "[UNSUPPORTED_FEATURE]" in sql.fails(text)
    assert sql.value("select count(*) from range(2) lateral view explode(array(1, 2)) t as x") == 4
    assert sql.value("select count(*) from range(2), lateral (select 1 as a) t") == 2


LAST_LOOK = [
    "select * from text.`/etc/passwd`",
    "select * from a union all table `TEXT` . `/etc/passwd`",
    "select * from parquet /* c */ . `s3://bucket/key`",
    "something unheard of delta.`/elsewhere`",
    "select * from delta.`/placed` version as of 1, delta.`/placed/../elsewhere`",
]


@pytest.mark.parametrize("text", LAST_LOOK)
def test_a_path_that_was_not_placed_never_reaches_the_engine(text: str) -> None:
    with pytest.raises(SqlError, match="UNSUPPORTED_FEATURE"):
        hold(text, {"delta.`/placed`"})


@pytest.mark.parametrize(
    "text",
    [
        "select * from delta.`/placed` version as of 1",
        "select 'text.`/etc/passwd`' as a, text.a, json.`a b` from delta.`/placed` as text",
        "select 1 -- text.`/etc/passwd`",
    ],
)
def test_what_was_placed_and_what_is_no_path_passes(text: str) -> None:
    assert hold(text, {"delta.`/placed`"}) == text
