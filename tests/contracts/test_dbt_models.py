"""The YAML of a dbt model as its contract has it: what is written, and what stays."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from f1mesh.contracts.dbt_models import Draft
from f1mesh.contracts.model import Contract, load_contract
from f1mesh.errors import PermanentError
from f1mesh.registry import Owner
from tests.contracts.conftest import CONTRACT

BY_HAND = """\
# Cars, by hand.
version: 2

models:
  - name: other
    description:   'kept  as it is'   # also this
    columns: [{name: x}]

  # The car itself.
  - name: dim_car
    config: {tags: [by, hand]}
    description: Old.
    columns:
      # its key
      - name: car_id
        data_tests: [unique]   # not generated
        data_type: bigint
        constraints:
          - {type: check, expression: "car_id > ''"}
      - {name: wheels, data_type: int, meta: {unit: "1"}}
      # of points we know:
      - name: points
        data_type: decimal(10,2)
        description: "Points it won."
        constraints: [{type: not_null}]
        # they are tested, too
        data_tests:
          - not_null:
              config: {severity: warn}

    data_tests:
      # the key of all
      - f1mesh.unique_key: {arguments: {columns: [car_id]}}

unit_tests:
  - name: wheels_roll
    model: dim_car
    given: [{input: ref('x'), rows: [{a: 1}]}]
    expect: {rows: []}
