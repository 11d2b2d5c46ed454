"""Starting and stopping the embedded warehouse of a dataset."""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict, dataclass

from f1mesh.client import embedded_service
from f1mesh.schemas import LOCAL_CATALOG
from f1mesh.services import Running, choose_port, claim_port, listens
from f1mesh.settings import Settings
from f1mesh.workspace import Workspace

OWNER = "The warehouse"


@dataclass(frozen=True)
class Address:
    """Where a warehouse is reached and by which token, for those who have been told before."""

    port: int
    token: str

    @classmethod
    def choose(cls) -> Address:
        """What the environment asks for, else a free port and a token of its own; raises
        PermanentError if the port is taken."""
        token = Settings.read().warehouse_token or secrets.token_urlsafe(32)
        return cls(choose_port(Settings.warehouse_port.name, OWNER), token)

    def claim(self) -> Address:
        """Itself, once nothing else listens there; raises PermanentError where something does."""
        failure = f"{OWNER} cannot listen on 127.0.0.1:{self.port}, where it was"
        claim_port(self.port, failure, "Free the port, or run `./f1 up`, which chooses another.")
        return self


def start(workspace: Workspace, at: Address | None = None) -> Running:
    """The warehouse of the dataset in use, at this address; one that runs already is returned.

    Raises PermanentError if the port is taken, TransientError if it does not come up.
    """
    service = embedded_service(workspace)
    if found := service.running():
        return found
    address = at.claim() if at else Address.choose()
    folder = workspace.data / "warehouse"
    catalog = Settings.read().catalog or LOCAL_CATALOG
    command = [
        sys.executable, "-m", "f1mesh.warehouse.server", "--folder", str(folder),
        "--port", str(address.port), "--catalog", catalog,
    ]  # fmt: skip
    return service.start(
        command,
        asdict(address),
        lambda: listens(address.port),
        env={Settings.warehouse_token.name: address.token},
    )


def stop(workspace: Workspace) -> bool:
    """Stop the warehouse of the dataset in use; True if one was running."""
    return embedded_service(workspace).stop()
