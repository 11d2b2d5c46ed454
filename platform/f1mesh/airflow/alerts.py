"""One message when a task has failed for good, and one way for all messages to reach people.

Channels are Airflow connections: `slack_alerts` (a Slack webhook) and `sns_alerts` (AWS, with
`topic_arn` in its extra). Where neither exists, the message is in the log and on the console.
A channel that fails never fails the task or hides the message.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from f1mesh.airflow.layout import SLACK_CONNECTION, SNS_CONNECTION
from f1mesh.orchestration.plan import DomainPlan

log = logging.getLogger("f1mesh.alerts")


@dataclass(frozen=True)
class FailureAlert:
    """Tells the owner of a domain that one of its tasks failed, and who is hit."""

    domain: str
    tier: int
    owner: str
    channel: str
    consumers: Mapping[str, tuple[str, ...]]  # by product

    @classmethod
    def of(cls, plan: DomainPlan) -> FailureAlert:
        return cls(
            domain=plan.name,
            tier=plan.tier,
            owner=f"{plan.owner.team} <{plan.owner.email}>",
            channel=plan.owner.slack or "",
            consumers={p.product: p.consumers for p in plan.products},
        )

    def __call__(self, context: Mapping[str, Any]) -> None:
        send(self.message(context))

    def message(self, context: Mapping[str, Any]) -> str:
        """What failed, of whom, who is hit, why, and where to look."""
        ti = context["task_instance"]
        product = self._product(ti.task_id)
        hit = self.consumers.get(product, ()) if product else self._all_consumers()
        lines = [
            f"[tier {self.tier}] {self.domain}: {ti.task_id} failed (try {ti.try_number})",
            f"owner: {self.owner} {self.channel}".rstrip(),
            f"product: {f'{self.domain}/{product}' if product else 'all of the domain'}",
            f"consumers hit: {', '.join(hit) or 'none'} (they keep the last good version)",
            f"error: {_first_lines(context.get('exception'))}",
            f"run: {context.get('run_id', ti.run_id)}",
            f"log: {getattr(ti, 'log_url', '-')}",
        ]
        return "\n".join(lines)

    def _product(self, task_id: str) -> str | None:
        parts = task_id.split(".")
        return parts[1] if len(parts) > 1 and parts[1] in self.consumers else None

    def _all_consumers(self) -> tuple[str, ...]:
        return tuple(sorted({name for names in self.consumers.values() for name in names}))


def send(message: str, subject: str = "ALERT") -> None:
    """To every channel that the environment has, and to the log always."""
    log.warning("%s\n%s", subject, message)
    for channel in (_slack, _sns):
        try:
            channel(message, subject)
        except Exception:
            log.exception("The alert could not be sent by %s", channel.__name__.strip("_"))


async def deadline_missed(context: Mapping[str, Any], **about: str) -> None:
    """Callback of a deadline: a run has not succeeded, and its products are about to be stale.
    `context` is what Airflow gives: the run, as its REST API shows it."""
    import asyncio

    run = context["dag_run"]
    message = (
        f"[tier {about.get('tier')}] {about.get('domain')}: a run has not succeeded in time\n"
        f"owner: {about.get('owner')}\n"
        f"promised: fresh within {about.get('freshness')} h; the run was to succeed within "
        f"{about.get('allowed')}\n"
        f"run: {run['dag_run_id']} ({run.get('state')}, queued at {run.get('queued_at')})"
    )
    await asyncio.to_thread(send, message)


def _slack(message: str, subject: str) -> None:
    if not _exists(SLACK_CONNECTION):
        return
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    SlackWebhookHook(slack_webhook_conn_id=SLACK_CONNECTION).send(text=f"*{subject}*\n{message}")


def _sns(message: str, subject: str) -> None:
    if not _exists(SNS_CONNECTION):
        return
    from airflow.providers.amazon.aws.hooks.sns import SnsHook
    from airflow.sdk import Connection

    topic = Connection.get(SNS_CONNECTION).extra_dejson["topic_arn"]
    SnsHook(aws_conn_id=SNS_CONNECTION).publish_to_target(topic, message, subject)


def _exists(connection: str) -> bool:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        Connection.get(connection)
    except AirflowNotFoundException:
        return False
    return True


def _first_lines(error: object, most: int = 12) -> str:
    lines = str(error or "unknown: the task's process ended without a word").splitlines()
    return "\n".join([*lines[:most], *(["..."] if len(lines) > most else [])])
