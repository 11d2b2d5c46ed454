"""A stand-in for the public API of Airbyte (reference.airbyte.com): tokens, connections, jobs."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

CLIENT, SECRET, TOKEN = "client", "secret", "token-1"


class AirbyteCloud(ThreadingHTTPServer):
    """Connections by name, and jobs whose states a test decides."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = {"drivers.drivers_api": "11111111-1111-4111-8111-111111111111"}
        self.jobs: dict[int, dict[str, Any]] = {}
        self.next_states: list[str] = ["running", "succeeded"]
        self.troubles: list[int] = []  # HTTP codes with which the next looks at a job are answered
        self.cancelled: list[int] = []
        self.requests: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def job(self, connection: str, status: str = "running") -> dict[str, Any]:
        number = 100 + len(self.jobs)
        job: dict[str, Any] = {
            "jobId": number,
            "status": status,
            "jobType": "sync",
            "connectionId": connection,
            "startTime": "2024-08-24T10:00:00Z",
            "rowsSynced": 1036,
        }
        self.jobs[number] = job
        return job


class _Handler(BaseHTTPRequestHandler):
    server: AirbyteCloud

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        path = urlparse(self.path).path
        self.server.requests.append(f"POST {path}")
        if path == "/v1/applications/token":
            form = parse_qs(body)
            sent = json.loads(body) if body.startswith("{") else {k: v[0] for k, v in form.items()}
            good = (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET)
            token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900}
            self._answer(200 if good else 401, token if good else {"message": "bad client"})
        elif not self._admitted():
            self._answer(401, {"message": "unauthorized"})
        elif path == "/v1/jobs":
            self._answer(200, self.server.job(json.loads(body)["connectionId"]))

    def do_GET(self) -> None:
        url = urlparse(self.path)
        self.server.requests.append(f"GET {url.path}")
        if not self._admitted():
            self._answer(401, {"message": "unauthorized"})
        elif url.path == "/v1/connections":
            found = [_connection(name, id_) for name, id_ in self.server.connections.items()]
            self._answer(200, {"data": found, "next": "", "previous": ""})
        elif url.path == "/v1/jobs":
            asked = parse_qs(url.query)
            states = asked.get("status", ["running"])
            data = [job for job in self.server.jobs.values() if job["status"] in states]
            self._answer(200, {"data": data, "next": "", "previous": ""})
        elif self.server.troubles:
            self._answer(self.server.troubles.pop(0), {"message": "not now"})
        else:
            job = self.server.jobs[int(url.path.rsplit("/", 1)[1])]
            if self.server.next_states:
                job["status"] = self.server.next_states.pop(0)
            self._answer(200, job)

    def do_DELETE(self) -> None:
        self.server.cancelled.append(int(self.path.rsplit("/", 1)[1]))
        job = self.server.jobs[self.server.cancelled[-1]]
        job["status"] = "cancelled"
        self._answer(200, job)

    def _admitted(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _answer(self, code: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


def _connection(name: str, id_: str) -> dict[str, Any]:
    return {
        "connectionId": id_,
        "name": name,
        "sourceId": "22222222-2222-4222-8222-222222222222",
        "destinationId": "33333333-3333-4333-8333-333333333333",
        "workspaceId": "44444444-4444-4444-8444-444444444444",
        "status": "active",
        "schedule": {"scheduleType": "manual"},
        "dataResidency": "auto",
        "configurations": {"streams": []},
        "nonBreakingSchemaUpdatesBehavior": "ignore",
        "namespaceDefinition": "destination",
        "createdAt": 1724500000,
        "tags": [],
    }
