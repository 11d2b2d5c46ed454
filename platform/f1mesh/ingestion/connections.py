"""Where the source behind a connection is."""

from __future__ import annotations

import os

from f1mesh.errors import TransientError
from f1mesh.services import Service
from f1mesh.workspace import Workspace


def setting_of(connection: str) -> str:
    """The environment variable that says where a connection leads."""
    return f"F1_SOURCE_{connection.upper()}"


def source_url(connection: str, workspace: Workspace) -> str:
    """A source's URL: the environment's, else that of the dataset's local service of this name.

    Raises TransientError where there is neither.
    """
    if url := os.environ.get(setting_of(connection)):
        return url
    found = Service(connection, workspace.run_dir, workspace.logs).running()
    if found is None or "url" not in found.endpoint:
        raise TransientError(
            f"The source '{connection}' of the dataset '{workspace.dataset}' is not there: no "
            "local service of that name runs. Start the sources with `./f1 source start`, "
            f"or set {setting_of(connection)} to its URL."
        )
    return str(found.endpoint["url"])
