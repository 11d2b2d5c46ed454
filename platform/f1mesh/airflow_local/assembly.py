"""Putting the dataset's Airflow together: addresses, manifests, components, pools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from f1mesh.airflow_local import components, environment
from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest
from f1mesh.client import Target, embedded_service, find_target, named_host
from f1mesh.errors import PermanentError
from f1mesh.registry import Mesh
from f1mesh.services import free_port, listens
from f1mesh.workspace import Workspace

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """Processes that are started together: the names of those that do not run, and a way to start
    them again."""

    missing: Callable[[], tuple[str, ...]]
    start: Callable[[tuple[str, ...]], object]


@dataclass
class Assembly:
    """A dataset's Airflow, from its settings to its health."""

    mesh: Mesh
    workspace: Workspace
    say: Say
    installation: Installation = field(init=False)

    def attach(self) -> None:
        """Take the addresses as they are; raises PermanentError where Airflow was never set up."""
        found = Installation.find(self.workspace)
        if found is None:
            raise PermanentError(
                f"The dataset '{self.workspace.dataset}' has no Airflow: `./f1 up` sets it up."
            )
        self.installation = found

    def settle(self) -> None:
        """Choose the addresses, before the warehouse starts: those of the last time, if free.

        A warehouse that runs already keeps its own.
        """
        found = Installation.prepare(self.workspace)
        warehouse = embedded_service(self.workspace).running()
        chosen = found.secrets
        if warehouse:
            port, token = int(warehouse.endpoint["port"]), str(warehouse.endpoint["token"])
            chosen = replace(chosen, warehouse_port=port, warehouse_token=token)
        elif listens(chosen.warehouse_port):
            chosen = replace(chosen, warehouse_port=free_port())
        if "api" not in components.running(self.workspace) and listens(chosen.port):
            chosen = replace(chosen, port=free_port())
        if chosen != found.secrets:
            components.stop(self.workspace)  # what runs knows the old addresses
        self.installation = replace(found, secrets=chosen)
        self.installation.save()

    def start(self) -> tuple[str, ...]:
        """Make the environment and the manifests, start what does not run: its names."""
        from f1mesh.transformation.manifests import write_manifests

        def prepare() -> None:
            write_manifests(self.mesh, self.installation.manifests, self.workspace.root)

        python = environment.ensure(self.workspace, self.say)
        return components.start(self.installation, python, self.variables(), prepare=prepare)

    def variables(self) -> dict[str, str]:
        """The environment of Airflow's processes, for the warehouse as it runs now."""
        target: Target = find_target(self.workspace)
        return self.installation.variables(target)

    def wait(self) -> None:
        """Wait until Airflow is well, knows each domain's DAG and has the pools."""
        from f1mesh.airflow.layout import POOLS

        components.wait_until_healthy(self.installation, dags=tuple(self.mesh.domains))
        create_pools(Rest.of(self.installation), POOLS)

    def parts(self) -> tuple[Part, ...]:
        """What has to run as long as Airflow does, what others need first."""
        return (
            Part(self._missing_sources, self._start_sources),
            Part(self._missing_warehouse, self._start_warehouse),
            Part(self._missing_components, self._start_components),
        )

    def tend(self) -> tuple[str, ...]:
        """Start again what has died: the names of those."""
        died: list[str] = []
        for part in self.parts():
            if missing := part.missing():
                part.start(missing)
                died += missing
        return tuple(died)

    def _missing_sources(self) -> tuple[str, ...]:
        from f1mesh.sources.declared import source_systems

        systems = source_systems(self.workspace.root)
        return tuple(system.connection for system in systems if system.missing(self.workspace))

    def _start_sources(self, _missing: tuple[str, ...]) -> None:
        from f1mesh.sources.declared import source_systems

        for system in source_systems(self.workspace.root):
            system.start(self.workspace)  # again, where what it works with has moved

    def _missing_warehouse(self) -> tuple[str, ...]:
        service = embedded_service(self.workspace)
        return () if named_host() or service.running() else (service.name,)

    def _start_warehouse(self, _missing: tuple[str, ...]) -> None:
        from f1mesh.warehouse import launch

        launch.start(self.workspace, self.installation.warehouse)

    def _missing_components(self) -> tuple[str, ...]:
        return tuple(sorted(set(components.NAMES) - set(components.running(self.workspace))))

    def _start_components(self, missing: tuple[str, ...]) -> None:
        python = environment.python(self.workspace)
        components.start(self.installation, python, self.variables(), missing)


def create_pools(rest: Rest, pools: Mapping[str, tuple[int, str]]) -> None:
    """Make the pools, or bring them to these sizes."""
    entities = [
        {"name": name, "slots": slots, "description": about, "include_deferred": False}
        for name, (slots, about) in pools.items()
    ]
    action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
    rest.patch("/api/v2/pools", {"actions": [action]})
