"""Syncs: by Airbyte Cloud where the Airflow connection `airbyte_cloud` exists, else embedded.

The Airbyte connection of a sync is found by its name, `<domain>.<sync>`. A job is started, waited
for by the triggerer (no worker is held), and cancelled where the task is ended before it is done.
A retry takes up the job of the same connection that still runs instead of starting a second one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from f1mesh.airflow.layout import AIRBYTE_CONNECTION
from f1mesh.airflow.operators import Context, StepOperator

CLOUD = "https://api.airbyte.com/v1"
RUNNING = frozenset({"pending", "queued", "running", "incomplete"})
POLL_S = 5.0


@dataclass(frozen=True)
class Account:
    """How Airbyte's API is reached."""

    url: str
    client_id: str
    client_secret: str
    workspace: str = ""

    @classmethod
    def of(cls, connection: Connection) -> Account:
        """From an Airflow connection: host (a URL), login and password (client id and secret), and
        `workspace_id` in its extra."""
        return cls(
            url=(connection.host or CLOUD).rstrip("/"),
            client_id=connection.login or "",
            client_secret=connection.password or "",
            workspace=str(connection.extra_dejson.get("workspace_id", "")),
        )

    def api(self) -> Any:
        """A client of the official SDK, which takes care of tokens."""
        from airbyte_api import AirbyteAPI, models

        credentials = models.SchemeClientCredentials(
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_url=f"{self.url}/applications/token",
        )
        security = models.Security(client_credentials=credentials)
        return AirbyteAPI(server_url=self.url, security=security, timeout_ms=60_000)


class SyncOperator(StepOperator):
    """Runs one sync of a domain, wherever the environment has its syncs run."""

    ui_color = "#f7efe0"

    def __init__(self, *, connection_name: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.connection_name = connection_name
        self._job: tuple[Account, int] | None = None

    def execute(self, context: Context) -> Any:
        account = airbyte_account()
        if account is None:
            return super().execute(context)
        job = start_job(account, self.connection_name)
        self._job = (account, job)
        self.log.info("Airbyte works on %s as job %s", self.connection_name, job)
        self.defer(
            trigger=AirbyteJobTrigger(account=asdict(account), job=job),
            method_name="ended",
            timeout=self.execution_timeout,
        )

    def ended(self, context: Context, event: dict[str, Any]) -> Any:
        """The job's end: its numbers, or its failure in Airbyte's words."""
        self.log.info("Airbyte: %s", json.dumps(event, sort_keys=True))
        job = event.get("job", {})
        if event["status"] == "succeeded":
            rows = int(job.get("rowsSynced") or 0)
            told = f"Airbyte job {event['job_id']}: {rows:,} rows synced"
            return {"step": self.step, "ok": True, "told": told, "records_written": rows}
        said = f"Airbyte job {event['job_id']} {event['status']}: {failure_message(job, event)}"
        if event["status"] == "cancelled":
            raise AirflowFailException(said)  # somebody wanted it so
        raise AirflowException(said)

    def on_kill(self) -> None:
        if self._job is not None:
            cancel_job(*self._job)


class AirbyteJobTrigger(BaseTrigger):
    """Waits until an Airbyte job has ended; cancels it if the task is ended meanwhile."""

    def __init__(self, account: dict[str, str], job: int, poll_s: float = POLL_S):
        super().__init__()
        self.account = account
        self.job = job
        self.poll_s = poll_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"account": self.account, "job": self.job, "poll_s": self.poll_s},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from airbyte_api import api as requests

        client = Account(**self.account).api()
        wait_s = self.poll_s
        while True:
            try:
                answer = await client.jobs.get_job_async(
                    request=requests.GetJobRequest(job_id=self.job)
                )
                wait_s = self.poll_s
            except Exception as error:
                if not _passes(error):
                    told = {"status": "unknown", "job_id": self.job, "error": str(error)}
                    yield TriggerEvent(told)
                    return
                wait_s = min(wait_s * 2, 300.0)
                self.log.warning("Airbyte does not answer (%s); again in %.0f s", error, wait_s)
                await asyncio.sleep(wait_s)
                continue
            status = answer.job_response.status.value
            if status not in RUNNING:
                job = json.loads(answer.raw_response.text)
                yield TriggerEvent({"status": status, "job_id": self.job, "job": job})
                return
            await asyncio.sleep(wait_s)

    async def on_kill(self) -> None:
        """The task was cleared, failed or marked by a person while it waited."""
        await asyncio.to_thread(cancel_job, Account(**self.account), self.job)


def airbyte_account() -> Account | None:
    """The account of the environment, or None where it has none."""
    try:
        return Account.of(Connection.get(AIRBYTE_CONNECTION))
    except AirflowNotFoundException:
        return None


def start_job(account: Account, connection_name: str) -> int:
    """Start the sync of the connection of that name, or find the one that runs; the job's id.

    Raises AirflowFailException if there is no such connection.
    """
    from airbyte_api import api as requests
    from airbyte_api import models

    client = account.api()
    connection = _connection_id(client, account, connection_name)
    for status in (models.JobStatusEnum.RUNNING, models.JobStatusEnum.PENDING):
        found = client.jobs.list_jobs(
            request=requests.ListJobsRequest(
                connection_id=connection, job_type=models.JobTypeEnum.SYNC, status=status
            )
        )
        for job in found.jobs_response.data if found.jobs_response else ():
            return int(job.job_id)
    started = client.jobs.create_job(
        request=models.JobCreateRequest(connection_id=connection, job_type=models.JobTypeEnum.SYNC)
    )
    return int(started.job_response.job_id)


def cancel_job(account: Account, job: int) -> None:
    """Ask Airbyte to end a job; one that has ended already is left alone."""
    from airbyte_api import api as requests
    from airbyte_api import errors

    try:
        account.api().jobs.cancel_job(request=requests.CancelJobRequest(job_id=job))
    except errors.SDKError as error:
        if error.status_code not in (404, 409, 422):
            raise


def failure_message(job: dict[str, Any], event: dict[str, Any]) -> str:
    """Airbyte's own words on why a job failed, wherever this version of its API has them."""
    for key in ("failureReason", "failureMessage", "message", "error"):
        found = job.get(key) or event.get(key)
        if isinstance(found, dict):
            found = found.get("externalMessage") or found.get("internalMessage") or str(found)
        if found:
            return str(found)
    return "the API tells no reason; the connection's timeline in Airbyte does."


def _connection_id(client: Any, account: Account, name: str) -> str:
    from airbyte_api import api as requests

    offset = 0
    known: list[str] = []
    while True:
        page = client.connections.list_connections(
            request=requests.ListConnectionsRequest(
                limit=100,
                offset=offset,
                workspace_ids=[account.workspace] if account.workspace else None,
            )
        ).connections_response.data
        for connection in page:
            if connection.name == name:
                return str(connection.connection_id)
        known += [connection.name for connection in page]
        if len(page) < 100:
            break
        offset += 100
    raise AirflowFailException(
        f"Airbyte has no connection named '{name}' (it has: {', '.join(sorted(known)) or 'none'}). "
        "Terraform makes the connections from the domains' sync files."
    )


def _passes(error: Exception) -> bool:
    """Whether asking again may help: no answer, throttled, a server's error."""
    status = getattr(error, "status_code", None)
    return status is None or status == 429 or status >= 500
