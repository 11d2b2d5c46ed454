"""Run in Airflow's Python: what those who watch a build ask and see while it passes through states.

Takes a list of [seconds until the next look, the build's state, the report that there is]; gives
for each look whether the report was asked for, and what was seen of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from f1mesh.airflow import watch


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Scripted(watch.Reading):
    """The reading of a build that is told in advance."""

    def tell(self, state: str | None, report: Any) -> None:
        self.next_state, self.next_report, self.asked = state, report, False

    def _state(self) -> str | None:
        return self.next_state

    def _report(self) -> Any:
        self.asked = True
        return self.next_report


async def main(story: list[tuple[float, str | None, Any]]) -> list[Any]:
    clock: Any = Clock()
    vars(watch)["time"] = clock
    reading = Scripted("d", "r", "build")
    seen = []
    for seconds, state, report in story:
        clock.now += seconds
        reading.tell(state, report)
        now = await reading.latest()
        seen.append([reading.asked, now.report])
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
