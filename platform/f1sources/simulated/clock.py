"""Durations as timekeepers write them. Times are in milliseconds; 0 or less gives None."""

from collections.abc import Iterable


def lap_times(times: Iterable[int], tenths: bool) -> list[str | None]:
    """`1:34.567`; with tenths only `1:34.5`."""
    cut = -2 if tenths else None
    return [
        f"{ms // 60_000}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"[:cut] if ms > 0 else None
        for ms in times
    ]


def race_times(times: Iterable[int], gaps: Iterable[int | None], tenths: bool) -> list[str | None]:
    """The winner's `1:34:50.616` where there is no gap, else `+5.700` or `+1:05.700`."""
    cut = -2 if tenths else None
    return [
        None if ms <= 0 else _hours(ms)[:cut] if gap is None else _gap(gap)[:cut]
        for ms, gap in zip(times, gaps, strict=True)
    ]


def durations(times: Iterable[int]) -> list[str | None]:
    """Of pit stops: `23.456`, or `1:03.456` from a minute on."""
    return [_gap(ms)[1:] if ms > 0 else None for ms in times]


def _hours(ms: int) -> str:
    hours = f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}" if ms >= 3_600_000 else f"{ms // 60_000}"
    return f"{hours}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def _gap(ms: int) -> str:
    if ms < 60_000:
        return f"+{ms // 1000}.{ms % 1000:03d}"
    return f"+{ms // 60_000}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