"""


@pytest.fixture
def by_hand() -> Draft:
    return Draft(Path("dim_car.yml"), BY_HAND)


def model_of(draft: Draft, name: str = "dim_car") -> dict[str, Any]:
    models = yaml.safe_load(draft.text)["models"]
    return next(model for model in models if model["name"] == name)


def is_required(column: dict[str, Any]) -> bool:
    return {"type": "not_null"} in column.get("constraints", [])


def test_the_contract_says_description_and_columns(by_hand: Draft, contract: Contract) -> None:
    model = model_of(by_hand.described_by(contract))

    assert model["description"] == "One row per car. " + contract.description
    assert [(c["name"], c["data_type"], c["description"]) for c in model["columns"]] == [
        (c.name, c.physical_type, c.description) for c in contract.columns
    ]
    required = {c["name"] for c in model["columns"] if is_required(c)}
    assert required == {c.name for c in contract.columns if c.required}


def test_every_line_that_was_written_by_hand_stays(by_hand: Draft, contract: Contract) -> None:
    done = by_hand.described_by(contract).text.split("\n")
    owned = re.compile(r"\s+-? ?(description: Old|data_type: bigint|constraints:|- \{(type|name))")
    kept = [line for line in BY_HAND.split("\n") if not owned.match(line)]

    assert len(kept) > 30
    assert [line for line in kept if line.strip() not in map(str.strip, done)] == []
    assert model_of(by_hand.described_by(contract))["columns"][0]["constraints"] == [
        {"type": "not_null"},
        {"type": "check", "expression": "car_id > ''"},
    ]
    assert next(c for c in model_of(by_hand.described_by(contract))["columns"] if "meta" in c)


def test_a_comment_stays_above_its_column(by_hand: Draft, contract: Contract) -> None:
    lines = by_hand.described_by(contract).text.split("\n")

    assert "name: points" in lines[lines.index("      # of points we know:") + 1]
    assert "name: car_id" in lines[lines.index("      # its key") + 1]
    assert lines[lines.index("    data_tests:") + 1] == "      # the key of all"


def test_what_is_right_is_not_touched(by_hand: Draft, contract: Contract) -> None:
    done = by_hand.described_by(contract)
    again = Draft(done.path, done.text).described_by(contract)

    assert done.differences
    assert again == Draft(done.path, done.text)


def test_each_difference_names_its_line(by_hand: Draft, contract: Contract) -> None:
    lines = BY_HAND.split("\n")
    differences = by_hand.described_by(contract).differences

    told = [(lines[p.line - 1].strip()[:20], p.message[:40]) for p in differences]

    assert told == [
        ("description: Old.", "must be: One row per car. Cars of the ga"),
        ("columns:", "lacks nationality, mechanic, built_at"),
        ("data_type: bigint", "of car_id must be 'string'"),
        ("- name: car_id", "of car_id must be 'The car's chassis num"),
        ("constraints:", "of car_id must be [{'type': 'not_null'},"),
        ("- {name: wheels, dat", "of wheels must be 'Number of wheels.'"),
        ("- {name: wheels, dat", "of wheels must be [{'type': 'not_null'}]"),
        ("constraints: [{type:", "of points must be absent"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: points", "name: pints", ":22: models[1].columns[2]: pints is no column"),
        ("  - name: other\n", "  - {name: other,\n", "is not YAML"),
        ("data_type: bigint", "<<: {data_type: bigint}", "block style"),
        ("data_type: bigint", "data_type: &kind bigint\n        meta: {of: *kind}", "is not YAML"),
    ],
)
def test_what_cannot_be_written_is_told_and_nothing_is_lost(
    contract: Contract, old: str, new: str, message: str
) -> None:
    assert old in BY_HAND
    draft = Draft(Path("dim_car.yml"), BY_HAND.replace(old, new, 1))

    with pytest.raises(PermanentError, match=re.escape(message)) as raised:
        draft.described_by(contract)
    assert "dim_car.yml:" in str(raised.value)


def test_an_owner_is_that_of_the_domain() -> None:
    text = (
        "groups:\n"
        "  - name: garage\n"
        "    owner: {name: old, email: old@x, slack: '#garage'}  # slack by hand\n"
        "exposures:\n"
        "  - name: board\n"
        "    type: analysis\n"
    )
    done = Draft(Path("_groups.yml"), text).owned_by(Owner(team="garage", email="g@x"))

    content = yaml.safe_load(done.text)
    assert content["groups"][0]["owner"] == {"name": "garage", "email": "g@x", "slack": "#garage"}
    assert content["exposures"][0]["owner"] == {"name": "garage", "email": "g@x"}
    assert [problem.line for problem in done.differences] == [3, 5]


@pytest.mark.parametrize("seed", range(60))
def test_random_contracts_are_what_the_model_says(seed: int, tmp_path: Path) -> None:
    """Whatever becomes of the contract: the model has its columns, what is written by hand stays,
    and a second time changes nothing."""
    random_ = random.Random(seed)
    path = tmp_path / CONTRACT.name
    path.write_text(yaml.safe_dump(shaken(random_), sort_keys=False, allow_unicode=True))
    contract = load_contract(path)

    done = Draft(Path("dim_car.yml"), BY_HAND).described_by(contract)

    model = model_of(done)
    assert [
        (c["name"], c["data_type"], c["description"], is_required(c)) for c in model["columns"]
    ] == [(c.name, c.physical_type, c.description, c.required) for c in contract.columns]
    assert Draft(done.path, done.text).described_by(contract).text == done.text
    for line in ("# its key", "# of points we know:", "# they are tested, too", "# the key of all"):
        assert line in done.text
    assert done.text.endswith(BY_HAND[BY_HAND.index("    data_tests:\n      # the key") :])


WORDS = (
    "points", "won:", "#1", "'quoted'", '"twice"', "- dash", "{brace}", "[list]", "|", ">", "%",
    "@at", "née", "日本", "x" * 120, "\\", "null", "1.0", "yes", "~", "`tick`", "a,b", "&anchor",
    "*alias", "!",
)  # fmt: skip
TYPES = ("string", "int", "DECIMAL(12, 3)", "array<struct<a:int>>", "timestamp", "map<string,int>")


def shaken(random_: random.Random) -> dict[str, Any]:
    """The contract with other descriptions, types, nulls, order and columns."""
    content: dict[str, Any] = yaml.safe_load(CONTRACT.read_text())
    table = content["schema"][0]
    kept = [c for c in table["properties"] if c["name"] in ("car_id", "wheels", "points")]
    others = [c for c in table["properties"] if c not in kept and random_.random() < 0.6]
    fresh = [
        {"name": f"new_{n}", "physicalType": "int", "description": "x", "required": False}
        for n in range(random_.randrange(4))
    ]
    columns = [*kept, *others, *fresh]
    random_.shuffle(columns)
    for column in columns:
        column["description"] = " ".join(random_.choices(WORDS, k=random_.randint(1, 30)))
        column["physicalType"] = random_.choice(TYPES)
        column["required"] = bool(column.get("primaryKey")) or random_.random() < 0.5
    table["properties"] = columns
    table["description"] = " ".join(random_.choices(WORDS, k=8))
    table.pop("quality", None)
    return content
