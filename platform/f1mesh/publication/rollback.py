"""Back to a version of a product that was good, as one statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from f1mesh.contracts.gate import check
from f1mesh.contracts.model import Contract
from f1mesh.errors import PermanentError
from f1mesh.publication.journal import Action, Entry, Journal, Passed
from f1mesh.publication.pointer import Pointer, move_pointer, read_pointer
from f1mesh.publication.publish import pointer_to
from f1mesh.schemas import Schemas

if TYPE_CHECKING:
    from databricks.sql.client import Connection

NAMED = 10  # versions that a message lists


def rollback(
    connection: Connection,
    schemas: Schemas,
    contract: Contract,
    *,
    run_id: str,
    to: int | None = None,
    now: datetime | None = None,
) -> Pointer:
    """Point the view at an earlier version that passed its contract: `to`, or the one before the
    published. The next good run goes forward again.

    Raises PermanentError, with the versions that are possible, if `to` never passed, its files are
    gone (VACUUM), or it does not keep the contract as it is today.
    """
    now = now or datetime.now(UTC)
    published = read_pointer(connection, schemas, contract)
    if published is None:
        raise PermanentError(f"{contract} was never published: there is nothing to go back from.")
    journal = Journal(connection, schemas)
    good = journal.passed(str(contract))
    version = _target(contract, published.version, good, to)
    try:
        report = check(connection, contract, schemas, version)
    except Exception as error:
        raise PermanentError(
            f"Version {version} of {contract} cannot be read any more ({_first_line(error)}): its "
            f"files were probably removed by VACUUM. {_choices(published.version, good, version)}"
        ) from error
    if not report.passed:
        raise PermanentError(
            f"Version {version} of {contract} does not keep contract {contract.version} as it is "
            f"today: {report.summary()}. {_choices(published.version, good, version)}"
        )
    pointer = pointer_to(contract, report, run_id, now)
    journal.intend(
        Entry(
            product=str(contract),
            action=Action.ROLLED_BACK,
            version=version,
            contract_version=contract.version,
            contract_digest=contract.digest,
            row_count=report.rows,
            run_id=run_id,
            logged_at=now,
            report=report.as_json(),
        )
    )
    move_pointer(connection, schemas, contract, pointer)
    return pointer


def choices(connection: Connection, schemas: Schemas, contract: Contract) -> str:
    """The versions to which a rollback can go, in a sentence: number, when it passed, rows."""
    published = read_pointer(connection, schemas, contract)
    good = Journal(connection, schemas).passed(str(contract))
    return _choices(published.version if published else None, good)


def _target(contract: Contract, published: int, good: list[Passed], to: int | None) -> int:
    if to is None:
        earlier = [passed.version for passed in good if passed.version < published]
        if not earlier:
            raise PermanentError(
                f"{contract} has no good version before {published}. {_choices(published, good)}"
            )
        return earlier[0]
    if to == published:
        raise PermanentError(f"{contract} shows version {to} already.")
    if to not in [passed.version for passed in good]:
        raise PermanentError(
            f"Version {to} of {contract} never passed its contract. {_choices(published, good)}"
        )
    return to


def _choices(published: int | None, good: list[Passed], refused: int | None = None) -> str:
    left = [str(passed) for passed in good if passed.version not in (published, refused)]
    older = f" and {len(left) - NAMED} older ones" if len(left) > NAMED else ""
    return f"Versions that passed: {', '.join(left[:NAMED]) or 'none'}{older}."


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
