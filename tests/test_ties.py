"""What is bent of libraries' insides: a test fails when a library can do without it by now.

Then the file that is named in the failure goes, and its test with it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from databricks import sql as connector
from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from urllib3.exceptions import MaxRetryError

from f1mesh.connector_ties import LOCAL_PATIENCE, PLAIN_ADDRESS, local_options
from f1mesh.services import free_port
from f1mesh.warehouse.sql.spans import SpannedDatabricks, span

TEXT = "select a.b + f(c, -1)::int from t"


def test_the_connector_gives_up_soon_when_asked_by_its_private_words() -> None:
    address = f"http://127.0.0.1:{free_port()}/none"
    began = time.monotonic()

    with pytest.raises(MaxRetryError):
        connector.connect(
            server_hostname="127.0.0.1",
            http_path="/none",
            access_token="none",
            enable_telemetry=False,
            **local_options(address),
        )

    assert time.monotonic() - began < 30


def test_the_connector_has_no_public_words_for_its_patience() -> None:
    """connector_ties.py may go when it has."""
    from databricks.sql.backend import thrift_backend

    source = inspect.getsource(thrift_backend) + inspect.getsource(connector.client)

    for private in (*LOCAL_PATIENCE, PLAIN_ADDRESS):
        assert f'"{private}"' in source, f"{private} is not read any more"
        assert f'"{private.removeprefix("_")}"' not in source


def test_the_cdk_parses_the_schema_of_manifests_again_each_time() -> None:
    """ingestion/readers/cdk_ties.py may go when it does not."""
    code = (
        "from airbyte_cdk.sources.declarative import concurrent_declarative_source as cdk;"
        "from f1mesh.ingestion.readers.cdk_ties import component_schema, parse_schema_once;"
        "one, two = (cdk._get_declarative_component_schema() for _ in range(2));"
        "used = 'schema = _get_declarative_component_schema()' in open(cdk.__file__).read();"
        "parse_schema_once();"
        "ours = cdk._get_declarative_component_schema() is component_schema();"
        "print([one is two, one == component_schema(), used, ours])"
    )

    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.lower()) == [False, True, True, True]


def test_a_data_frame_of_spark_connect_has_no_batches() -> None:
    """warehouse/pyspark_ties.py may go when it has."""
    package = importlib.util.find_spec("pyspark")
    assert package
    file = Path(str(package.origin)).parent / "sql" / "connect" / "dataframe.py"
    (frame,) = [
        node
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "DataFrame"
    ]
    methods = {node.name for node in frame.body if isinstance(node, ast.FunctionDef)}

    assert {name for name in methods if "arrow" in name.lower()} == {"mapInArrow", "toArrow"}
    assert {name for name in methods if "batch" in name.lower()} == set()


def test_sqlglots_own_parser_keeps_no_place_of_operands() -> None:
    """The parser in warehouse/sql/spans.py may go when it does."""
    kinds = exp.Add | exp.Cast
    own, bent = (d.parse(TEXT)[0] for d in (Databricks(), SpannedDatabricks()))
    assert own is not None
    assert bent is not None

    assert [dict(n.meta) for n in own.walk() if isinstance(n, kinds)] == [{}] * 2
    places = [span(node) for node in bent.walk() if isinstance(node, kinds)]
    assert [TEXT[p[0] : p[1]] for p in places if p] == ["a.b + f(c, -1)::int", "f(c, -1)::int"]


def test_ties_are_to_the_versions_that_are_locked(root: Path) -> None:
    from tests.architecture.ties import locked_version, ties

    found = ties(root)

    assert {tie.library for tie in found} >= {"astronomer-cosmos", "airbyte-cdk", "sqlglot"}
    for tie in found:
        assert tie.version == locked_version(root, tie.library), tie.file
        assert (root / tie.test).is_file(), tie.file
