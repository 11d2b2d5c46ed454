"""Equality of content: a multiset of rows in which null equals null."""

from __future__ import annotations

import pytest

from f1mesh.publication.content import same_content
from tests.publication.garage import Garage

A: dict[str, str] = {}
B = {"car_id": "'c2'"}
NULLS = {"nationality": "cast(null as string)", "mechanic": "cast(null as string)"}
SHIFTED = {"nationality": "cast(null as string)", "mechanic": "'British'"}
UNSHIFTED = {"nationality": "'British'", "mechanic": "cast(null as string)"}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ((A, B), (B, A), True),
        ((A, A, B), (A, B, B), False),
        ((A, A, B), (A, B), False),
        ((A, NULLS), (NULLS, A), True),
        ((NULLS, NULLS), (NULLS, A), False),
        ((SHIFTED,), (UNSHIFTED,), False),
        ((A, A), (A, A), True),
    ],
)
def test_rows_are_compared_with_duplicates_and_nulls(
    garage: Garage,
    one: tuple[dict[str, str], ...],
    other: tuple[dict[str, str], ...],
    equal: bool,
) -> None:
    garage.build(*one)
    garage.build(*other)

    assert same_content(garage.connection, garage.contract, garage.table, 0, 1) is equal
