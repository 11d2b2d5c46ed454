"""Championship tables after each race: which results count, order by countback, wins so far."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from f1sources.simulated.draws import Bools, Ints
from f1sources.simulated.eras import CountingPart

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Tally:
    """What each competitor reached in each round: arrays are rounds x competitors.

    `places` (rounds x competitors x places) counts how often each place was reached.
    """

    competitors: Ints
    points: Ints
    places: Bytes
    present: Bools


@dataclass(frozen=True)
class Standings:
    """Standings after each round, rounds x competitors; not `listed`: nothing started so far."""

    competitors: Ints
    points: Ints
    position: Ints
    wins: Ints
    listed: Bools


def tally(
    rounds: int,
    competitor: Ints,
    round_number: Ints,
    points: Ints,
    position: Ints,
    only_best: bool = False,
) -> Tally:
    """Collect result rows by competitor. `only_best`: one car per race, the best placed, scores.

    Two rows of a driver with one place in one race (a shared car) count as one place.
    """
    competitors, column = np.unique(competitor, return_inverse=True)
    shape = (rounds, len(competitors))
    rounds_index = round_number - 1
    scored = np.zeros(shape, dtype=np.int64)
    (np.maximum if only_best else np.add).at(scored, (rounds_index, column), points)
    best = np.full(shape, np.iinfo(np.int64).max)
    classified = position > 0
    np.minimum.at(best, (rounds_index[classified], column[classified]), position[classified])
    places = np.zeros((*shape, int(position.max(initial=1))), dtype=np.uint8)
    counted = classified & (position == best[rounds_index, column]) if only_best else classified
    cell = (rounds_index[counted], column[counted], position[counted] - 1)
    places[cell] = 1
    present = np.zeros(shape, dtype=np.bool_)
    present[rounds_index, column] = True
    return Tally(competitors, scored, places, present)


def table(
    collected: Tally, parts: tuple[CountingPart, ...], deducted: Ints | None = None
) -> Standings:
    """The standings after each round; all results count if there are no `parts`.

    `deducted` points (rounds x competitors) are taken off, down to none.
    """
    points = counting_points(collected.points, parts)
    if deducted is not None:
        points = np.maximum(points - deducted, 0)
    reached = np.cumsum(collected.places, axis=0, dtype=np.uint8)
    listed = np.maximum.accumulate(collected.present, axis=0)
    return Standings(
        competitors=collected.competitors,
        points=points,
        position=ranked(points, reached, listed),
        wins=reached[:, :, 0].astype(np.int64),
        listed=listed,
    )


def counting_points(points: Ints, parts: tuple[CountingPart, ...]) -> Ints:
    """Points after each round if of each part of the season only the best results count."""
    if not parts:
        return np.cumsum(points, axis=0)
    total = np.zeros_like(points)
    begin = 0
    for part in parts:
        for end in range(begin + 1, len(points) + 1):
            results = np.sort(points[begin : min(end, part.until_round)], axis=0)
            total[end - 1] += results[-part.best :].sum(axis=0)
        begin = part.until_round
    return total


def ranked(points: Ints, reached: Bytes, listed: Bools) -> Ints:
    """Places from 1 by points, then by most first places, second places and so on.

    Who is equal in everything keeps the order of competitors. Not listed are last.

    All rounds are sorted at once: the criteria of a competitor are put into a byte string that
    sorts the other way round, since byte strings are compared from the left.
    """
    rounds, competitors = points.shape
    key = np.empty((rounds, competitors, 11 + reached.shape[2]), dtype=np.uint8)
    key[:, :, :2] = _big_endian(np.broadcast_to(np.arange(rounds)[:, np.newaxis], points.shape), 2)
    key[:, :, 2:10] = 255 - _big_endian(np.where(listed, points, -1) + 1, 8)
    key[:, :, 10:-1] = 255 - reached
    key[:, :, -1] = 255  # numpy drops zero bytes at the end of a byte string
    strings = key.reshape(rounds * competitors, -1).view(f"S{key.shape[2]}").ravel()
    order = np.argsort(strings, kind="stable").reshape(rounds, competitors)
    positions = np.empty(rounds * competitors, dtype=np.int64)
    positions[order.ravel()] = np.tile(np.arange(1, competitors + 1), rounds)
    return positions.reshape(rounds, competitors)


def _big_endian(values: Ints, size: int) -> Bytes:
    """The last `size` bytes of each value, highest first."""
    raw = np.ascontiguousarray(values, dtype=">i8").view(np.uint8)
    tail: Bytes = raw.reshape(*values.shape, 8)[..., 8 - size :]
    return tail
