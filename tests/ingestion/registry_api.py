"""A small HTTP API in the Ergast/Jolpica shape: limit and offset, string values, throttling."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LISTS = {
    "drivers.json": ("DriverTable", "Drivers"),
    "constructors.json": ("ConstructorTable", "Constructors"),
}


@dataclass
class RegistryApi:
    """What is served and what was asked; `failing` answers are given first, by status code."""

    url: str = ""
    entries: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in LISTS}
    )
    asked: list[str] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)

    def answer(self, target: str) -> tuple[int, Any]:
        self.asked.append(target)
        if self.failing:
            return self.failing.pop(0), {"detail": "Request was throttled."}
        parts = urlsplit(target)
        name = parts.path.removeprefix("/ergast/f1/")
        if name not in LISTS:
            return 404, {"detail": "Not found."}
        options = parse_qs(parts.query)
        limit = min(int(options.get("limit", ["30"])[0]), 100)
        offset = int(options.get("offset", ["0"])[0])
        entries = self.entries[name]
        table, list_name = LISTS[name]
        page = {list_name: entries[offset : offset + limit]}
        counts = {"limit": str(limit), "offset": str(offset), "total": str(len(entries))}
        return 200, {"MRData": {"series": "f1", **counts, table: page}}


@contextmanager
def serving(api: RegistryApi) -> Iterator[RegistryApi]:
    """The API on a free port of 127.0.0.1; its base address is in `url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = api.answer(self.path)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}/ergast/f1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
