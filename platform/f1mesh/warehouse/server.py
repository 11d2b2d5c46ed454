"""The warehouse's process: `python -m f1mesh.warehouse.server --folder F --port P --catalog C`.

The token comes in the environment variable F1_WAREHOUSE_TOKEN, never on the command line.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from f1mesh.client import HTTP_PATH
from f1mesh.errors import MeshError
from f1mesh.settings import Settings, forget
from f1mesh.warehouse.events import event
from f1mesh.warehouse.isolation import leave_network
from f1mesh.warehouse.sql.limits import PYTHON_RECURSION


def main() -> None:
    """Serve until SIGTERM."""
    arguments = _arguments()
    settings = Settings.read()
    forget(Settings.warehouse_token)
    token = settings.warehouse_token or ""
    if len(token) < 16:
        sys.exit(
            f"Set {Settings.warehouse_token.name} to a random token of at least 16 characters."
        )
    sys.setrecursionlimit(PYTHON_RECURSION)
    os.umask(0o077)  # tables, catalog and logs are the owner's alone
    door = _bind(arguments.port)
    _isolate(settings)
    from f1mesh.warehouse.engine import unreachable
    from f1mesh.warehouse.protocol.service import Service
    from f1mesh.warehouse.protocol.transport import Server
    from f1mesh.warehouse.warehouse import Warehouse

    if reason := unreachable():
        sys.exit(reason)
    paths = settings.warehouse_paths or ()
    try:
        warehouse = Warehouse.open(arguments.folder, arguments.catalog, paths)
    except MeshError as error:
        sys.exit(str(error))
    threading.Thread(target=warehouse.warm_up, daemon=True).start()
    service = Service(warehouse, arguments.catalog)
    server = Server(door, token, HTTP_PATH, service)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    event("started", port=door.getsockname()[1], folder=str(arguments.folder))
    server.serve_forever(poll_interval=0.1)
    service.operations.stop()
    event("stopped")
    os._exit(0)  # the engine's threads do not end by themselves; the catalog needs no closing


def _bind(port: int) -> socket.socket:
    """The socket for clients; it listens only once the warehouse is open."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        sys.exit(f"The warehouse cannot listen on 127.0.0.1:{port}: {error}.")
    return door


def _isolate(settings: Settings) -> None:
    """Leave the machine's network, but for an engine that is reached through it."""
    if settings.engine:
        return
    if reason := leave_network():
        event("not isolated", reason=reason, risk="other users of this machine reach the engine")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="f1mesh.warehouse.server")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--catalog", default="f1_local", help="the catalog made at first start")
    return parser.parse_args()


if __name__ == "__main__":
    main()
