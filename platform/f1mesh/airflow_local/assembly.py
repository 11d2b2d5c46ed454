"""Putting the dataset's Airflow together: addresses, manifests, components, pools."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from f1mesh.airflow_local import components, environment
from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest
from f1mesh.client import Target, embedded_service, find_target, named_host
from f1mesh.registry import Mesh
from f1mesh.services import free_port, listens
from f1mesh.workspace import Workspace

Say = Callable[[str], None]


@dataclass
class Assembly:
    """A dataset's Airflow, from its settings to its health."""

    mesh: Mesh
    workspace: Workspace
    say: Say
    installation: Installation = field(init=False)

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
        os.environ.update(self.installation.warehouse_environment())

    def start(self) -> tuple[str, ...]:
        """Make the environment and the manifests, start what does not run: its names."""
        from f1mesh.orchestration.manifests import write_manifests

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

    def tend(self) -> tuple[str, ...]:
        """Start again what has died (a component, the warehouse): the names of those."""
        died: list[str] = []
        if not named_host() and not embedded_service(self.workspace).running():
            from f1mesh.warehouse import launch

            launch.start(self.workspace)
            died.append("warehouse")
        missing = set(components.NAMES) - set(components.running(self.workspace))
        if missing:
            python = environment.python(self.workspace)
            died += components.start(self.installation, python, self.variables(), sorted(missing))
        return tuple(died)


def create_pools(rest: Rest, pools: Mapping[str, tuple[int, str]]) -> None:
    """Make the pools, or bring them to these sizes."""
    entities = [
        {"name": name, "slots": slots, "description": about, "include_deferred": False}
        for name, (slots, about) in pools.items()
    ]
    action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
    rest.patch("/api/v2/pools", {"actions": [action]})
