"""The warehouse's process: `python -m f1mesh.warehouse.server --folder F --port P --catalog C`.

The token comes in the environment variable F1_WAREHOUSE_TOKEN, never on the command line.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from f1mesh.client import HTTP_PATH
from f1mesh.errors import MeshError
from f1mesh.warehouse.events import event

TOKEN_SETTING = "F1_WAREHOUSE_TOKEN"


def main() -> None:
    """Serve until SIGTERM."""
    arguments = _arguments()
    token = os.environ.pop(TOKEN_SETTING, "")
    if len(token) < 16:
        sys.exit(f"Set {TOKEN_SETTING} to a random token of at least 16 characters.")
    from f1mesh.warehouse.protocol.service import Service
    from f1mesh.warehouse.protocol.transport import Server
    from f1mesh.warehouse.warehouse import Warehouse

    try:
        warehouse = Warehouse.open(arguments.folder, arguments.catalog)
    except MeshError as error:
        sys.exit(str(error))
    threading.Thread(target=warehouse.warm_up, daemon=True).start()
    service = Service(warehouse, arguments.catalog)
    server = Server(arguments.port, token, HTTP_PATH, service)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    event("started", port=arguments.port, folder=str(arguments.folder))
    server.serve_forever(poll_interval=0.1)
    service.operations.stop()
    event("stopped")
    os._exit(0)  # the engine's threads do not end by themselves; the catalog needs no closing


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="f1mesh.warehouse.server")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--catalog", default="f1_local", help="the catalog made at first start")
    return parser.parse_args()


if __name__ == "__main__":
    main()
