"""Pictures of Airflow's pages, taken by Debian's Chromium without a driver.

The browser cannot log in by itself, so it looks through a small proxy that adds the token to each
request, and that presets how a DAG is shown.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from f1mesh.airflow_local.installation import Installation
from f1mesh.airflow_local.rest import Rest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 25_000
# The browser's clock stands still while a request is open: a graph that is laid out in the
# background gets as much real time as it needs.
WAIT_FOR_GRAPH = """
(async () => {
  const drawn = () => document.querySelector(".react-flow__node");
  for (let tries = 0; tries < 120 && !drawn(); tries++) await fetch("/wait");
  await fetch("/wait");
})();
"""


@dataclass(frozen=True)
class Camera:
    """Takes pictures of pages below a URL."""

    url: str

    def page(self, path: str) -> str:
        """The page's document, after its scripts have had time to draw."""
        return self._browse(path, "--dump-dom")

    def picture(self, path: str, file: Path, size: tuple[int, int] = (1600, 900)) -> None:
        """Write a PNG of the page."""
        self._browse(path, f"--screenshot={file}", f"--window-size={size[0]},{size[1]}")

    def _browse(self, path: str, *wish: str) -> str:
        assert CHROMIUM
        with tempfile.TemporaryDirectory(prefix="f1-browser-") as profile:
            command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu"]
            command += ["--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]
            command += [f"--user-data-dir={profile}", f"--virtual-time-budget={PATIENCE_MS}"]
            done = subprocess.run(
                [*command, *wish, self.url + path],
                capture_output=True,
                text=True,
                timeout=180,
                check=True,
                env={**os.environ, "HOME": profile},
            )
        return done.stdout


def preset(open_groups: Mapping[str, Sequence[str]]) -> str:
    """A script that has a DAG shown as a graph with these of its groups opened."""
    wanted: dict[str, object] = {"default_dag_view": "graph"}
    wanted |= {f"{dag}/open-groups": list(groups) for dag, groups in open_groups.items()}
    lines = (
        f"localStorage.setItem({json.dumps(k)}, {json.dumps(json.dumps(v))});"
        for k, v in wanted.items()
    )
    return f"<head><script>{' '.join(lines)} {WAIT_FOR_GRAPH}</script>"


@contextmanager
def camera(
    installation: Installation, open_groups: Mapping[str, Sequence[str]]
) -> Iterator[Camera]:
    """A camera that is logged in to the dataset's Airflow."""
    script = preset(open_groups)
    rest = Rest.of(installation)
    rest.log_in()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != "/wait":
                self._pass(None)
                return
            time.sleep(0.5)
            self._answer(204, "text/plain", b"")

        def do_POST(self) -> None:
            self._pass(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        do_PATCH = do_POST

        def _pass(self, body: bytes | None) -> None:
            kept = {k: v for k, v in self.headers.items() if k in ("Accept", "Content-Type")}
            headers = {**kept, "Authorization": f"Bearer {rest.token}"}
            asked = Request(installation.url + self.path, body, headers, method=self.command)
            try:
                answer = urlopen(asked, timeout=60)
            except HTTPError as error:
                answer = error
            with answer:
                content, kind = answer.read(), answer.headers.get("Content-Type", "")
            if kind.startswith("text/html"):
                here = f"http://{self.headers['Host']}"
                text = content.decode().replace(installation.url, here)
                content = text.replace("<head>", script, 1).encode()
            self._answer(answer.status or 500, kind, content)

        def _answer(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Camera(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
