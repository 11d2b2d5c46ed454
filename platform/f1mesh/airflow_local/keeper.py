"""Keeps running what `./f1 up` started, until `./f1 down`: a process of its own for each dataset.

What died is started again at once, what dies again and again after longer and longer waits. Each
start is a line (a JSON object) in `logs/airflow_keeper.log`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from f1mesh.airflow_local import components
from f1mesh.airflow_local.assembly import Assembly, Part
from f1mesh.workspace import Workspace

LOOK_S = 2.0
STEADY_S = 120.0  # what ran so long has recovered: it is started again at once
LONGEST_WAIT_S = 60.0

Event = Callable[..., None]


@dataclass
class Kept:
    """A part, and when it may be started again."""

    part: Part
    starts: int = 0  # in a row, none of which lasted
    started_at: float = float("-inf")

    def look(self, now: float, event: Event) -> None:
        """Start what is missing, if that is not too soon. Whatever goes wrong is an event: the next
        look may find it mended."""
        missing = self.part.missing()
        if not missing:
            return
        if now - self.started_at > STEADY_S:
            self.starts = 0
        if now - self.started_at < self.wait_s:
            return
        self.starts, self.started_at = self.starts + 1, now
        try:
            self.part.start(missing)
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            event("failed", parts=missing, error=told, next_try_s=self.wait_s)
        else:
            event("started again", parts=missing, start=self.starts)

    @property
    def wait_s(self) -> float:
        """How long the next start has to wait after the last one."""
        return min(2.0**self.starts, LONGEST_WAIT_S) if self.starts else 0.0


@dataclass
class Keeper:
    """Looks at every part from time to time."""

    parts: Sequence[Part]
    event: Event
    clock: Callable[[], float] = time.monotonic
    kept: list[Kept] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = [Kept(part) for part in self.parts]

    def look(self) -> None:
        for each in self.kept:
            each.look(self.clock(), self.event)


def start(workspace: Workspace) -> None:
    """Start the dataset's keeper, if it does not run; raises TransientError if it does not come
    up."""
    service = components.service(workspace, components.KEEPER)
    before = service.log_file.stat().st_size if service.log_file.is_file() else 0
    service.start(
        [sys.executable, "-P", "-m", "f1mesh.airflow_local.keeper"],
        {},
        lambda: b'"keeping"' in service.log_file.read_bytes()[before:],
        env={
            "F1_ROOT": str(workspace.root),
            "F1_HOME": str(workspace.home),
            "F1_DATASET": workspace.dataset,
        },
    )


def stop(workspace: Workspace) -> bool:
    """Stop the dataset's keeper; True if it ran. What it keeps runs on."""
    return components.service(workspace, components.KEEPER).stop()


def main() -> None:
    """Keep the dataset of this process's settings, until told to end or no longer on record."""
    from f1mesh.registry import load_mesh

    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    workspace = Workspace.locate()
    service = components.service(workspace, components.KEEPER)
    assembly = Assembly(load_mesh(workspace.root), workspace, partial(_event, "said"))
    assembly.attach()
    keeper = Keeper(assembly.parts(), _event)
    _event("keeping", dataset=workspace.dataset, pid=os.getpid())
    while not end.wait(LOOK_S):  # whoever started this has put it on record meanwhile
        found = service.running()
        if found is None or found.pid != os.getpid():
            break
        keeper.look()
    _event("ended")


def _event(name: str, text: str = "", **keys: Any) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = {"text": text} if text else {}
    print(json.dumps({"at": now, "event": name, **said, **keys}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
