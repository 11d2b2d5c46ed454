"""Airflow's REST API, as far as `./f1 up` needs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from f1mesh.airflow_local.installation import USER, Installation
from f1mesh.errors import TransientError

PATIENCE_S = 180.0  # a server that died is started again, on a busy machine

Meanwhile = Callable[[], object]


def _nothing() -> None: ...


@dataclass
class Rest:
    """A client that logs in with the generated password and again when its token ends.

    `meanwhile` is called between two tries while Airflow does not answer.
    """

    url: str
    user: str
    password: str
    meanwhile: Meanwhile = _nothing
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, installation: Installation, meanwhile: Meanwhile = _nothing) -> Rest:
        return cls(installation.url, USER, installation.secrets.password, meanwhile)

    def health(self) -> dict[str, Any]:
        """The components' own word on their health; empty where nothing answers."""
        try:
            return dict(self._send("GET", "/api/v2/monitor/health", authorized=False))
        except (OSError, ValueError):
            return {}

    def healthy(self) -> bool:
        """Whether all four components and the database are well."""
        health = self.health()
        parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all((health.get(part) or {}).get("status") == "healthy" for part in parts)

    def warm(self) -> bool:
        """Whether the API of tasks answers. Its first answer takes seconds, which else the first
        task would wait for."""
        try:
            self._send("GET", "/execution/health", authorized=False, timeout_s=120)
        except (OSError, ValueError):
            return False
        return True

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Raises TransientError if Airflow does not answer (for long) or refuses."""
        return self._patiently("GET", path + ("?" + urlencode(query, doseq=True) if query else ""))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises TransientError if Airflow does not answer (for long) or refuses."""
        return self._patiently("POST", path, body)

    def patch(self, path: str, body: dict[str, Any], **query: Any) -> dict[str, Any]:
        """Raises TransientError if Airflow does not answer (for long) or refuses."""
        return self._patiently("PATCH", f"{path}?{urlencode(query)}" if query else path, body)

    def knows(self, dag: str) -> bool:
        """Whether the DAG has been parsed."""
        try:
            self._authorized("GET", f"/api/v2/dags/{quote(dag)}")
        except (OSError, ValueError):
            return False
        return True

    def import_errors(self) -> list[dict[str, Any]]:
        """DAG files that Airflow could not read: filename and stack_trace."""
        return list(self.get("/api/v2/importErrors")["import_errors"])

    def trigger(self, dag: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run of the DAG now: the run's id."""
        body = {"logical_date": None, "conf": conf or {}}
        return str(self.post(f"/api/v2/dags/{quote(dag)}/dagRuns", body)["dag_run_id"])

    def runs(self, dag: str, **query: Any) -> list[dict[str, Any]]:
        """The DAG's runs, newest first."""
        query = {"order_by": "-run_after", "limit": 20, **query}
        return list(self.get(f"/api/v2/dags/{quote(dag)}/dagRuns", **query)["dag_runs"])

    def tasks(self, dag: str, run_id: str, ended_since: str | None = None) -> list[dict[str, Any]]:
        """The task instances of a run; only those that ended at or after a moment, if one is given
        (a running mesh should not pay for being watched)."""
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run_id)}/taskInstances"
        query = {"end_date_gte": ended_since} if ended_since else {}
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=100, offset=len(found), **query)
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found

    def starters(self, dag: str, run_id: str) -> set[tuple[str, str]]:
        """The runs (DAG, id) whose assets started this one."""
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run_id)}/upstreamAssetEvents"
        events = self.get(path)["asset_events"]
        return {(str(e["source_dag_id"]), str(e["source_run_id"])) for e in events}

    def returned(self, dag: str, run_id: str, task: str, map_index: int = -1) -> Any:
        """What a task returned; None if it returned nothing."""
        path = (
            f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run_id)}/taskInstances/{quote(task)}"
            f"/xcomEntries/return_value?map_index={map_index}&deserialize=false&stringify=false"
        )
        try:
            return self._authorized("GET", path).get("value")
        except (OSError, ValueError):
            return None

    def _patiently(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The answer; a server that restarts or waits for its database is asked again."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._authorized(method, path, body)
            except HTTPError as error:
                told = error.read().decode(errors="replace")[:500]
                if error.code < 500 or time.monotonic() > deadline:
                    raise TransientError(
                        f"Airflow refused {method} {path}: {error.code} {told}"
                    ) from error
            except (URLError, OSError, ValueError) as error:
                if time.monotonic() > deadline:
                    raise TransientError(
                        f"Airflow at {self.url} does not answer: {error}"
                    ) from error
            self.meanwhile()
            time.sleep(0.5)

    def _authorized(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        if not self.token:
            self.log_in()
        try:
            return self._send(method, path, body)
        except HTTPError as error:
            if error.code != 401:
                raise
        self.log_in()
        return self._send(method, path, body)

    def log_in(self) -> None:
        """Fetch a token; done by itself where one is needed."""
        login = {"username": self.user, "password": self.password}
        self.token = self._send("POST", "/auth/token", login, authorized=False)["access_token"]

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        authorized: bool = True,
        timeout_s: float = 20,
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if authorized:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, headers=headers, method=method)
        with urlopen(request, timeout=timeout_s) as answer:
            content: dict[str, Any] = json.loads(answer.read() or b"{}")
        return content
