"""Back to a good version by one command, forward by the next good run."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from f1mesh.errors import PermanentError
from f1mesh.publication.publish import ContractBroken
from f1mesh.publication.retention import versions_to_keep
from tests.publication.garage import Garage

SECOND, THIRD = {"car_id": "'c2'"}, {"car_id": "'c3'"}
BAD = {"car_id": "'c9'", "wheels": "9"}


@pytest.fixture
def versions(garage: Garage) -> list[int]:
    """Three good versions with a bad one between the first two."""
    garage.build({})
    first = garage.publish().version
    garage.build({}, BAD)
    with pytest.raises(ContractBroken):
        garage.publish()
    garage.build({}, SECOND)
    second = garage.publish().version
    garage.build({}, SECOND, THIRD)
    return [first, second, garage.publish().version]


def test_it_goes_to_the_good_version_before(garage: Garage, versions: list[int]) -> None:
    pointer = garage.rollback()

    assert (pointer.version, pointer.rows) == (versions[1], 2)
    assert garage.consumers_see() == ["c1", "c2"]
    assert garage.actions()[-1] == ("rolled_back", versions[1])

    assert garage.rollback().version == versions[0]
    with pytest.raises(PermanentError, match="no good version before"):
        garage.rollback()


def test_it_goes_to_the_version_that_was_asked_for(garage: Garage, versions: list[int]) -> None:
    assert garage.rollback(to=versions[0]).version == versions[0]
    assert garage.consumers_see() == ["c1"]
    assert garage.rollback(to=versions[2]).version == versions[2]


def test_it_is_undone_by_the_next_good_run(garage: Garage, versions: list[int]) -> None:
    garage.rollback()

    garage.build({}, SECOND, THIRD)
    done = garage.publish()

    assert done.moved
    assert garage.consumers_see() == ["c1", "c2", "c3"]


def test_a_version_that_never_passed_is_refused_with_those_that_did(
    garage: Garage, versions: list[int]
) -> None:
    bad = versions[0] + 1
    with pytest.raises(
        PermanentError, match=rf"never passed.*: {versions[1]} \(.*, {versions[0]} \("
    ):
        garage.rollback(to=bad)

    assert garage.consumers_see() == ["c1", "c2", "c3"]


def test_a_version_whose_files_are_gone_is_refused(garage: Garage, versions: list[int]) -> None:
    (detail,) = garage.sql(f"describe detail {garage.table}")
    for file in DeltaTable(detail["location"], version=versions[1]).file_uris():
        Path(file.removeprefix("file://")).unlink()

    with pytest.raises(PermanentError, match="cannot be read any more"):
        garage.rollback()

    assert garage.consumers_see() == ["c1", "c2", "c3"]


def test_what_was_never_published_cannot_go_back(garage: Garage) -> None:
    with pytest.raises(PermanentError, match="never published"):
        garage.rollback()


def test_vacuum_must_keep_the_published_and_the_good_versions(
    garage: Garage, versions: list[int]
) -> None:
    keep = versions_to_keep(garage.connection, garage.schemas, garage.contract, depth=2)
    assert keep == {versions[1], versions[2]}

    garage.rollback(to=versions[0])
    keep = versions_to_keep(garage.connection, garage.schemas, garage.contract, depth=2)
    assert keep == set(versions)
