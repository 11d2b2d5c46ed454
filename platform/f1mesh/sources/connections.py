"""Where the source behind a connection is."""

from __future__ import annotations

from f1mesh.errors import TransientError
from f1mesh.services import Service
from f1mesh.settings import Settings, source_setting
from f1mesh.workspace import Workspace


def named_url(connection: str) -> str | None:
    """The URL that the environment gives a connection, if it does."""
    return Settings.read().source_url(connection)


def service_of(connection: str, workspace: Workspace) -> Service:
    """The dataset's service behind a connection, running or not."""
    return Service(connection, workspace.run_dir, workspace.logs)


def source_url(connection: str, workspace: Workspace) -> str:
    """A source's URL: the environment's, else that of the dataset's local service of this name.

    Raises TransientError where there is neither.
    """
    if url := named_url(connection):
        return url
    found = service_of(connection, workspace).running()
    if found is None or "url" not in found.endpoint:
        raise TransientError(
            f"The source '{connection}' of the dataset '{workspace.dataset}' does not run. Start "
            f"the sources with `./f1 source start`, or set {source_setting(connection)} to its URL."
        )
    return str(found.endpoint["url"])
