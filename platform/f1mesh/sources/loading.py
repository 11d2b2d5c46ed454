"""What a run is about: the inputs that were chosen for the source systems, and their dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f1mesh.errors import PermanentError
from f1mesh.sources.declared import source_systems
from f1mesh.sources.system import Load, LoadOption, LoadReport, Progress, SourceSystem
from f1mesh.workspace import Workspace

Loads = tuple[tuple[SourceSystem, Load], ...]


@dataclass(frozen=True)
class Input:
    """The inputs, each with the system that takes it, and the dataset that they make."""

    loads: Loads
    workspace: Workspace

    @property
    def descriptions(self) -> tuple[str, ...]:
        """A line for each input."""
        return tuple(load.description for _, load in self.loads)

    def load(self, progress: Progress, say: Callable[[str], None]) -> None:
        """Load every input into its system, which runs; `say` is told what each load did."""
        for system, load in self.loads:
            say(str(load.load(system.url(self.workspace), progress)))

    def load_alone(self, progress: Progress) -> list[LoadReport]:
        """Load every input; a system that does not run is started for it and stopped again."""
        return [_alone(system, load, self.workspace, progress) for system, load in self.loads]


def load_options(systems: Sequence[SourceSystem]) -> tuple[LoadOption, ...]:
    """The options of all systems."""
    return tuple(option for system in systems for option in system.options)


def sample_arguments(root: Path, scale: int) -> list[str]:
    """The options, as a command takes them, by which all systems hold something made up."""
    samples = [system.sample(scale) for system in source_systems(root)]
    return [
        word
        for sample in samples
        for name, value in sample.items()
        for word in (f"--{name}", str(value))
    ]


def correct_a_record(workspace: Workspace) -> tuple[str, ...]:
    """Have each system, which runs, correct a record of its own: a line for each that did."""
    systems = source_systems(workspace.root)
    return tuple(filter(None, (system.correct(system.url(workspace)) for system in systems)))


def no_input(given: Mapping[str, Any], located: Workspace) -> Input:
    """Nothing is loaded: the systems hold what they held, in the dataset in use. Raises
    PermanentError where an option names something to load all the same."""
    options = load_options(source_systems(located.root))
    named = [f"--{o.name}" for o in options if given.get(o.name, o.default) != o.default]
    if named:
        raise PermanentError(f"--no-load leaves the sources as they are: leave out {named[0]}.")
    return Input((), located)


def choose_input(given: Mapping[str, Any], located: Workspace) -> Input:
    """What the options name. Its dataset is that of the inputs; where nothing is loaded, the one in
    use. Raises MeshError where an option names what cannot be had."""
    systems = source_systems(located.root)
    chosen = [
        (system, system.choose({o.name: given.get(o.name, o.default) for o in options}, located))
        for system in systems
        if (options := system.options)
    ]
    loads = tuple((system, load) for system, load in chosen if load is not None)
    names = dict.fromkeys(load.dataset for _, load in loads)
    return Input(loads, Workspace.locate("-".join(names) or None))


def _alone(
    system: SourceSystem, load: Load, workspace: Workspace, progress: Progress
) -> LoadReport:
    ran = system.service(workspace).running() is not None
    try:
        return load.load(system.start(workspace), progress)
    finally:
        if not ran:
            system.stop(workspace)
