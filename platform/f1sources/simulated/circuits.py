"""Real circuits, from circuits.csv beside this file: public facts, compiled by hand.

`km` and `pace` (1 = a typical track, 0.74 = Monaco) are rounded and hold for all years, although
tracks were rebuilt; `since` and `until` are the years in which the made-up championship may visit.
"""

import csv
from dataclasses import dataclass
from datetime import time
from functools import cache
from importlib.resources import files

INDIANAPOLIS = "indianapolis"
MONACO = "monaco"


@dataclass(frozen=True)
class Circuit:
    """A track; `day` is the day of the year around which its race is held, `start` is UTC."""

    ref: str
    name: str
    location: str
    country: str
    lat: float
    lng: float
    alt: int
    km: float
    pace: float
    grand_prix: str
    since: int
    until: int
    day: int
    start: time


@cache
def circuits() -> tuple[Circuit, ...]:
    """All circuits in the order of the file."""
    text = files(__package__).joinpath("circuits.csv").read_text(encoding="utf-8")
    return tuple(_circuit(row) for row in csv.DictReader(text.splitlines()))


def _circuit(row: dict[str, str]) -> Circuit:
    return Circuit(
        ref=row["ref"],
        name=row["name"],
        location=row["location"],
        country=row["country"],
        lat=float(row["lat"]),
        lng=float(row["lng"]),
        alt=int(row["alt"]),
        km=float(row["km"]),
        pace=float(row["pace"]),
        grand_prix=row["grand_prix"],
        since=int(row["since"]),
        until=int(row["until"]),
        day=int(row["day"]),
        start=time.fromisoformat(row["start_utc"]),
    )
