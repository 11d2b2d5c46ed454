"""From the version that dbt built to the version that consumers see.

`check` judges the candidate, `publish` moves the view. Both can be repeated at any moment: a crash
between them, or between the log and the view, is mended by doing them again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from f1mesh.contracts.freshness import Freshness
from f1mesh.contracts.gate import Surface, check_freshness, check_rows, check_surface
from f1mesh.contracts.lineage import raw_tables_upstream
from f1mesh.contracts.model import Contract
from f1mesh.contracts.report import CheckReport, Finding, Verdict
from f1mesh.contracts.table_version import TableVersion, current_version
from f1mesh.errors import PermanentError
from f1mesh.publication.content import same_content
from f1mesh.publication.journal import Action, Entry, Journal
from f1mesh.publication.pointer import Pointer, is_missing, move_pointer, read_pointer, table_of
from f1mesh.publication.recall import Recall, itself, looked_at
from f1mesh.publication.retention import RENEW_AFTER
from f1mesh.registry import ProductRef
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection


class ContractBroken(PermanentError):
    """A product's candidate breaks its contract; consumers keep the last good version."""


@dataclass(frozen=True)
class Check:
    """The judgement on one candidate. `unchanged`: its content is what is published already, under
    the same contract, so that the view has no reason to move. `recalled`: an earlier run has found
    so, and the log has it."""

    contract: Contract
    version: int
    report: CheckReport
    published: Pointer | None
    unchanged: bool
    recalled: bool = False

    @property
    def checks(self) -> int:
        return self.report.checks

    def told(self) -> str:
        """One line for people."""
        return f"version {self.version}: {self.report.rows:,} rows, {self.checks} checks hold"

    def details(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "version": self.version,
            "rows": self.report.rows,
            "checks": self.checks,
            "contract": self.contract.version,
            "unchanged": self.unchanged,
            "warnings": [str(finding) for finding in self.report.warnings],
        }

    def raise_if_broken(self) -> None:
        """Raises ContractBroken that names every broken rule with its example row."""
        if not self.report.passed:
            raise ContractBroken(self.explain())

    def explain(self) -> str:
        """The broken rules for a person, and what consumers see meanwhile."""
        kept = (
            f"version {self.published.version}" if self.published else "nothing (never published)"
        )
        lines = [
            f"{self.contract} version {self.version} breaks contract {self.contract.version};"
            f" consumers stay with {kept}."
        ]
        for finding in self.report.broken:
            lines.append(f"  {finding}")
            if finding.example is not None:
                lines.append(f"    e.g. {json.dumps(finding.example)}")
        return "\n".join(lines)

    def lines(self) -> list[str]:
        """What was checked, rule by rule, and what came of it."""
        report = self.report
        lines = [
            f"{self.contract} version {self.version} ({report.rows:,} rows) against contract"
            f" {self.contract.version}"
        ]
        lines += [f"  {verdict}" for verdict in report.verdicts]
        if self.unchanged and self.published:
            seen = self.published
            lines.append(
                f"  holds   its rows are those of version {seen.version}, which is published and"
                f" kept every rule of this contract ({seen.checks}) at {seen.published_at:%F %H:%M}"
                " UTC: they were not read again"
            )
        lines.append(f"{report.result}: {report.checks} checks, {len(report.broken)} broken")
        return lines


@dataclass(frozen=True)
class Publication:
    """What consumers see now of a product, and whether that moved."""

    product: str
    version: int
    rows: int
    action: Action
    check: Check

    @property
    def moved(self) -> bool:
        return self.action is Action.PUBLISHED

    def told(self) -> str:
        """One line for people."""
        return f"version {self.version} {'published' if self.moved else 'stays published'}"

    def details(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "product": self.product,
            "version": self.version,
            "rows": self.rows,
            "contract": self.check.contract.version,
            "moved": self.moved,
        }

    def line(self) -> str:
        """What consumers see now, and whether that is new to them."""
        before = self.check.published
        if self.moved:
            was = f"version {before.version} was" if before else "nothing was"
            what = f"moved to version {self.version} ({was} published before)"
        else:
            what = f"stays at version {self.version}: the candidate has the same content"
        return (
            f"{self.product}: the published view {what}; {self.rows:,} rows,"
            f" contract {self.check.contract.version}"
        )


def check(
    connection: Connection,
    schemas: Schemas,
    ref: ProductRef,
    contract: Contract,
    *,
    manifest: dict[str, Any],
    run_id: str,
    now: datetime | None = None,
    recall: Recall | None = None,
) -> Check:
    """Judge the newest version of a product's table. A broken contract is logged, not raised.

    Rows are read and tested only if the content differs from what is published, or the contract or
    what its rules look at does: what passed once passes again. Freshness is looked at always, the
    schema where the version was not seen before.
    """
    now = now or datetime.now(UTC)
    recall = recall or Recall()
    at = TableVersion(table_of(schemas, contract), _candidate(connection, schemas, contract))
    raw = raw_tables_upstream(manifest, ref.product)
    freshness = recall.freshness(connection, schemas, raw)
    published = read_pointer(connection, schemas, contract)
    if published and now - published.published_at <= RENEW_AFTER:
        known = recall.holds(connection, schemas, contract, at.version, published)
        if known:
            return _recalled(contract, at, freshness, published, known, now)
    result = _looked_at(connection, contract, at, schemas, freshness, published, recall, now)
    if not result.report.passed:
        Journal(connection, schemas).append(_entry(result, Action.BLOCKED, run_id, now))
    return result


