"""Foreign keys of a contract (ODCS `relationships`): which rows must be in which other product.

`to` is `product.column` for a product of the same domain, and for one of another domain the path
of its contract with the column in it, as ODCS spells it:
`../../shop/contracts/customers.odcs.yaml#/schema/customers/properties/customer_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f1mesh.document import Document, Place, Problem, read_document
from f1mesh.errors import PermanentError
from f1mesh.schemas import Schemas

_SHORT = re.compile(r"(?P<product>\w+)\.(?P<column>\w+)")
_FULL = re.compile(
    r"(?:(?P<file>[\w./-]+\.yaml)#)?/?schema/(?P<product>\w+)/properties/(?P<column>\w+)"
)


@dataclass(frozen=True)
class Reference:
    """Columns of a contract's table that name rows of `domain`.`product`, column by column."""

    columns: tuple[str, ...]
    domain: str
    product: str
    target_columns: tuple[str, ...]
    own_domain: bool
    own_table: bool

    def table(self, schemas: Schemas) -> str:
        """Where the other product stands. One of the same domain is built and published in the same
        run, so that it is asked for what was built; another domain's for what it has published."""
        named = schemas.table if self.own_domain else schemas.view
        return named(self.domain, self.product)

    def __str__(self) -> str:
        return f"{self.domain}.{self.product} ({', '.join(self.target_columns)})"


def references_of(document: Document) -> list[Reference]:
    """The foreign keys of a contract that passed `reference_problems`."""
    return [found for _, found in _references(document) if isinstance(found, Reference)]


def reference_problems(document: Document) -> Iterator[Problem]:
    """Every relationship that could not be checked, at its line."""
    for place, found in _references(document):
        if not isinstance(found, Reference):
            yield document.problem(place, found)


def _references(document: Document) -> Iterator[tuple[Place, Reference | str]]:
    table = document.content["schema"][0]
    for at, owner in _owners(table):
        given = owner.get("relationships") or []
        if not isinstance(given, list):
            yield (*at, "relationships"), "is not a list"
            continue
        for index, entry in enumerate(given):
            place = (*at, "relationships", index)
            if not isinstance(entry, dict):
                yield place, "is not a mapping"
                continue
            yield place, _reference(document, table, owner if owner is not table else None, entry)


def _owners(table: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    yield ("schema", 0), table
    columns = table.get("properties")
    for index, column in enumerate(columns if isinstance(columns, list) else ()):
        if isinstance(column, dict):
            yield ("schema", 0, "properties", index), column


def _reference(
    document: Document,
    table: dict[str, Any],
    column: dict[str, Any] | None,
    entry: dict[str, Any],
) -> Reference | str:
    """The reference, or what is wrong with it."""
    if entry.get("type", "foreignKey") != "foreignKey":
        return f"type '{entry['type']}' is not run by this platform; it runs foreignKey"
    unknown = sorted(set(map(str, entry)) - {"type", "from", "to", "customProperties"})
    if unknown:
        return f"'{unknown[0]}' is unknown here"
    if (column is None) is ("from" not in entry):
        return "needs 'from'" if column is None else "'from' is this column: leave it out"
    named = [column["name"]] if column else [_last(said) for said in _listed(entry["from"])]
    own = {str(p.get("name")) for _, p in _owners(table) if p is not table}
    if absent := [name for name in named if name not in own]:
        return f"'{absent[0]}' is no column of this contract"
    targets = [_target(document, said) for said in _listed(entry.get("to"))]
    wrong = [target for target in targets if isinstance(target, str)]
    if wrong:
        return wrong[0]
    found = [target for target in targets if not isinstance(target, str)]
    places = {(path, product) for path, product, _ in found}
    if len(places) != 1 or len(found) != len(named):
        return "'to' must name as many columns as 'from', all of one product"
    ((path, product),) = places
    domain = document.content.get("domain") if path == document.path else _domain_of(path)
    return Reference(
        columns=tuple(named),
        domain=str(domain),
        product=product,
        target_columns=tuple(name for _, _, name in found),
        own_domain=path.parent == document.path.parent,
        own_table=path == document.path,
    )


def _target(document: Document, said: Any) -> tuple[Path, str, str] | str:
    """The contract file, product and column that `to` names, or what is wrong with it."""
    matched = _SHORT.fullmatch(str(said)) or _FULL.fullmatch(str(said))
    if matched is None:
        return f"'{said}' is neither product.column nor <contract>.odcs.yaml#/schema/..."
    product, name = matched["product"], matched["column"]
    given = matched.groupdict().get("file")
    folder = document.path.parent
    path = (folder / given).resolve() if given else folder / f"{product}.odcs.yaml"
    if product == document.path.name.removesuffix(".odcs.yaml") and not given:
        path = document.path
    try:
        table = read_document(path).content["schema"][0]
        columns = {str(column["name"]) for column in table["properties"]}
    except (PermanentError, LookupError, TypeError):
        return f"'{said}': {path.name} is no contract that can be read"
    if table.get("name") != product or name not in columns:
        return f"'{said}': {path.name} promises no {product}.{name}"
    return path, product, name


def _domain_of(path: Path) -> str:
    return str(read_document(path).content.get("domain"))


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def _last(said: Any) -> str:
    return re.split(r"[./]", str(said))[-1]
