"""Decisions of the stewards about whole seasons: exclusions and deductions."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from f1sources.simulated.draws import Ints
from f1sources.simulated.eras import HUNDREDTHS
from f1sources.simulated.standings import Standings

# The second of the drivers loses his place after the last race; points and wins stay.
EXCLUDED_DRIVER_SEASON = 1997
# A team's results are all disqualified.
BANNED_TEAM_SEASON = 1984
# The second of the constructors has no place and no points all year; its drivers keep theirs.
EXCLUDED_CONSTRUCTOR_SEASON = 2007
# The third of the constructors loses points from the middle of the season.
DEDUCTION_SEASON = 2020
DEDUCTED_POINTS = 15


@dataclass(frozen=True)
class Ruled:
    """Standings and the texts that replace some of their places ('' elsewhere)."""

    table: Standings
    text: NDArray[np.str_]


def rule_drivers(year: int, table: Standings) -> Ruled:
    """Drivers' standings with the exclusion of that season, if there was one."""
    text = np.full(table.points.shape, "", dtype="U1")
    if year != EXCLUDED_DRIVER_SEASON:
        return Ruled(table, text)
    column = _finally(table, 2)
    text[-1, column] = "D"
    position = table.position.copy()
    position[-1] = _without(position[-1], column)
    return Ruled(replace(table, position=position), text)


def rule_constructors(year: int, table: Standings) -> Ruled:
    """Constructors' standings with the exclusion or the deduction of that season."""
    text = np.full(table.points.shape, "", dtype="U1")
    if year == EXCLUDED_CONSTRUCTOR_SEASON:
        column = _finally(table, 2)
        text[:, column] = "E"
        points, position = table.points.copy(), table.position.copy()
        points[:, column] = 0
        for number in range(len(position)):
            position[number] = _without(position[number], column)
        return Ruled(replace(table, points=points, position=position), text)
    return Ruled(table, text)


def deductions(year: int, table: Standings) -> Ints:
    """Points in hundredths to take from each constructor after each round."""
    taken = np.zeros_like(table.points)
    if year == DEDUCTION_SEASON:
        taken[len(taken) // 2 :, _finally(table, 3)] = DEDUCTED_POINTS * HUNDREDTHS
    return taken


def _finally(table: Standings, position: int) -> int:
    return int(np.flatnonzero(table.position[-1] == position)[0])


def _without(position: Ints, column: int) -> Ints:
    """The places of one round after one competitor lost his."""
    moved: Ints = position - (position > position[column])
    moved[column] = 0
    return moved