def _recalled(
    contract: Contract,
    at: TableVersion,
    freshness: Freshness,
    published: Pointer,
    known: Entry,
    now: datetime,
) -> Check:
    surface = check_freshness(contract, freshness, now)
    report = _carried_over(contract, at, surface, published, known)
    return Check(contract, at.version, report, published, unchanged=True, recalled=True)


def _looked_at(
    connection: Connection,
    contract: Contract,
    at: TableVersion,
    schemas: Schemas,
    freshness: Freshness,
    published: Pointer | None,
    recall: Recall,
    now: datetime,
) -> Check:
    surface = check_surface(connection, contract, at, freshness, now)
    last = recall.last_good(connection, schemas, str(contract))
    stood_on = recall.stands_on(connection, schemas, looked_at(contract, at, schemas))
    then = dict((last and last.report.get("stood_on")) or {})
    shows = published and _shows(connection, contract, at, surface, published, now)
    if published and published.version == at.version:  # it may have been dropped and made anew
        shows = shows and then.get(itself(at)) == stood_on[itself(at)]
    beside = {**then, itself(at): stood_on[itself(at)]}
    if published and shows and not recall.anew and last and beside == stood_on:
        report = replace(_carried_over(contract, at, surface, published, last), stood_on=stood_on)
        return Check(contract, at.version, report, published, unchanged=True)
    before = _comparable(contract, published)
    report = check_rows(connection, contract, at, schemas, surface, before)
    report = replace(_unless_emptied(report, published), stood_on=stood_on)
    return Check(contract, at.version, report, published, unchanged=bool(shows))


def publish(
    connection: Connection,
    schemas: Schemas,
    judged: Check,
    *,
    run_id: str,
    now: datetime | None = None,
) -> Publication:
    """Move the view to the checked version, unless it shows that content already.

    Raises ContractBroken, and leaves the view, if the check did not pass.
    """
    judged.raise_if_broken()
    now = now or datetime.now(UTC)
    journal = Journal(connection, schemas)
    contract, report = judged.contract, judged.report
    if judged.unchanged and judged.published:
        if not judged.recalled:
            journal.append(_entry(judged, Action.UNCHANGED, run_id, now))
        seen = judged.published
        return Publication(str(contract), seen.version, seen.rows, Action.UNCHANGED, judged)
    journal.intend(_entry(judged, Action.PUBLISHED, run_id, now))
    move_pointer(connection, schemas, contract, pointer_to(contract, report, run_id, now))
    return Publication(str(contract), judged.version, report.rows, Action.PUBLISHED, judged)


def pointer_to(contract: Contract, report: CheckReport, run_id: str, now: datetime) -> Pointer:
    """The pointer to a version that passed."""
    return Pointer(
        version=report.version,
        contract_version=contract.version,
        contract_digest=contract.digest,
        published_at=now,
        rows=report.rows,
        checks=report.checks,
        check=report.summary(),
        run_id=run_id,
    )


def _candidate(connection: Connection, schemas: Schemas, contract: Contract) -> int:
    try:
        return current_version(connection, table_of(schemas, contract))
    except Exception as error:
        if is_missing(error):
            raise PermanentError(
                f"{contract} has not been built: there is no {table_of(schemas, contract)}. "
                "Run `./f1 run` first."
            ) from error
        raise


def _shows(
    connection: Connection,
    contract: Contract,
    at: TableVersion,
    surface: Surface,
    published: Pointer,
    now: datetime,
) -> bool:
    """Whether the view shows these very rows, and they passed this very contract."""
    if surface.schema or published.contract_digest != contract.digest:
        return False
    if published.version >= at.version:  # newer than the table: it was made anew since
        return published.version == at.version
    if now - published.published_at > RENEW_AFTER:
        return False
    return same_content(connection, contract, at.table, published.version, at.version)


def _comparable(contract: Contract, published: Pointer | None) -> int | None:
    """How many rows consumers see, for rules on the volume. A new version of the contract is a
    reviewed reason for another volume, so that its first version is compared with none."""
    if published is None or published.contract_version != contract.version:
        return None
    return published.rows


def _unless_emptied(report: CheckReport, published: Pointer | None) -> CheckReport:
    """A product that had rows and has none now is broken, unless a new contract came with it: a
    build that was killed leaves such a table, and no rule on rows can see it."""
    same_contract = published and published.contract_digest == report.contract_digest
    if not (published and same_contract and published.rows and not report.rows):
        return report
    message = f"the table holds no row, consumers see {published.rows}"
    return replace(
        report,
        broken=(*report.broken, Finding("emptied", None, message)),
        verdicts=(*report.verdicts, Verdict("emptied", None, "broken")),
    )


def _carried_over(
    contract: Contract, at: TableVersion, surface: Surface, published: Pointer, last: Entry
) -> CheckReport:
    """What an earlier check found, its warnings too, with what was looked at again."""
    told = (Finding(**finding) for finding in last.report.get("warnings", ()))
    return CheckReport(
        product=str(contract),
        version=at.version,
        contract_version=contract.version,
        contract_digest=contract.digest,
        rows=published.rows,
        checks=published.checks,
        broken=surface.broken,
        warnings=(
            *surface.warnings,
            *(finding for finding in told if finding not in surface.warnings),
        ),
        verdicts=surface.verdicts,
        stood_on=last.report.get("stood_on", {}),
    )


def _entry(judged: Check, action: Action, run_id: str, now: datetime) -> Entry:
    report = judged.report
    return Entry(
        product=str(judged.contract),
        action=action,
        version=judged.version,
        contract_version=report.contract_version,
        contract_digest=report.contract_digest,
        row_count=report.rows,
        run_id=run_id,
        logged_at=now,
        report=report.as_json(),
    )
