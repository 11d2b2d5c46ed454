"""Names of schemas with and without a prefix, and answers that follow them."""

from __future__ import annotations

from pathlib import Path

import pytest

from f1mesh.answers import placed, questions
from f1mesh.errors import PermanentError
from f1mesh.registry import load_mesh
from f1mesh.schemas import Schemas, is_raw

PLAIN, OWN = Schemas("f1_dev"), Schemas("f1_dev", "pr_7_")


def test_every_name_begins_with_the_prefix() -> None:
    for schemas, prefix in ((PLAIN, ""), (OWN, "pr_7_")):
        assert schemas.raw("drivers") == f"{prefix}drivers_raw"
        assert schemas.marts("drivers") == f"{prefix}drivers_marts"
        assert schemas.published("drivers") == f"{prefix}drivers"
        assert schemas.mesh == f"f1_dev.{prefix}mesh"
        assert schemas.table("drivers", "dim_driver") == f"f1_dev.{prefix}drivers_marts.dim_driver"
        assert schemas.view("drivers", "dim_driver") == f"f1_dev.{prefix}drivers.dim_driver"
        assert is_raw(schemas.raw("drivers"))
        assert not is_raw(schemas.marts("drivers"))


def test_the_environment_names_catalog_and_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Schemas.of_environment("f1_dev") == PLAIN
    monkeypatch.setenv("F1_CATALOG", "f1_prod")
    monkeypatch.setenv("F1_SCHEMA_PREFIX", "pr_7_")

    assert Schemas.of_environment() == Schemas("f1_prod", "pr_7_")


@pytest.mark.parametrize("prefix", ["pr-7_", "PR_7_", "pr_7", "7_", "a b_", "x`_", "pr_7_\n"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(PermanentError, match="F1_SCHEMA_PREFIX"):
        Schemas("f1_dev", prefix)


def test_answers_read_the_products_of_their_own_schemas(root: Path) -> None:
    mesh = load_mesh(root)
    asked = questions(mesh)

    assert len(asked) > 3
    for question in asked:
        sql = placed(question, OWN)
        assert placed(question, PLAIN) == question.sql
        assert "f1_dev.pr_7_" in sql
        assert sql.replace("f1_dev.pr_7_", "") == question.sql
