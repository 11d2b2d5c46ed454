"""An HTTP API, read by the Airbyte CDK that runs a low-code manifest in this process.

The manifest is a genuine connector: Airbyte Cloud takes the same file. What it declares (paging,
error handling with backoff, schemas, incremental sync) is done by the CDK; only the translation of
its messages into Arrow is ours. The connection's URL is handed over as `base_url` of its
configuration.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from airbyte_cdk.models.airbyte_protocol import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStreamState,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_protocol_dataclasses.models import (
    AirbyteStateType,
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    FailureType,
    StreamDescriptor,
    SyncMode,
    Type,
)
from jsonschema.exceptions import ValidationError

from f1mesh.errors import MeshError, PermanentError, TransientError
from f1mesh.ingestion.readers.cdk_ties import parse_schema_once
from f1mesh.ingestion.readers.json_types import Field, fields_of
from f1mesh.ingestion.readers.reader import Extract, Resume
from f1mesh.ingestion.sync import Stream


class ManifestReader:
    """A low-code connector. Raises PermanentError for a manifest that is none."""

    parallel = 1  # one client of the API at a time: throttled services count requests

    def __init__(self, manifest: Path, base_url: str) -> None:
        self._manifest = _load(manifest)
        self._path = manifest
        self._config = {"base_url": base_url.rstrip("/")}
        parse_schema_once()

    def read(self, stream: Stream, resume: Resume | None) -> Extract:
        """See `Reader.read`. `resume` is the connector's own stream state."""
        catalog = _catalog(stream)
        before = _state_of(stream.name, resume) if resume else []
        extracted_at = datetime.now(UTC)
        with _translated(f"{self._path}, stream {stream.name}, {self._config['base_url']}"):
            source = self._source(catalog, before)
            schema = self._schema(stream, source)
            records, after = _collect(source.read(_LOG, self._config, catalog, before))
        return Extract(
            **_to_arrow(records, fields_of(schema, stream.columns)),
            extracted_at=extracted_at,
            resume=(after or resume or {}) if stream.incremental else {},
            undeclared=_undeclared(records, schema),
        )

    def close(self) -> None:
        """Nothing is held open between two readings."""

    def _source(
        self, catalog: ConfiguredAirbyteCatalog, state: list[AirbyteStateMessage]
    ) -> ConcurrentDeclarativeSource:
        return ConcurrentDeclarativeSource(
            catalog=catalog, config=self._config, state=state, source_config=self._manifest
        )

    def _schema(self, stream: Stream, source: ConcurrentDeclarativeSource) -> Mapping[str, Any]:
        """The stream's JSON schema, which must have the columns that the sync file names."""
        streams = {one.name: one for one in source.discover(_LOG, self._config).streams}
        if stream.name not in streams:
            raise PermanentError(
                f"there is no such stream, only {', '.join(streams)}. "
                "Correct the sync file, or the manifest."
            )
        schema: Mapping[str, Any] = streams[stream.name].json_schema
        known = set(schema.get("properties", {}))
        needed = {*stream.primary_key, *(stream.columns or ()), *filter(None, [stream.cursor])}
        if missing := sorted(needed - known):
            raise PermanentError(
                f"the schema has no {', '.join(missing)}, only {', '.join(sorted(known))}. "
                "Correct the sync file, or the manifest."
            )
        return schema


def _collect(messages: Iterable[AirbyteMessage]) -> tuple[list[Mapping[str, Any]], Resume | None]:
    records: list[Mapping[str, Any]] = []
    state: Resume | None = None
    for message in messages:
        _raise_if_failed(message)
        if message.type == Type.RECORD and message.record:
            records.append(message.record.data)
        elif message.type == Type.STATE and message.state and message.state.stream:
            blob = message.state.stream.stream_state
            state = dict(vars(blob)) if blob else None
    return records, state


_LOG = logging.getLogger("f1mesh.ingestion.airbyte")


def _load(manifest: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(manifest.read_text())
    except FileNotFoundError as error:
        raise PermanentError(
            f"There is no manifest {manifest}. `manifest` names a file beside the sync file."
        ) from error
    except yaml.YAMLError as error:
        raise PermanentError(f"{manifest} is not YAML: {error}") from error
    if not isinstance(content, dict) or "streams" not in content:
        raise PermanentError(f"{manifest} is no Airbyte low-code manifest: it has no streams.")
    return content


def _catalog(stream: Stream) -> ConfiguredAirbyteCatalog:
    configured = ConfiguredAirbyteStream(
        stream=AirbyteStream(
            name=stream.name, json_schema={}, supported_sync_modes=[SyncMode(stream.sync_mode)]
        ),
        sync_mode=SyncMode(stream.sync_mode),
        destination_sync_mode=DestinationSyncMode.append,
        cursor_field=[stream.cursor] if stream.cursor else None,
        primary_key=[[key] for key in stream.primary_key] or None,
    )
    return ConfiguredAirbyteCatalog(streams=[configured])


def _state_of(name: str, resume: Resume) -> list[AirbyteStateMessage]:
    state = AirbyteStreamState(
        stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(dict(resume))
    )
    return [AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=state)]


def _to_arrow(records: list[Mapping[str, Any]], fields: list[Field]) -> dict[str, Any]:
    fitted = {
        field.name: field.fit([record.get(field.name) for record in records]) for field in fields
    }
    return {
        "records": pa.table({name: column.values for name, column in fitted.items()}),
        "misfits": {name: column.misfits for name, column in fitted.items() if column.misfits},
    }


def _undeclared(records: list[Mapping[str, Any]], schema: Mapping[str, Any]) -> tuple[str, ...]:
    sent = {key for record in records for key in record}
    return tuple(sorted(sent - set(schema.get("properties", {}))))


def _raise_if_failed(message: AirbyteMessage) -> None:
    """Raise what a trace message tells; the CDK goes on with other streams after one."""

    trace = message.trace if message.type == Type.TRACE else None
    if trace is None or trace.error is None:
        return
    permanent = trace.error.failure_type == FailureType.config_error
    kind = PermanentError if permanent else TransientError
    raise kind(f"{trace.error.message} {trace.error.internal_message or ''}".strip())


@contextmanager
def _translated(place: str) -> Iterator[None]:
    """Turn the CDK's errors into the platform's."""

    try:
        yield
    except MeshError as error:
        raise type(error)(f"{place}: {error}") from error
    except ValidationError as error:
        reason = error.__cause__ or error
        raise PermanentError(f"{place} is no valid low-code manifest: {reason}") from error
    except AirbyteTracedException as error:
        permanent = error.failure_type == FailureType.config_error
        kind = PermanentError if permanent else TransientError
        detail = error.message or error.internal_message
        raise kind(f"{place}: {detail}") from error
