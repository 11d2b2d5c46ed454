"""One real PostgreSQL for all tests of the sources; a database of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from f1mesh.settings import source_setting
from f1mesh.workspace import Workspace
from f1sources.history import HistoryInput
from f1sources.load import LoadReport, load
from f1sources.systems import ERGAST

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the server's maintenance database."""
    home = tmp_path_factory.mktemp("sources")
    workspace = Workspace(root=home, home=home, dataset="test")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(source_setting(ERGAST.connection), raising=False)
        patch.delenv("F1_POSTGRES_PORT", raising=False)
        url = ERGAST.start(workspace)
        yield url.replace("/ergast?", "/postgres?")
        ERGAST.stop(workspace)


def new_database(server: str, template: str = "template1") -> str:
    """URL of a fresh database, a copy of `template`."""
    name = f"t{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def database(server: str) -> str:
    """URL of an empty database."""
    return new_database(server)


@pytest.fixture(scope="session")
def f1db_database(server: str, f1db_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of a database that holds the genuine F1DB release; read only by agreement."""
    url = new_database(server)
    history = HistoryInput.parse(str(f1db_zip), tmp_path_factory.mktemp("downloads"))
    load(url, history, quarantine=tmp_path_factory.mktemp("quarantine"))
    return url


@pytest.fixture
def f1db_copy(server: str, f1db_database: str) -> str:
    """URL of a database of the test's own that holds the genuine F1DB release."""
    return new_database(server, template=f1db_database.split("/")[-1].split("?")[0])


SEASON = {
    "circuits.csv": """circuitId,circuitRef,name,location,country,lat,lng,alt,url
1,silverstone,Silverstone Circuit,Silverstone,UK,52.0786,-1.01694,153,\\N
2,monaco,Circuit de Monaco,Monte-Carlo,Monaco,43.7347,7.42056,7,\\N
""",
    "constructors.csv": """constructorId,constructorRef,name,nationality,url
1,alfa,Alfa Romeo,Italian,\\N
2,ferrari,Ferrari,Italian ,\\N
""",
    "drivers.csv": """driverId,driverRef,number,code,forename,surname,dob,nationality,url
1,farina,\\N,FAR,Nino,Farina,1906-10-30,Italian,\\N
2,fangio,\\N,\\N,Juan,Fangio,24/06/1911,Argentine,\\N
3,ascari,\\N,\\N,Alberto,Ascari,1918-07-13,Italian,\\N
""",
    "races.csv": """raceId,year,round,circuitId,name,date,time,url
1,1950,1,1,British Grand Prix,1950-05-13,\\N,\\N
2,1950,2,2,Monaco Grand Prix,1950-05-21,14:00:00,\\N
3,1950,3,1,Future Grand Prix,1950-09-03,\\N,\\N
""",
    "results.csv": "resultId,raceId,driverId,constructorId,number,grid,position,positionText,"
    "positionOrder,points,laps,time,milliseconds,fastestLap,rank,fastestLapTime,"
    "fastestLapSpeed,statusId\n"
    + "".join(
        f"{raceId * 10 + driver},{raceId},{driver},{1 if driver < 3 else 2},{driver},{driver},"
        f"{driver},{driver},{driver},{9 - driver},70,\\N,\\N,\\N,\\N,\\N,\\N,1\n"
        for raceId in (1, 2)
        for driver in (1, 2, 3)
    ),
    "status.csv": "statusId,status\n1,Finished\n2,Disqualified\n",
    "seasons.csv": "year,url\n1950,\\N\n",
    "driver_standings.csv": "driverStandingsId,raceId,driverId,points,position,positionText,wins\n"
    "1,1,1,8,1,1,1\n2,1,2,7,2,2,0\n3,1,3,6,3,3,0\n",
}


class ErgastFolder:
    """A small season as Ergast files, to be damaged and corrected."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name, text in SEASON.items():
            (path / name).write_text(text)

    def replace(self, file: str, old: str, new: str) -> None:
        text = (self.path / file).read_text()
        assert old in text, f"{old!r} is not in {file}"
        (self.path / file).write_text(text.replace(old, new, 1))

    def append(self, file: str, line: str) -> None:
        with (self.path / file).open("a") as out:
            out.write(line + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> ErgastFolder:
    path = tmp_path / "season"
    path.mkdir()
    return ErgastFolder(path)


@pytest.fixture
def load_folder(database: str, folder: ErgastFolder, tmp_path: Path) -> Callable[..., LoadReport]:
    """Load the folder as it is now into the test's database."""

    def run(**options: object) -> LoadReport:
        history = HistoryInput.parse(str(folder.path), tmp_path)
        return load(database, history, quarantine=tmp_path / "quarantine", **options)  # type: ignore[arg-type]

    return run
