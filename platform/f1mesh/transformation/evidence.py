"""Why a model need not be built again: the evidence that nothing it stands on has changed.

A node of dbt's graph is unchanged if its code, the content of all that is upstream of it, and the
table that it left behind are what they were when it last ended well. Code is the node as dbt's
manifest has it, with the macros that it calls; content is named by whoever knows it (a sync, a
publication). Time proves nothing, and a node that asks the clock says so in its code: one that asks
for the day is new each day, one that asks for the moment (or for chance) always runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self

from f1mesh.clock import asks_for_the_day, asks_for_the_moment

BUILT = ("model", "snapshot", "seed")  # the nodes that leave a relation behind
_KINDS = (*BUILT, "test")
_OF_DBT = frozenset({"dbt", "dbt_databricks", "dbt_spark"})  # its version stands in `base`
_VOLATILE = frozenset(
    {"created_at", "build_path", "compiled", "compiled_code", "compiled_path", "extra_ctes",
     "extra_ctes_injected", "root_path",
     "macros"}  # compiling adds dbt's own; the text of ours is in the fingerprint
)  # fmt: skip
_UNORDERED = frozenset({"nodes", "refs", "sources", "metrics", "functions"})

Prints = Mapping[str, str | None]
"""Fingerprints by node; None is equal to nothing, itself included."""


@dataclass(frozen=True)
class Ended:
    """How a node last ended well, and what it stood on then."""

    fingerprint: str
    status: str
    message: str
    table: str = ""  # names the relation's content as the build left it; nothing for a test


@dataclass(frozen=True)
class Evidence:
    """What is known of a domain's builds: how each node last ended well."""

    built_at: str = ""  # ISO 8601, UTC: when something was last built
    nodes: Mapping[str, Ended] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError, TypeError or KeyError for what is no evidence."""
        content = json.loads(text)
        nodes = {key: Ended(**ended) for key, ended in content["nodes"].items()}
        return cls(content["built_at"], nodes)


def fingerprints(
    manifest: Mapping[str, Any], contents: Mapping[str, str], *, base: str, today: date
) -> dict[str, str | None]:
    """The fingerprint of every seed, snapshot, model and data test of a manifest.

    `contents` names the content of each source that is known (by dbt's id of the source); `base`
    is what all nodes share: versions, variables.
    """
    found: dict[str, str | None] = dict.fromkeys(manifest["sources"])
    found.update(contents)
    for key in in_order(manifest):
        parents = [found.get(parent) for parent in _parents(manifest, key)]
        code = _code(manifest, key, today)
        known = code is not None and None not in parents
        found[key] = _digest([base, code, *sorted(map(str, parents))]) if known else None
    return {key: found[key] for key in in_order(manifest)}


def stale(
    manifest: Mapping[str, Any],
    prints: Prints,
    evidence: Evidence,
    tables: Mapping[str, str],
) -> frozenset[str]:
    """The nodes that must run: without evidence, changed, touched by somebody else since, or
    downstream of such a one. `tables` names the content of each relation as it is now."""
    found: set[str] = set()
    for key in in_order(manifest):
        ended = evidence.nodes.get(key)
        holds = (
            ended is not None
            and prints[key] == ended.fingerprint
            and tables.get(key, "") == ended.table
        )
        if not holds or not found.isdisjoint(_parents(manifest, key)):
            found.add(key)
    return frozenset(found)


def in_order(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the nodes, each after what it depends on."""
    chosen = {k for k, node in manifest["nodes"].items() if node["resource_type"] in _KINDS}
    placed: dict[str, None] = {}

    def place(key: str) -> None:
        if key in placed or key not in chosen:
            return
        for parent in _parents(manifest, key):
            place(parent)
        placed[key] = None

    for key in sorted(chosen):
        place(key)
    return tuple(placed)


def _parents(manifest: Mapping[str, Any], key: str) -> list[str]:
    found: list[str] = manifest["parent_map"].get(key, [])
    return found


def _code(manifest: Mapping[str, Any], key: str, today: date) -> str | None:
    """Names the code of a node; None if it asks for the moment."""
    node = manifest["nodes"][key]
    macros = sorted(set(_macros(manifest, node)))
    asked = "\n".join([node.get("raw_code") or "", json.dumps(node.get("test_metadata")), *macros])
    if asks_for_the_moment(asked):
        return None
    day = today.isoformat() if asks_for_the_day(asked) else ""
    return _digest([_lasting(node), macros, day])


def _macros(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[str]:
    """The text of every macro of ours that a node calls, directly or not."""
    waiting, seen = list(node["depends_on"]["macros"]), set[str]()
    while waiting:
        key = waiting.pop()
        macro = manifest["macros"].get(key)
        if key in seen or macro is None or macro["package_name"] in _OF_DBT:
            continue
        seen.add(key)
        waiting += macro["depends_on"]["macros"]
        yield macro["macro_sql"]


def _lasting(value: Any, name: str = "") -> Any:
    """A node without what is of the moment; what dbt writes in the order of a set is sorted."""
    if isinstance(value, dict):
        return {k: _lasting(item, k) for k, item in value.items() if k not in _VOLATILE}
    if isinstance(value, list):
        items = [_lasting(item) for item in value]
        return sorted(items, key=json.dumps) if name in _UNORDERED else items
    return value


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
