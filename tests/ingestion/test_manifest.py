"""The drivers domain's own low-code connector, run by the Airbyte CDK on a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from f1mesh.errors import PermanentError
from f1mesh.ingestion.sync import Sync, load_sync
from tests.ingestion.lab import Lab
from tests.ingestion.registry_api import RegistryApi, serving


@pytest.fixture
def api(lab: Lab) -> Iterator[RegistryApi]:
    api = RegistryApi()
    api.entries["drivers.json"] = [
        {"driverId": f"driver-{n}", "givenName": "A", "familyName": "B", "nationality": "British"}
        for n in range(230)
    ]
    api.entries["drivers.json"][7]["permanentNumber"] = "44"
    api.entries["constructors.json"] = [{"constructorId": "one", "name": "One"}]
    with serving(api):
        lab.source_url = api.url
        yield api


@pytest.fixture
def sync(root: Path) -> Sync:
    """The domain's sync, with the connection of the lab."""
    sync = load_sync(root / "domains" / "drivers" / "ingestion" / "drivers_api.yaml")
    source = sync.source.model_copy(update={"connection": "lab"})
    return sync.model_copy(update={"source": source})


def test_all_pages_are_landed(api: RegistryApi, lab: Lab, sync: Sync) -> None:
    drivers, constructors = lab.run_all(sync).streams

    assert (drivers.records_read, constructors.records_read) == (230, 1)
    asked = [target for target in api.asked if "drivers" in target]
    assert [parse_qs(urlsplit(target).query).get("offset") for target in asked] == [
        None,
        ["100"],
        ["200"],
    ]
    assert all("limit=100" in target for target in asked)
    landed = lab.rows("drivers", "driverId", "permanentNumber", "code")
    assert ("driver-7", "44", None) in landed
    assert ("driver-8", None, None) in landed


def test_an_entry_that_left_the_registry_is_gone(api: RegistryApi, lab: Lab, sync: Sync) -> None:
    lab.run_all(sync)
    del api.entries["drivers.json"][:30]

    drivers, _ = lab.run_all(sync).streams

    assert (drivers.deleted, drivers.generation_id) == (30, 2)
    assert len(lab.rows("drivers", "driverId")) == 200


def test_a_throttled_request_is_asked_again(api: RegistryApi, lab: Lab, sync: Sync) -> None:
    api.failing = [429]

    drivers, _ = lab.run_all(sync).streams

    assert drivers.records_read == 230
    assert api.failing == []


def test_a_path_that_is_not_there_is_told(api: RegistryApi, lab: Lab, sync: Sync) -> None:
    lab.source_url = api.url.removesuffix("/f1")

    with pytest.raises(PermanentError, match=r"manifest\.yaml, stream .* Check its address"):
        lab.run_all(sync)


def test_an_undeclared_field_is_reported(api: RegistryApi, lab: Lab, sync: Sync) -> None:
    api.entries["drivers.json"][0]["height"] = "180"

    drivers, _ = lab.run_all(sync).streams

    assert [(d.kind, d.column) for d in drivers.drift] == [("field_undeclared", "height")]


def test_genuine_replies_fit_the_schema(
    shared_data: Path, api: RegistryApi, lab: Lab, sync: Sync
) -> None:
    for name, kind in (("drivers", "Driver"), ("constructors", "Constructor")):
        file = shared_data / "jolpica_samples" / "genuine" / f"{name}_2023.json"
        data = json.loads(file.read_text())["MRData"]
        api.entries[f"{name}.json"] = data[f"{kind}Table"][f"{kind}s"]

    result = lab.run_all(sync)

    assert all(stream.records_read > 9 and stream.drift == () for stream in result.streams)


TYPED: dict[str, Any] = {
    "id": {"type": "string"},
    "wins": {"type": ["null", "integer"]},
    "share": {"type": ["null", "number"]},
    "active": {"type": ["null", "boolean"]},
    "born": {"type": ["null", "string"], "format": "date"},
    "seen": {"type": ["null", "string"], "format": "date-time"},
    "home": {"type": ["null", "object"]},
}


def typed_manifest(root: Path, folder: Path, properties: dict[str, Any]) -> None:
    """The domain's manifest with another schema for constructors."""
    manifest = yaml.safe_load((root / "domains/drivers/ingestion/manifest.yaml").read_text())
    manifest["streams"][1]["schema_loader"]["schema"]["properties"] = properties
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))


