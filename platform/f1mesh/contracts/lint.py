"""What the mesh asks of every contract beyond ODCS: governance rules, each naming its place.

ODCS itself accepts a version that is none, two columns of one name, a column that does not say
whether it may be empty; consumers and the generated files cannot live with those.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from f1mesh.contracts.odcs import freshness_hours, owner_of
from f1mesh.contracts.rules import query_problems, rule_problems, service_problems
from f1mesh.document import Document, Place, Problem, read_document, read_text
from f1mesh.sql_types import is_type

_SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def governance_problems(document: Document) -> list[Problem]:
    """Every broken governance rule of a contract, its SQL last."""
    return [*shape_problems(document), *query_problems(document)]


def shape_problems(document: Document) -> list[Problem]:
    """What can be told without a parser of SQL, in file order of the sections."""
    table = _table(document)
    problems = [*_identity(document)]
    if table is None:
        return [
            *problems,
            document.problem(("schema",), "must hold exactly one table (a list of one mapping)"),
        ]
    return [
        *problems,
        *_names(document, table),
        *_columns(document, table),
        *rule_problems(document, table),
        *_service(document),
    ]


def standard_problems(path: Path) -> list[Problem]:
    """What the ODCS schema itself finds wrong (datacontract-cli's lint, without network)."""
    return list(_standard_problems(path, read_text(path)))


@lru_cache(maxsize=256)
def _standard_problems(path: Path, _text: str) -> tuple[Problem, ...]:
    """Looked for once for each text: it costs half a second."""
    from datacontract.data_contract import DataContract
    from datacontract.model.run import ResultEnum

    logging.getLogger("datacontract").setLevel(logging.CRITICAL)  # what it finds is told here
    run = DataContract(
        data_contract_file=str(path), inline_references=False, all_errors=True
    ).lint()
    bad = {ResultEnum.failed, ResultEnum.error, ResultEnum.warning}
    document = read_document(path)
    return tuple(
        _standard_problem(document, str(check.reason))
        for check in run.checks or ()
        if check.result in bad or check.result is None
    )


def _standard_problem(document: Document, reason: str) -> Problem:
    """Its words, `data.support[0]: 7 is not ...`, with the place that they name."""
    spelled, _, said = reason.partition(": ")
    if not spelled.startswith("data"):
        return document.problem((), f"is not ODCS: {reason}. Correct it")
    place: Place = ()
    content: Any = document.content
    for step in re.findall(r"\w+", spelled)[1:]:
        content, key = _step(content, step)
        place = (*place, key)
    return document.problem(place, f"is not ODCS: {' '.join(said.split())[:300]}. Correct it")


def _step(content: Any, step: str) -> tuple[Any, str | int]:
    """What is inside under a key, an index, or (of a list) the name of an entry."""
    if isinstance(content, list):
        names = [entry.get("name") if isinstance(entry, dict) else None for entry in content]
        index = int(step) if step.isdigit() else names.index(step) if step in names else 0
        return (content[index] if index < len(content) else None), index
    return (content.get(step) if isinstance(content, dict) else None), step


def _table(document: Document) -> dict[str, Any] | None:
    schema = document.content.get("schema")
    if isinstance(schema, list) and len(schema) == 1 and isinstance(schema[0], dict):
        return schema[0]
    return None


def _identity(document: Document) -> Iterator[Problem]:
    content = document.content
    for key in ("apiVersion", "kind", "id", "domain", "status"):
        if not isinstance(content.get(key), str) or not content[key]:
            yield document.problem((key,), "is missing: add it")
    version = content.get("version")
    if not isinstance(version, str) or not _SEMVER.fullmatch(version):
        yield document.problem(
            ("version",), f"'{version}' is not a semantic version: write one such as 1.2.3"
        )
    if not owner_of(content):
        yield document.problem(("team", "name"), "names no owner: add it")
    description = content.get("description")
    if not isinstance(description, dict) or not description.get("purpose"):
        yield document.problem(
            ("description", "purpose"), "does not say what the product is for: add it"
        )


def _names(document: Document, table: dict[str, Any]) -> Iterator[Problem]:
    place = ("schema", 0)
    product = document.path.name.removesuffix(".odcs.yaml")
    for key in ("name", "physicalName"):
        if table.get(key) != product:
            message = f"'{table.get(key)}' must be '{product}', like the file"
            yield document.problem((*place, key), message)
    for key, what in (
        ("description", "is missing: add it"),
        ("dataGranularityDescription", "no grain: add it"),
    ):
        if not isinstance(table.get(key), str) or not table[key].strip():
            yield document.problem((*place, key), what)


def _columns(document: Document, table: dict[str, Any]) -> Iterator[Problem]:
    entries = table.get("properties")
    place = ("schema", 0, "properties")
    if not isinstance(entries, list) or not entries:
        yield document.problem(place, "declares no column: give a list of them")
        return
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        at = (*place, index)
        if not isinstance(entry, dict):
            yield document.problem(at, "is not a mapping: give its keys")
            continue
        yield from _column(document, at, entry)
        name = str(entry.get("name")).lower()
        if name in seen:
            yield document.problem((*at, "name"), f"'{name}' is declared twice: remove one")
        seen.add(name)
    if not any(isinstance(entry, dict) and entry.get("primaryKey") for entry in entries):
        yield document.problem(place, "no column is the primary key (primaryKey: true)")


def _column(
    document: Document, at: tuple[str | int, ...], entry: dict[str, Any]
) -> Iterator[Problem]:
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield document.problem(
            (*at, "name"), f"'{name}' is not a lower-case column name: rename it"
        )
    if entry.get("physicalName") not in (None, name):
        yield document.problem((*at, "physicalName"), "must equal name, or be left out")
    for key in ("physicalType", "description"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            yield document.problem((*at, key), f"is missing for column '{name}': add it")
    if isinstance(entry.get("physicalType"), str) and not is_type(entry["physicalType"]):
        message = f"'{entry['physicalType']}' is no type of the warehouse. Write string, int, ..."
        yield document.problem((*at, "physicalType"), message)
    if not isinstance(entry.get("classification"), str | None):
        yield document.problem((*at, "classification"), "must be a word (public, pii). Correct it")
    if not isinstance(entry.get("required"), bool):
        yield document.problem((*at, "required"), f"say true or false for column '{name}'")
    elif entry.get("primaryKey") and not entry["required"]:
        yield document.problem((*at, "required"), f"a key column ('{name}') is required")


def _service(document: Document) -> Iterator[Problem]:
    if freshness_hours(document.content) is None:
        message = "no freshness: add {property: freshness, value: <number>, unit: d, h or min}"
        yield document.problem(("slaProperties",), message)
    yield from service_problems(document)
