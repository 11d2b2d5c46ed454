"""Open the source of a sync with the reader for its type, whose libraries are loaded only then."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from f1mesh.ingestion.readers.reader import Reader
from f1mesh.ingestion.sync import PostgresSource, Sync


@contextmanager
def opened(sync: Sync, url: str) -> Iterator[Reader]:
    """The source at `url`; raises MeshError where it cannot be opened."""
    reader = _open(sync, url)
    try:
        yield reader
    finally:
        reader.close()


def _open(sync: Sync, url: str) -> Reader:
    if isinstance(sync.source, PostgresSource):
        from f1mesh.ingestion.readers.postgres import PostgresReader

        return PostgresReader(url, sync.source.schema_name)
    with _own_logging():
        from f1mesh.ingestion.readers.manifest import ManifestReader
    return ManifestReader(sync.path.parent / sync.source.manifest, url)


@contextmanager
def _own_logging() -> Iterator[None]:
    """Keep this process's logging: the CDK, when imported, turns it into messages on stdout.

    What the CDK has to say about a failure comes as a message of the protocol, not as a log line.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("airbyte").setLevel(logging.CRITICAL)
