"""Starting and stopping the embedded warehouse of a dataset."""

from __future__ import annotations

import os
import secrets
import sys

from f1mesh.client import embedded_service
from f1mesh.services import Running, choose_port, listens
from f1mesh.warehouse.server import TOKEN_SETTING
from f1mesh.workspace import Workspace

PORT_SETTING = "F1_WAREHOUSE_PORT"
CATALOG_SETTING = "F1_CATALOG"


def start(workspace: Workspace) -> Running:
    """The warehouse of the dataset in use; one that runs already is returned.

    Raises PermanentError if the wanted port is taken, TransientError if it does not come up.
    """
    service = embedded_service(workspace)
    if found := service.running():
        return found
    port = choose_port(PORT_SETTING, "The warehouse")
    token = os.environ.get(TOKEN_SETTING) or secrets.token_urlsafe(32)
    folder = workspace.data / "warehouse"
    catalog = os.environ.get(CATALOG_SETTING, "f1_local")
    command = [
        sys.executable, "-m", "f1mesh.warehouse.server", "--folder", str(folder),
        "--port", str(port), "--catalog", catalog,
    ]  # fmt: skip
    return service.start(
        command,
        {"port": port, "token": token},
        lambda: listens(port),
        env={TOKEN_SETTING: token},
    )


def stop(workspace: Workspace) -> bool:
    """Stop the warehouse of the dataset in use; True if one was running."""
    return embedded_service(workspace).stop()
