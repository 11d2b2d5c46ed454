"""Random draws that give the same bits on every machine.

Only uniform draws of PCG64 and basic arithmetic are used. Functions such as `exp` or `log` may
differ in the last bit between processors, and numpy may change its normal draws between versions.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Stream(IntEnum):
    """What a stream of random numbers is for: one part's draws never shift another's."""

    CALENDAR = 1
    TEAMS = 2
    PEOPLE = 3
    ENTRIES = 4
    QUALIFYING = 5
    RACE = 6
    SHARED_DRIVES = 7
    SPRINT = 8
    PIT_STOPS = 9


def stream(seed: int, purpose: Stream, *where: int) -> np.random.Generator:
    """The generator of one purpose, for instance in one season (`where`)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, *where])))


def bell(rng: np.random.Generator, *shape: int) -> Floats:
    """Bell-shaped draws, mean 0 and deviation 1: a sum of four uniforms (Irwin-Hall)."""
    total = rng.random(shape) + rng.random(shape) + rng.random(shape) + rng.random(shape)
    bells: Floats = (total - 2.0) * 1.7320508075688772
    return bells


def rank_rows(values: Floats | Ints) -> Ints:
    """The place 0.. of each value within its row, smallest first; equal values keep their order."""
    order = np.argsort(values, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(values.shape[1])[np.newaxis, :], axis=1)
    return ranks
