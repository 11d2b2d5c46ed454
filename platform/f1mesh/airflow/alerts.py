"""One message when a task has failed for good, and one way for all messages to reach people.

Channels are Airflow connections: `slack_alerts` (a Slack webhook) and `sns_alerts` (AWS, with
`topic_arn` in its extra). Where neither exists, the message is in the log and on the console.
A channel that fails never fails the task or hides the message.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from f1mesh.airflow.layout import SLACK_CONNECTION, SNS_CONNECTION
from f1mesh.orchestration.plan import DomainPlan
from f1mesh.orchestration.walk import holds_back
from f1mesh.registry import Domain

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

    @classmethod
    def without_plan(cls, domain: Domain) -> FailureAlert:
        """For a domain whose files cannot be used: who reads it is not known."""
        return cls(
            domain=domain.name,
            tier=domain.tier,
            owner=f"{domain.owner.team} <{domain.owner.email}>",
            channel=domain.owner.slack or "",
            consumers=dict.fromkeys(domain.products, ()),
        )

    def __call__(self, context: Mapping[str, Any]) -> None:
        send(self.message(context))

    def message(self, context: Mapping[str, Any]) -> str:
        """What failed, of whom, who is hit, why, and where to look."""
        ti = context["task_instance"]
        products = self._products(ti.task_id, getattr(context.get("exception"), "held", None))
        hit = sorted({name for product in products for name in self.consumers[product]})
        named = [f"{self.domain}/{product}" for product in products]
        whole = len(named) == len(self.consumers) > 1
        lines = [
            f"[tier {self.tier}] {self.domain}: {ti.task_id} failed (try {ti.try_number})",
            f"owner: {self.owner} {self.channel}".rstrip(),
            f"held back: {'all of the domain' if whole else ', '.join(named) or 'no product'}",
            f"consumers hit: {', '.join(hit) or 'none'} (they keep the last good version)",
            f"error: {_first_lines(context.get('exception'))}",
            f"run: {context.get('run_id', ti.run_id)}",
            f"log: {getattr(ti, 'log_url', '-')}",
        ]
        return "\n".join(lines)

    def _products(self, task_id: str, held: Collection[str] | None) -> list[str]:
        """Those that a failed task holds back: its own, or those that the failure names, or all."""
        own = set(task_id.split(".")) & set(self.consumers)
        return [p for p in self.consumers if (p in own if own else holds_back(held, p))]


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
