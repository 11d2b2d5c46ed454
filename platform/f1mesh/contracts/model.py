"""The platform's view of a data contract: what a product promises, in one frozen value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f1mesh.contracts.lint import shape_problems
from f1mesh.contracts.odcs import freshness_hours, owner_of
from f1mesh.document import Document, read_document
from f1mesh.errors import PermanentError
from f1mesh.registry import Mesh, ProductRef
from f1mesh.sql_types import canonical

_SENSITIVE = {"confidential", "restricted", "sensitive", "pii", "personal", "secret"}


@dataclass(frozen=True)
class Column:
    """One column of a product, in the order of the published view."""

    name: str
    physical_type: str
    required: bool
    unique: bool
    primary_key: bool
    description: str
    classification: str | None

    @property
    def sensitive(self) -> bool:
        """Whether its values must not appear in reports and logs."""
        return (self.classification or "").lower() in _SENSITIVE


@dataclass(frozen=True)
class Contract:
    """A product's contract. `digest` changes exactly when the content of the file does (not with
    comments or layout); `freshness_hours` is the age at which its sources are stale."""

    id: str
    domain: str
    product: str
    version: str
    owner: str
    grain: str
    description: str
    columns: tuple[Column, ...]
    freshness_hours: float
    digest: str
    document: Document = field(repr=False, compare=False)

    @property
    def path(self) -> Path:
        return self.document.path

    @property
    def summary(self) -> str:
        """What the product is, grain first, on one line."""
        return f"{self.grain} {self.description}"

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.primary_key)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def __str__(self) -> str:
        return f"{self.domain}/{self.product}"


def load_contract(path: Path) -> Contract:
    """Read a contract file; raises PermanentError that lists every problem with its line. Whether
    its SQL is SQL is not looked at: a rule that cannot be run does not hold."""
    document = read_document(path)
    if problems := shape_problems(document):
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise PermanentError(f"The contract {path.name} cannot be used:\n{listed}")
    return to_contract(document)


def contract_of(mesh: Mesh, ref: ProductRef) -> Contract:
    """The contract of a product of the mesh; raises as `load_contract` does."""
    return load_contract(mesh.domain(ref.domain).contract_path(ref.product))


def to_contract(document: Document) -> Contract:
    """The contract of a document that has passed the governance lint."""
    content = document.content
    table = content["schema"][0]
    return Contract(
        id=content["id"],
        domain=content["domain"],
        product=table["name"],
        version=content["version"],
        owner=owner_of(content),
        grain=_words(table["dataGranularityDescription"]),
        description=_words(table["description"]),
        columns=tuple(_column(entry) for entry in table["properties"]),
        freshness_hours=freshness_hours(content) or 0.0,
        digest=_digest(content),
        document=document,
    )


def _column(entry: dict[str, Any]) -> Column:
    key = bool(entry.get("primaryKey"))
    return Column(
        name=entry["name"],
        physical_type=canonical(entry["physicalType"]),
        required=bool(entry["required"]) or key,
        unique=bool(entry.get("unique")),
        primary_key=key,
        description=_words(entry["description"]),
        classification=entry.get("classification"),
    )


def _words(text: object) -> str:
    return " ".join(str(text).split())


def _digest(content: dict[str, Any]) -> str:
    spelled = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(spelled.encode()).hexdigest()[:16]
