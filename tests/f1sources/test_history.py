"""What `--history` means, and what is used where nobody names one."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from f1mesh.errors import PermanentError, TransientError
from f1mesh.services import free_port
from f1mesh.workspace import Workspace
from f1sources import releases
from f1sources.history import HistoryInput, choose_history


def release_zip(path: Path, year: int = 2024) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(
            zipfile.ZipInfo("f1db-races-race-results.csv", (year, 8, 24, 0, 0, 0)), "raceId\n1\n"
        )
    return path


class GitHub:
    """A peer that answers as GitHub's release pages do."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.cut = 0
        self.fetched = 0
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(302)
                self.send_header("Location", f"{peer.url}/releases/download/v2024.9/f1db-csv.zip")
                self.end_headers()

            def do_GET(self) -> None:
                if "v2024.9" not in self.path:
                    self.send_error(404)
                    return
                peer.fetched += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(peer.content)))
                self.end_headers()
                self.wfile.write(peer.content[: len(peer.content) - peer.cut])

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    peer = GitHub(release_zip(tmp_path / "release.zip").read_bytes())
    monkeypatch.setattr(releases, "LATEST", f"{peer.url}/releases/latest/download/f1db-csv.zip")
    yield peer
    peer.close()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "LATEST", f"http://127.0.0.1:{free_port()}/f1db-csv.zip")


def test_a_release_zip_is_known_by_its_files(tmp_path: Path) -> None:
    chosen = HistoryInput.parse(str(release_zip(tmp_path / "x.zip")), tmp_path)

    assert (chosen.kind, chosen.dataset, chosen.simulated) == ("f1db", "f1db", False)
    assert chosen.version == "files of 2024-08-24"
    assert "CC BY 4.0" in chosen.licence


def test_a_folder_of_ergast_files(tmp_path: Path) -> None:
    (tmp_path / "races.csv").write_text("raceId\n")

    chosen = HistoryInput.parse(str(tmp_path), tmp_path)

    assert (chosen.kind, chosen.dataset) == ("ergast", "ergast")


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    one, two, other = tmp_path / "1.zip", tmp_path / "2.zip", tmp_path / "3.zip"
    for file, year in ((one, 2024), (two, 2024), (other, 2025)):
        release_zip(file, year)

    first, same, third = (
        HistoryInput.parse(str(file), tmp_path).fingerprint for file in (one, two, other)
    )

    assert first == same != third


@pytest.mark.parametrize(
    ("text", "dataset"),
    [
        ("simulated", "simulated-s1-x1"),
        ("simulated:7", "simulated-s7-x1"),
        ("simulated:7:30", "simulated-s7-x30"),
    ],
)
def test_simulated_by_seed_and_scale(text: str, dataset: str, tmp_path: Path) -> None:
    chosen = HistoryInput.parse(text, tmp_path)

    assert (chosen.dataset, chosen.simulated) == (dataset, True)
    assert "made up" in chosen.description
    assert chosen.fingerprint != HistoryInput.parse("simulated:8:2", tmp_path).fingerprint


@pytest.mark.parametrize("text", ["simulated:x", "simulated:1:0", "simulated:1:2:3"])
def test_what_is_no_seed_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="seed"):
        HistoryInput.parse(text, tmp_path)


def test_a_path_that_is_not_there_is_refused_with_what_could_be_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"There is no .*nowhere.*simulated"):
        HistoryInput.parse(str(tmp_path / "nowhere"), tmp_path)


def test_options_are_for_plain_simulated_only(tmp_path: Path) -> None:
    workspace = Workspace(root=tmp_path, home=tmp_path, dataset="test")

    assert choose_history("simulated", seed=3, scale=2, workspace=workspace).seed == 3
    assert choose_history("simulated:9", seed=3, scale=2, workspace=workspace).seed == 9


def test_the_latest_release_is_fetched_once(github: GitHub, tmp_path: Path) -> None:
    told: list[str] = []
    chosen = HistoryInput.parse(None, tmp_path / "kept", progress=told.append)
    again = HistoryInput.parse("latest", tmp_path / "kept")

    assert (chosen.kind, chosen.version) == ("f1db", "v2024.9")
    assert "latest F1DB release" in chosen.reason
    assert again.fingerprint == chosen.fingerprint
    assert github.fetched == 1
    assert told


def test_a_kept_file_that_is_damaged_is_fetched_again(github: GitHub, tmp_path: Path) -> None:
    chosen = HistoryInput.parse("latest", tmp_path / "kept")
    assert chosen.path is not None
    chosen.path.write_bytes(b"half")

    HistoryInput.parse("latest", tmp_path / "kept")

    assert github.fetched == 2


def test_a_cut_off_download_leaves_nothing(github: GitHub, tmp_path: Path) -> None:
    github.cut = 10

    with pytest.raises(TransientError, match="broke off"):
        HistoryInput.parse("latest", tmp_path / "kept")

    assert not list((tmp_path / "kept").glob("*.zip"))
    assert not list((tmp_path / "kept").glob("*.part"))


def test_an_address_without_a_file_is_permanent(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="404"):
        HistoryInput.parse(f"{github.url}/nothing.zip", tmp_path)


@pytest.mark.usefixtures("offline")
def test_without_a_network_the_history_is_made_up_and_says_so(tmp_path: Path) -> None:
    chosen = HistoryInput.parse(None, tmp_path / "kept")

    assert chosen.simulated
    assert "made-up history is used" in chosen.description
    with pytest.raises(TransientError, match="cannot be reached"):
        HistoryInput.parse("latest", tmp_path / "kept")


def test_without_a_network_a_release_fetched_before_is_used(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    HistoryInput.parse("latest", tmp_path / "kept")
    monkeypatch.setattr(releases, "LATEST", f"http://127.0.0.1:{free_port()}/f1db-csv.zip")

    chosen = HistoryInput.parse(None, tmp_path / "kept")

    assert (chosen.kind, chosen.version) == ("f1db", "v2024.9")
    assert "the last one fetched is used" in chosen.reason
