"""Where the people of Formula 1 mislead a data model: what is published survives it, on a genuine
release, whose own files are what is expected."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.mesh import Ask
from tests.support.releases import release_table

pytestmark = pytest.mark.e2e


def test_people_are_known_by_their_id_and_never_by_name_code_or_number(
    ask: Ask, f1db_zip: Path
) -> None:
    [ours] = ask(
        "select count(*) as drivers, count(distinct driver_ref) as refs,"
        " count(distinct driver_code) as codes,"
        " count_if(family_name = 'Schumacher') as schumachers,"
        " count(distinct case when family_name = 'Hill' then driver_sk end) as hills"
        " from drivers.dim_driver where is_current"
    )

    families = Counter(row["lastName"] for row in release_table(f1db_zip, "drivers"))
    assert ours["drivers"] == ours["refs"] > ours["codes"]
    assert ours["schumachers"] == families["Schumacher"] > 1
    assert ours["hills"] == families["Hill"] > 1
