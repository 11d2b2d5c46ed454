"""What `f1 up` started is started again when it dies: at once, then after longer and longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f1mesh.airflow_local.assembly import Assembly, Part
from f1mesh.airflow_local.keeper import LONGEST_WAIT_S, STEADY_S, Keeper
from f1mesh.cli.up import what_next
from f1mesh.errors import TransientError
from f1mesh.registry import load_mesh
from f1mesh.workspace import Workspace


@dataclass
class Machine:
    """A server that dies when it is told to, and the time."""

    now: float = 0.0
    alive: bool = True
    broken: bool = False  # it ends as soon as it is started
    refuses: bool = False  # it cannot even be started
    starts: list[float] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def part(self) -> Part:
        return Part(lambda: () if self.alive else ("server",), self.start)

    def start(self, missing: tuple[str, ...]) -> None:
        assert missing == ("server",)
        self.starts.append(self.now)
        if self.refuses:
            raise TransientError("the port is taken")
        self.alive = not self.broken

    def event(self, name: str, **keys: Any) -> None:
        self.events.append((name, keys))

    def watch(self, keeper: Keeper, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            keeper.look()
            self.now += 1.0


def kept(machine: Machine, *others: Part) -> Keeper:
    return Keeper((machine.part, *others), machine.event, clock=lambda: machine.now)


def test_what_runs_is_left_alone() -> None:
    machine = Machine()

    machine.watch(kept(machine), 100)

    assert machine.starts == []
    assert machine.events == []


def test_what_died_is_started_again_at_once_and_that_is_told() -> None:
    machine = Machine(alive=False, now=50.0)

    machine.watch(kept(machine), 10)

    assert machine.starts == [50.0]
    assert machine.events == [("started again", {"parts": ("server",), "start": 1})]


def test_what_dies_again_and_again_waits_longer_and_longer() -> None:
    machine = Machine(alive=False, broken=True)

    machine.watch(kept(machine), 600)

    pauses = [b - a for a, b in zip(machine.starts, machine.starts[1:], strict=False)]
    assert pauses[:5] == [2, 4, 8, 16, 32]
    assert set(pauses[5:]) == {LONGEST_WAIT_S}
    assert len(pauses) > 8


def test_what_had_recovered_is_started_at_once_again() -> None:
    machine = Machine(alive=False)
    keeper = kept(machine)
    machine.watch(keeper, STEADY_S + 10)
    machine.alive = False
    died_at = machine.now

    machine.watch(keeper, 10)

    assert machine.starts == [0.0, died_at]
    assert machine.events[-1][1]["start"] == 1


def test_what_cannot_be_started_is_told_and_keeps_nothing_else_from_it() -> None:
    machine, other = Machine(alive=False, refuses=True), Machine(alive=False)

    machine.watch(kept(machine, other.part), 5)

    name, keys = machine.events[0]
    assert (name, keys["next_try_s"]) == ("failed", 2.0)
    assert keys["error"] == "TransientError: the port is taken"
    assert other.alive


def test_everything_that_up_starts_is_kept(root: Path, tmp_path: Path) -> None:
    nothing = Workspace(root=root, home=tmp_path, dataset="test")
    assembly = Assembly(load_mesh(root), nothing, print)

    missing = {name for part in assembly.parts() for name in part.missing()}

    assert missing == {
        "ergast_postgres", "drivers_api", "warehouse", "api", "scheduler", "processor", "triggerer",
    }  # fmt: skip


def test_up_says_what_to_do_next(root: Path) -> None:
    mesh = load_mesh(root)

    told = "\n".join(what_next(mesh, "http://127.0.0.1:1", "admin", Path("/logs/keeper.log")))

    assert "open http://127.0.0.1:1 and log in as admin" in told
    for domain in mesh.domains.values():
        verb = "follows" if domain.inputs else "press Trigger"
        [line] = [line for line in told.splitlines() if f"({domain.name})" in line]
        assert verb in line
    assert "`./f1 down` stops everything" in told
    assert "/logs/keeper.log" in told