def test_values_that_do_not_fit_are_nulled_and_noted(
    api: RegistryApi, lab: Lab, root: Path
) -> None:
    typed_manifest(root, lab.workspace.root, TYPED)
    api.entries["constructors.json"] = [
        {
            "id": "a",
            "wins": "3",
            "share": 0.5,
            "active": True,
            "born": "1950-05-13",
            "seen": "2024-01-01T00:00:00Z",
            "home": {"country": "Italy"},
        },
        {"id": 7, "wins": "many", "share": 1, "active": "false", "born": "in May", "seen": None},
    ]
    source = {"type": "manifest", "manifest": "manifest.yaml", "connection": "lab"}
    stream = {"name": "constructors", "sync_mode": "full_refresh", "destination_mode": "overwrite"}

    result = lab.run_all(lab.sync(stream, source=source)).streams[0]

    first, second = sorted(
        lab.table("constructors").to_pyarrow_table().to_pylist(),
        key=lambda r: str(r["id"]),
        reverse=True,
    )
    assert (first["wins"], first["share"], first["active"], first["home"]) == (
        3,
        0.5,
        True,
        '{"country": "Italy"}',
    )
    assert (str(first["born"]), first["seen"].isoformat()) == (
        "1950-05-13",
        "2024-01-01T00:00:00+00:00",
    )
    assert (second["id"], second["wins"], second["share"], second["active"], second["born"]) == (
        "7",
        None,
        1.0,
        False,
        None,
    )
    assert json.loads(second["_airbyte_meta"])["changes"] == [
        {"field": "wins", "change": "NULLED", "reason": "DESTINATION_TYPECAST_ERROR"},
        {"field": "born", "change": "NULLED", "reason": "DESTINATION_TYPECAST_ERROR"},
    ]
    assert json.loads(first["_airbyte_meta"])["changes"] == []
    assert {(d.kind, d.column, d.detail) for d in result.drift} == {
        ("values_nulled", "wins", "1 values"),
        ("values_nulled", "born", "1 values"),
    }


def test_a_manifest_that_is_none_is_refused(lab: Lab, api: RegistryApi) -> None:
    source = {"type": "manifest", "manifest": "manifest.yaml", "connection": "lab"}
    sync = lab.sync(
        {"name": "x", "sync_mode": "full_refresh", "destination_mode": "append"}, source=source
    )

    with pytest.raises(PermanentError, match="There is no manifest"):
        lab.run_all(sync)

    (lab.workspace.root / "manifest.yaml").write_text("streams: 5\nversion: 1.0.0")
    with pytest.raises(PermanentError, match="no valid low-code manifest"):
        lab.run_all(sync)


def test_a_connector_with_increments_keeps_its_own_state(
    api: RegistryApi, lab: Lab, root: Path
) -> None:
    properties = {name: {"type": "string"} for name in ("constructorId", "changed")}
    typed_manifest(root, lab.workspace.root, properties)
    file = lab.workspace.root / "manifest.yaml"
    manifest = yaml.safe_load(file.read_text())
    manifest["streams"][1]["incremental_sync"] = {
        "type": "DatetimeBasedCursor",
        "cursor_field": "changed",
        "datetime_format": "%Y-%m-%d",
        "start_datetime": {
            "type": "MinMaxDatetime",
            "datetime": "2020-01-01",
            "datetime_format": "%Y-%m-%d",
        },
        "start_time_option": {
            "type": "RequestOption",
            "inject_into": "request_parameter",
            "field_name": "since",
        },
    }
    file.write_text(yaml.safe_dump(manifest, sort_keys=False))
    api.entries["constructors.json"] = [
        {"constructorId": "a", "changed": "2024-05-01"},
        {"constructorId": "b", "changed": "2024-06-01"},
    ]
    source = {"type": "manifest", "manifest": "manifest.yaml", "connection": "lab"}
    sync = lab.sync(
        {
            "name": "constructors",
            "sync_mode": "incremental",
            "destination_mode": "upsert",
            "cursor": "changed",
            "primary_key": ["constructorId"],
        },
        source=source,
    )
    lab.run_all(sync)
    api.entries["constructors.json"] = [{"constructorId": "a", "changed": "2024-07-01"}]
    api.asked.clear()

    second = lab.run_all(sync).streams[0]

    assert any("since=2024-06-01" in target for target in api.asked)
    assert second.cursor_before == {"changed": "2024-06-01"}
    assert second.cursor_after == {"changed": "2024-07-01"}
    assert lab.rows("constructors", "constructorId", "changed") == [
        ("a", "2024-07-01"),
        ("b", "2024-06-01"),
    ]
