"""What a server may do to a download: nothing that hangs, fills the disk or stays."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from f1mesh.errors import PermanentError, TransientError
from f1mesh.sources import download
from f1sources import releases
from f1sources.history import HistoryInput

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    file = tmp_path / "history.zip"
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("races.csv", "raceId\n1\n")
    return file.read_bytes()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Start a peer that answers each GET in the given way: its address."""
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):  # the client has gone
                    answer(self)

            def log_message(self, *_args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/history.zip"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(content: bytes, **headers: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return send


def redirect(target: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.end_headers()

    return send


def raw(reply: bytes) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(reply)

    return send


def dripping(start: bytes) -> Answer:
    """A byte every now and then, for as long as somebody listens."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)

    return send


def refused(url: str, downloads: Path, error: type[Exception], told: str) -> str:
    """Fetching fails in this way, and leaves nothing."""
    with pytest.raises(error, match=told) as failure:
        HistoryInput.parse(url, downloads)
    assert not downloads.exists() or not list(downloads.iterdir())
    return str(failure.value)


def test_a_zip_is_fetched_whatever_length_is_announced(
    serve: Callable[[Answer], str], archive: bytes, tmp_path: Path
) -> None:
    for length in ("junk", "-5", "1e3", "²"):
        url = serve(answer(archive, Content_Length=length))

        chosen = HistoryInput.parse(url, tmp_path / "downloads")

        assert chosen.path is not None
        assert chosen.path.read_bytes() == archive


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        pytest.param(
            answer(b"<html>Please log in</html>"),
            PermanentError,
            "is not used: it is neither a folder nor a zip",
            id="a page",
        ),
        pytest.param(answer(b""), PermanentError, "is not used", id="nothing"),
        pytest.param(
            raw(b"SSH-2.0-OpenSSH_9.6\r\n"), TransientError, "cannot be reached", id="ssh"
        ),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\n" + b"x" * 70000), TransientError, "reached", id="long"
        ),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
            TransientError,
            "broke off",
            id="half a chunk",
        ),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"),
            TransientError,
            "broke off",
            id="no chunk",
        ),
        pytest.param(
            answer(b"PK", Content_Length="10"), TransientError, "2 of 10 bytes", id="cut off"
        ),
        pytest.param(
            answer(b"PK", Content_Length=str(1 << 40)), PermanentError, "larger than", id="huge"
        ),
        pytest.param(
            redirect("ftp://127.0.0.1/x.zip"), PermanentError, "from http to ftp", id="ftp"
        ),
        pytest.param(
            redirect("file:///etc/passwd"), PermanentError, "file:///etc/passwd", id="file"
        ),
        pytest.param(redirect("/history.zip"), PermanentError, "infinite loop", id="loop"),
        pytest.param(redirect("http://[::1/x"), PermanentError, "not an address", id="odd target"),
    ],
)
def test_what_a_server_must_not_answer(
    serve: Callable[[Answer], str],
    tmp_path: Path,
    reply: Answer,
    error: type[Exception],
    told: str,
) -> None:
    refused(serve(reply), tmp_path / "downloads", error, told)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", id="body"),
    ],
)
def test_a_server_that_drips_is_given_up(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(download, "MAX_SECONDS", 0.5)

    begin = time.monotonic()
    refused(serve(dripping(start)), tmp_path / "downloads", TransientError, "more than 0 s")

    assert time.monotonic() - begin < 5


def test_a_server_that_never_stops_sending_is_cut_off(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 1 << 20)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(bytes(1 << 16))

    refused(serve(endless), tmp_path / "downloads", PermanentError, "larger than 1 MB")


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///history.zip",
        "http://host:port/history.zip",
        "http://host:99999/history.zip",
        "http://[::1/history.zip",
        "http://127.0.0.1/a history.zip",
        "http://127.0.0.1/h\u00efstory.zip",
        "http://127.0.0.1/history.zip\r\nHost: other",
        "http://127.0.0.1/history\x00.zip",
        "http://" + "a" * 70 + ".example/history.zip",
    ],
)
def test_an_odd_address_is_refused_by_name(url: str, tmp_path: Path) -> None:
    told = refused(url, tmp_path / "downloads", PermanentError, "is not an address")

    assert told.isprintable()


def test_an_address_without_a_usable_name_has_a_file_all_the_same(
    serve: Callable[[Answer], str], archive: bytes, tmp_path: Path
) -> None:
    host = serve(answer(archive)).rpartition("/")[0]

    for path in ("", "/", "/..", "/" + "x" * 500, "/a%2f..%2fb", "/~*?x=1"):
        chosen = HistoryInput.parse(host + path, tmp_path / "downloads")

        assert chosen.path is not None
        assert chosen.path.parent == tmp_path / "downloads"


def test_a_kept_file_that_is_no_zip_is_not_used(
    serve: Callable[[Answer], str], archive: bytes, tmp_path: Path
) -> None:
    release = download.Release(serve(answer(archive)), "v2024.9")
    kept = release.kept_at(tmp_path)
    kept.write_bytes(b"<html></html>")
    kept.with_name(kept.name + ".sha256").write_text(hashlib.sha256(b"<html></html>").hexdigest())

    assert release.fetch(tmp_path).read_bytes() == archive


def test_what_a_killed_download_left_is_removed(
    serve: Callable[[Answer], str], archive: bytes, tmp_path: Path
) -> None:
    left = tmp_path / "history-0123.99999999.part"
    left.write_bytes(b"half")

    HistoryInput.parse(serve(answer(archive)), tmp_path)

    assert not left.exists()


def test_a_default_that_is_no_release_falls_back(
    serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = download.Release(serve(answer(b"<html>Please log in</html>")), "v2024.9")
    monkeypatch.setattr(releases, "_latest_release", lambda _seconds: release)

    chosen = HistoryInput.parse(None, tmp_path / "downloads")

    assert chosen.simulated
    assert "is not used" in chosen.reason


def test_a_latest_release_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(releases, "LATEST", f"http://127.0.0.1:{listener.getsockname()[1]}/x.zip")

    def drip() -> None:
        peer, _ = listener.accept()
        with peer, suppress(OSError):
            while True:
                peer.sendall(b"H")
                time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()
    with pytest.raises(TransientError, match=re.escape("more than 1 s")):
        releases.latest_release(timeout_s=0.5)
    listener.close()
