"""Starting and stopping the embedded warehouse of a dataset."""

from __future__ import annotations

import secrets
import sys

from f1mesh.client import embedded_service
from f1mesh.schemas import LOCAL_CATALOG
from f1mesh.services import Running, choose_port, listens
from f1mesh.settings import Settings
from f1mesh.workspace import Workspace


def start(workspace: Workspace) -> Running:
    """The warehouse of the dataset in use; one that runs already is returned.

    Raises PermanentError if the wanted port is taken, TransientError if it does not come up.
    """
    service = embedded_service(workspace)
    if found := service.running():
        return found
    settings = Settings.read()
    port = choose_port(Settings.warehouse_port.name, "The warehouse")
    token = settings.warehouse_token or secrets.token_urlsafe(32)
    folder = workspace.data / "warehouse"
    catalog = settings.catalog or LOCAL_CATALOG
    command = [
        sys.executable, "-m", "f1mesh.warehouse.server", "--folder", str(folder),
        "--port", str(port), "--catalog", catalog,
    ]  # fmt: skip
    return service.start(
        command,
        {"port": port, "token": token},
        lambda: listens(port),
        env={Settings.warehouse_token.name: token},
    )


def stop(workspace: Workspace) -> bool:
    """Stop the warehouse of the dataset in use; True if one was running."""
    return embedded_service(workspace).stop()
