"""Nobody and nothing in the championship is real but the circuits."""

import csv
import io
import unicodedata
import zipfile
from itertools import product
from pathlib import Path

import pyarrow as pa

from f1sources.simulated.circuits import circuits
from f1sources.simulated.people import name_pools


def letters(text: str) -> str:
    """The text without accents and signs, in lower case."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in plain if letter.isalpha())


def real(f1db_zip: Path, file: str, *columns: str) -> set[str]:
    """Names of a file in the F1DB release."""
    with zipfile.ZipFile(f1db_zip) as release:
        text = io.TextIOWrapper(release.open(file), encoding="utf-8")
        rows = list(csv.DictReader(text))
    return {letters("".join(row[column] for column in columns)) for row in rows}


def test_no_name_that_can_be_drawn_is_a_real_drivers(f1db_zip: Path) -> None:
    known = real(f1db_zip, "f1db-drivers.csv", "firstName", "lastName")
    possible = {
        letters(forename + surname)
        for pool in name_pools()
        for forename, surname in product(pool.forenames, pool.surnames)
    }

    assert len(known) > 800
    assert len(possible) > 10_000
    assert not known & possible


def test_no_constructor_is_real(f1db_zip: Path, championship: dict[str, pa.Table]) -> None:
    known = real(f1db_zip, "f1db-constructors.csv", "name")
    invented = {letters(name) for name in championship["constructors"]["name"].to_pylist()}

    assert len(known) > 150
    assert len(invented) > 80
    assert not known & invented


def test_nationalities_are_ones_that_the_real_history_knows(
    f1db_zip: Path, championship: dict[str, pa.Table]
) -> None:
    known = real(f1db_zip, "f1db-countries.csv", "demonym")
    for table in ("drivers", "constructors"):
        used = {letters(name) for name in championship[table]["nationality"].to_pylist()}
        assert len(used) > 5
        assert used <= {letters(name.replace("é", "e")) for name in known}


def test_circuits_are_real_places() -> None:
    assert len({circuit.ref for circuit in circuits()}) == len(circuits()) >= 70
    for circuit in circuits():
        assert -60 < circuit.lat < 70
        assert -180 < circuit.lng < 180
        assert 3 < circuit.km < 26
        assert circuit.since < circuit.until
