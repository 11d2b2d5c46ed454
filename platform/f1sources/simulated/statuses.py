"""Why a car is where it is: Ergast's status table, and how often each reason ends a race."""

from itertools import accumulate

import numpy as np

from f1sources.simulated.draws import Ints

FINISHED, DISQUALIFIED, NOT_CLASSIFIED = 1, 2, 62
DID_NOT_QUALIFY, DID_NOT_PREQUALIFY, BEYOND_LIMIT = 81, 97, 90
WITHDREW, DID_NOT_START, EXCLUDED = 54, 142, 96

# (number, label, weight until 1969, weight 1970-2009, weight from 2010)
_REASONS = (
    (3, "Accident", 10, 10, 12),
    (4, "Collision", 4, 9, 22),
    (5, "Engine", 30, 26, 8),
    (6, "Gearbox", 12, 11, 7),
    (7, "Transmission", 5, 4, 1),
    (8, "Clutch", 4, 3, 1),
    (9, "Hydraulics", 0, 3, 4),
    (10, "Electrical", 3, 6, 3),
    (20, "Spun off", 3, 9, 2),
    (22, "Suspension", 5, 6, 4),
    (23, "Brakes", 3, 4, 5),
    (25, "Overheating", 4, 2, 1),
    (29, "Puncture", 1, 2, 4),
    (31, "Retired", 5, 1, 4),
    (44, "Oil leak", 4, 2, 1),
    (60, "Out of fuel", 2, 2, 0),
    (80, "Ignition", 4, 2, 0),
    (101, "Turbo", 0, 3, 0),
    (130, "Collision damage", 0, 1, 9),
    (131, "Power Unit", 0, 0, 10),
    (68, "Physical", 2, 1, 0),
    (37, "Throttle", 3, 2, 1),
)
_OTHERS = {
    FINISHED: "Finished",
    DISQUALIFIED: "Disqualified",
    WITHDREW: "Withdrew",
    NOT_CLASSIFIED: "Not classified",
    DID_NOT_QUALIFY: "Did not qualify",
    BEYOND_LIMIT: "107% Rule",
    EXCLUDED: "Excluded",
    DID_NOT_PREQUALIFY: "Did not prequalify",
    DID_NOT_START: "Did not start",
}
# Ergast's numbers for +1 Lap, +2 Laps ...
_LAPS_DOWN = (11, 12, 13, 14, 15, 16, 17, 18, 19, 88, 45, 55, 53, 111, 112, 116, 50, 114, 124, 127)
MOST_LAPS_DOWN = len(_LAPS_DOWN)


def labels() -> dict[int, str]:
    """All statuses by number, in order of number."""
    laps = {
        number: f"+{down} Lap{'s' if down > 1 else ''}"
        for down, number in enumerate(_LAPS_DOWN, start=1)
    }
    reasons = {number: label for number, label, *_ in _REASONS}
    return dict(sorted((laps | reasons | _OTHERS).items()))


def laps_down_status(down: Ints) -> Ints:
    """The status of finishers by the laps that they are behind, 0 to MOST_LAPS_DOWN."""
    return np.array((FINISHED, *_LAPS_DOWN), dtype=np.int64)[down]


def reasons(year: int, rng: np.random.Generator, shape: tuple[int, ...]) -> Ints:
    """Reasons of retirement as they were common in the era."""
    era = 2 if year < 1970 else 3 if year < 2010 else 4
    totals = list(accumulate(int(reason[era]) for reason in _REASONS))
    places = np.searchsorted(totals, rng.integers(totals[-1], size=shape), side="right")
    return np.array([int(reason[0]) for reason in _REASONS], dtype=np.int64)[places]
