"""Folders and zips as people have them: broken, locked, endless, or no files at all."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from f1mesh.errors import PermanentError
from f1mesh.sources import csv_folders
from f1mesh.sources.csv_folders import csv_members
from f1sources.history import HistoryInput

TEXT = b"raceId,year\n" + b"1,1950\n2,1950\n" * 500


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, name: str = "races.csv") -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        out.writestr(name, TEXT)
    return path


def patched(path: Path, change: Callable[[bytearray], None]) -> Path:
    content = bytearray(archive(path).read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def flags(content: bytearray, bits: int) -> None:
    """Set general purpose flags of the only member, in both of its headers."""
    content[6] |= bits
    content[content.rindex(b"PK\x01\x02") + 8] |= bits


def method(content: bytearray, number: int) -> None:
    content[8] = number
    content[content.rindex(b"PK\x01\x02") + 10] = number


def spoil(content: bytearray, at: int) -> None:
    content[at : at + 8] = bytes(8)


def whole_read(path: Path) -> None:
    """What choosing a history and reading it does with its files."""
    chosen = HistoryInput.parse(str(path), path.parent)
    assert chosen.fingerprint
    assert chosen.path is not None
    assert list(csv_members(chosen.path))


def test_undamaged_folders_and_zips_are_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "Races.CSV").write_bytes(TEXT)
    (tmp_path / "folder" / "results.csv.gz").write_bytes(gzip.compress(TEXT))
    (tmp_path / "folder" / "._Races.CSV").write_bytes(b"what macOS keeps beside a file")
    (tmp_path / "folder" / "README.md").write_text("x")

    assert dict(csv_members(tmp_path / "folder")) == {"Races.CSV": TEXT, "results.csv.gz": TEXT}
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = archive(tmp_path / f"{packing}.zip", packing, "deep/er/races.csv")
        assert dict(csv_members(path)) == {"races.csv": TEXT}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda c: flags(c, 1), "is encrypted. Unpack it", id="encrypted"),
        pytest.param(lambda c: method(c, 99), "packed in a way that", id="unknown method"),
        pytest.param(lambda c: method(c, 93), "packed in a way that", id="zstd"),
        pytest.param(lambda c: method(c, 12), "cannot be read", id="not bzip2"),
        pytest.param(lambda c: method(c, 14), "cannot be read", id="not lzma"),
        pytest.param(lambda c: method(c, 0), "cannot be read", id="not stored"),
        pytest.param(lambda c: spoil(c, 45), "cannot be read", id="corrupt deflate"),
        pytest.param(lambda c: spoil(c, 0), "cannot be read", id="no local header"),
        pytest.param(lambda c: spoil(c, c.rindex(b"PK\1\2")), "cannot be read", id="no directory"),
        pytest.param(lambda c: spoil(c, c.rindex(b"PK\1\2") + 12), "cannot be read", id="checksum"),
        pytest.param(lambda c: c.__delitem__(slice(-30, None)), "is neither", id="cut off"),
        pytest.param(lambda c: c.__delitem__(slice(20, 60)), "cannot be read", id="a hole"),
        pytest.param(lambda c: c.clear(), "is neither", id="empty"),
    ],
)  # fmt: skip
def test_a_broken_zip_is_an_error_that_names_it(
    tmp_path: Path, change: Callable[[bytearray], None], told: str
) -> None:
    path = patched(tmp_path / "history.zip", change)

    with pytest.raises(PermanentError) as refused:
        whole_read(path)

    assert told in str(refused.value)
    assert "history.zip" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT)[:-20], b"\x1f\x8b", TEXT, gzip.compress(TEXT)[:30] + bytes(30)],
    ids=["cut off", "cut short", "no gzip", "corrupt"],
)
def test_a_broken_gzip_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "races.csv.gz").write_bytes(content)

    with pytest.raises(PermanentError, match=r"races.csv.gz in .* cannot be read"):
        whole_read(tmp_path)


def test_what_unpacks_to_too_much_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_folders, "MAX_BYTES", 3 << 20)
    for name in ("gzip", "plain", "many"):
        (tmp_path / name).mkdir()
    zeros = bytes(4 << 20)
    with zipfile.ZipFile(tmp_path / "zip.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("races.csv", zeros)
    with zipfile.ZipFile(tmp_path / "gzip.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("races.csv.gz", gzip.compress(zeros))
    (tmp_path / "gzip" / "races.csv.gz").write_bytes(gzip.compress(zeros))
    for number in range(4):
        (tmp_path / "many" / f"{number}.csv").write_bytes(bytes(1 << 20))
    with (tmp_path / "plain" / "races.csv").open("wb") as sparse:
        sparse.truncate(1 << 40)

    for path in ("zip.zip", "gzip.zip", "gzip", "many", "plain"):
        with pytest.raises(PermanentError, match=f"{path} hold more than 3 MB"):
            whole_read(tmp_path / path)


def test_two_files_of_one_name_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "history.zip", "w") as out:
        out.writestr("old/races.csv", TEXT)
        out.writestr("new/races.csv", TEXT[:20])

    with pytest.raises(PermanentError, match=r"history.zip holds several files races.csv"):
        whole_read(tmp_path / "history.zip")


def test_a_zip_of_very_many_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as out:
        for number in range(1001):
            out.writestr(f"{number}.csv", "")

    with pytest.raises(PermanentError, match=r"many.zip holds 1001 CSV files, over 1000"):
        whole_read(tmp_path / "many.zip")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(os.mkfifo, id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="a device"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="a dead link"),
        pytest.param(lambda path: path.symlink_to(path.name), id="a link to itself"),
        pytest.param(lambda path: path.mkdir(), id="a folder"),
    ],
)
def test_what_is_no_regular_file_is_refused_by_name(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "drivers.csv").write_bytes(TEXT)
    make(tmp_path / "races.csv")

    with pytest.raises(PermanentError, match=r"races.csv is no regular file"):
        whole_read(tmp_path)


@pytest.mark.timeout(20)
def test_a_pipe_or_device_as_the_history_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")

    for path in (tmp_path / "pipe.zip", Path("/dev/zero")):
        with pytest.raises(PermanentError, match=f"{path} is neither a folder nor a regular file"):
            whole_read(path)


@pytest.mark.parametrize("content", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", TEXT])
def test_another_file_is_refused_with_what_would_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "races.csv").write_bytes(content)

    with pytest.raises(PermanentError, match=r"races.csv is neither a folder nor a zip file"):
        whole_read(tmp_path / "races.csv")


@pytest.mark.parametrize("text", ["a\0b", "x" * 300, "~nobody-of-that-name/x", "loop"])
def test_a_path_that_cannot_be_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")

    with pytest.raises(PermanentError, match="There is no "):
        HistoryInput.parse(text, tmp_path)


def test_a_folder_without_csv_files_is_refused(tmp_path: Path) -> None:
    archive(tmp_path / "history.zip")

    with pytest.raises(PermanentError, match="holds no CSV files"):
        whole_read(tmp_path)
