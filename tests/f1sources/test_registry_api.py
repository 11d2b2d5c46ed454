"""The registry of drivers: Ergast's shape, paging, throttling."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest

from f1mesh.errors import PermanentError, TransientError
from f1mesh.services import free_port
from f1mesh.workspace import Workspace
from f1sources import registry_api
from f1sources.registry_api import Throttle, create_app, rate_of
from f1sources.systems import ERGAST, REGISTRY

if TYPE_CHECKING:
    from f1sources.load import LoadReport


class Api:
    """The application behind a real HTTP server of this process."""

    def __init__(self, database: str, rate: float | None, secret: str = "") -> None:
        import uvicorn

        self.port = free_port()
        config = uvicorn.Config(
            create_app(database, rate, secret),
            host="127.0.0.1",
            port=self.port,
            log_level="error",
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)

    def get(self, path: str) -> tuple[int, Any]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    opened: list[Api] = []

    def start(database: str, rate: float | None = None, secret: str = "") -> Api:
        opened.append(Api(database, rate, secret))
        return opened[-1]

    yield start
    for api in opened:
        api.close()


@pytest.fixture
def api(serve: Callable[..., Api], load_folder: Callable[..., LoadReport], database: str) -> Api:
    load_folder()
    return serve(database)


def test_values_are_strings_and_missing_ones_are_missing_keys(api: Api) -> None:
    status, reply = api.get("/ergast/f1/drivers.json")

    assert status == 200
    assert reply["MRData"] == {
        "xmlns": "",
        "series": "f1",
        "url": f"http://127.0.0.1:{api.port}/ergast/f1/drivers.json",
        "limit": "30",
        "offset": "0",
        "total": "3",
        "DriverTable": {
            "Drivers": [
                {
                    "driverId": "ascari",
                    "givenName": "Alberto",
                    "familyName": "Ascari",
                    "dateOfBirth": "1918-07-13",
                    "nationality": "Italian",
                },
                {
                    "driverId": "fangio",
                    "givenName": "Juan",
                    "familyName": "Fangio",
                    "dateOfBirth": "1911-06-24",
                    "nationality": "Argentine",
                },
                {
                    "driverId": "farina",
                    "code": "FAR",
                    "givenName": "Nino",
                    "familyName": "Farina",
                    "dateOfBirth": "1906-10-30",
                    "nationality": "Italian",
                },
            ]
        },
    }


@pytest.mark.parametrize("end", [".json", "/", ""])
def test_one_entry_by_its_reference(api: Api, end: str) -> None:
    _, reply = api.get(f"/ergast/f1/constructors/ferrari{end}")

    assert reply["MRData"]["total"] == "1"
    assert reply["MRData"]["ConstructorTable"] == {
        "constructorId": "ferrari",
        "Constructors": [{"constructorId": "ferrari", "name": "Ferrari", "nationality": "Italian"}],
    }


def test_an_unknown_entry_is_an_empty_list(api: Api) -> None:
    status, reply = api.get("/ergast/f1/drivers/nobody.json")

    assert (status, reply["MRData"]["total"]) == (200, "0")
    assert reply["MRData"]["DriverTable"] == {"driverId": "nobody", "Drivers": []}


def test_an_unknown_path_is_not_found(api: Api) -> None:
    assert api.get("/ergast/f1/laps.json") == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("asked", "limit", "offset"),
    [
        ("limit=1000", "100", "0"),
        ("limit=0", "30", "0"),
        ("limit=many&offset=-1", "30", "0"),
        ("limit=2&offset=1", "2", "1"),
        ("offset=99999999999999", "30", "0"),
    ],
)
def test_limit_and_offset_as_the_real_service_takes_them(
    api: Api, asked: str, limit: str, offset: str
) -> None:
    _, reply = api.get(f"/ergast/f1/drivers.json?{asked}")

    assert (reply["MRData"]["limit"], reply["MRData"]["offset"]) == (limit, offset)


def test_paging_gives_every_driver_once(serve: Callable[..., Api], f1db_database: str) -> None:
    api = serve(f1db_database)
    seen: list[str] = []
    total = 1
    while len(seen) < total:
        _, reply = api.get(f"/ergast/f1/drivers.json?limit=100&offset={len(seen)}")
        page = reply["MRData"]["DriverTable"]["Drivers"]
        assert page
        seen += [driver["driverId"] for driver in page]
        total = int(reply["MRData"]["total"])

    assert len(seen) == len(set(seen)) == total > 800
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("sample", "path", "table", "entries"),
    [
        ("drivers_2023.json", "drivers/lewis-hamilton", "DriverTable", "Drivers"),
        ("constructors_2023.json", "constructors/ferrari", "ConstructorTable", "Constructors"),
    ],
)
def test_the_shape_is_that_of_genuine_replies(
    serve: Callable[..., Api],
    f1db_database: str,
    shared_data: Path,
    sample: str,
    path: str,
    table: str,
    entries: str,
) -> None:
    file = shared_data / "jolpica_samples" / "genuine" / sample
    if not file.is_file():
        pytest.skip(f"no genuine reply: {file} does not exist")
    genuine = json.loads(file.read_text())["MRData"]

    _, reply = serve(f1db_database).get(f"/ergast/f1/{path}.json")

    ours = reply["MRData"]
    assert set(ours) == set(genuine)
    entry = ours[table][entries][0]
    full = {key for row in genuine[table][entries] for key in row}
    assert full - set(entry) <= {"url"}, "F1DB has no Wikipedia links"
    assert set(entry) <= full
    order = [key for key in genuine[table][entries][0] if key in entry]
    assert [key for key in entry if key in order] == order
    assert all(isinstance(value, str) for value in entry.values())


def test_beyond_the_rate_it_answers_429(
    serve: Callable[..., Api], load_folder: Callable[..., LoadReport], database: str
) -> None:
    load_folder()
    api = serve(database, rate=2.0)

    statuses = [api.get("/ergast/f1/drivers.json") for _ in range(3)]

    assert [status for status, _ in statuses] == [200, 200, 429]
    assert statuses[2][1] == {"detail": "Request was throttled."}
    assert api.get("/health")[0] == 200


def test_the_throttle_counts_any_second_per_client() -> None:
    clock = [0.0]
    throttle = Throttle(2.0, now=lambda: clock[0])

    assert [throttle.admits("a") for _ in range(3)] == [True, True, False]
    assert throttle.admits("b")
    clock[0] = 0.99
    assert not throttle.admits("a")
    clock[0] = 1.0
    assert throttle.admits("a")


@pytest.mark.parametrize(("text", "rate"), [(None, 4.0), ("off", None), ("0.5", 0.5)])
def test_rates(text: str | None, rate: float | None) -> None:
    assert rate_of(text) == rate


def test_a_wrong_rate_is_refused() -> None:
    with pytest.raises(PermanentError, match="F1_REGISTRY_RATE is 'fast'"):
        rate_of("fast")


def test_without_its_database_it_says_so(serve: Callable[..., Api]) -> None:
    api = serve(f"postgresql://f1:x@127.0.0.1:{free_port()}/none?connect_timeout=1")

    assert api.get("/health")[0] == 503
    assert api.get("/ergast/f1/drivers.json")[0] == 503


def test_it_cannot_write(database: str) -> None:
    with pytest.raises(TransientError, match="read-only transaction"):
        registry_api._ask(database, [("create table t (x int)", {})])


def test_the_service_follows_its_database(tmp_path: Path) -> None:
    workspace = Workspace(root=tmp_path, home=tmp_path, dataset="test")
    try:
        database = ERGAST.start(workspace)
        with psycopg.connect(database) as connection:
            connection.execute('create table constructors ("constructorRef" text)')
        first = REGISTRY.start(workspace)
        assert REGISTRY.start(workspace) == first == REGISTRY.url(workspace)

        ERGAST.stop(workspace)
        ERGAST.start(workspace)
        second = REGISTRY.start(workspace)

        with urlopen(second.replace("/ergast/f1", "/health"), timeout=5) as answer:
            assert answer.status == 200
    finally:
        REGISTRY.stop(workspace)
        ERGAST.stop(workspace)
    with pytest.raises(TransientError, match="does not run"):
        REGISTRY.url(workspace)


def test_without_the_secret_of_its_address_nothing_is_told(
    load_folder: Callable[..., LoadReport], database: str, serve: Callable[..., Api]
) -> None:
    load_folder()
    api = serve(database, None, "s3cret")

    assert api.get("/s3cret/ergast/f1/drivers.json")[1]["MRData"]["total"] == "3"
    assert api.get("/s3cret/health") == (200, {"status": "ok"})
    for path in ("/health", "/ergast/f1/drivers.json", "/s3cre/health", "/", "/docs"):
        assert api.get(path) == (404, {"detail": "Not Found"})
