"""The words of a mesh's domains and sources, and where a text has them: in strings, identifiers and
comments alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

# Words of the domains that everybody uses for something else: a statement has a status, a query a
# result, a database a driver, and `./f1 source status` tells the provenance of whatever it holds.
ORDINARY = frozenset({"status", "result", "results", "driver", "provenance"})

Words = tuple[str, ...]


def owned_names(root: Path) -> set[str]:
    """The names of the domains and of what they own: products, partitions, syncs, the connections
    and streams of their sources; and the packages of the outside world."""
    names = {file.parent.name for file in root.glob("platform/*/sources.yaml")}
    for file in root.glob("domains/*/domain.yaml"):
        domain = yaml.safe_load(file.read_text())
        names |= {domain["name"], *domain["products"]}
        if partition := domain.get("partition"):
            names |= {partition["name"], partition.get("variable", partition["name"])}
        for sync in map(yaml.safe_load, (f.read_text() for f in file.parent.glob("ingestion/*"))):
            if "streams" in sync and "source" in sync:  # a connector's manifest is no sync
                names |= {sync["name"], sync["source"]["connection"]}
                names |= {stream["name"] for stream in sync["streams"]}
    return names


def guarded(root: Path) -> set[Words]:
    """The names as words, in the singular too, but for those that are ordinary by themselves."""
    plural = {words(name) for name in owned_names(root)}
    singular = {(*name[:-1], name[-1].removesuffix("s")) for name in plural if len(name[-1]) > 3}
    return {name for name in plural | singular if name not in {(word,) for word in ORDINARY}}


def words(text: str) -> Words:
    """The words of a text in lower case: those of `dim_driver` are those of `DimDriver`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return tuple(re.sub(r"[^A-Za-z0-9]+", " ", apart).lower().split())


def findings(text: str, names: set[Words]) -> Iterator[str]:
    """Each line that has one of the names, with the name."""
    patterns = {f" {' '.join(name)} " for name in names}
    for number, line in enumerate(text.splitlines(), 1):
        spread = f" {' '.join(words(line))} "
        for pattern in patterns:
            if pattern in spread:
                yield f"{number}: '{pattern.strip()}' in: {line.strip()}"
