"""Which history of Formula 1 is loaded: an F1DB release, Ergast-shaped files, or a made-up one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from f1mesh.errors import MeshError, PermanentError
from f1mesh.sources.csv_folders import csv_entries, csv_names
from f1mesh.sources.download import Progress, Release
from f1mesh.workspace import Workspace
from f1sources.releases import latest_release, newest_kept

Kind = Literal["f1db", "ergast", "simulated"]

RULES_VERSION = b"2"
"""Another one where the loader reads the same files otherwise: they are loaded again."""
DEFAULT_SEED = 1
DEFAULT_SCALE = 1
LICENCES: dict[Kind, str] = {
    "f1db": "F1DB (f1db.com), CC BY 4.0",
    "ergast": "as its publisher says (Ergast/Jolpica data: CC BY-NC-SA 4.0)",
    "simulated": "made up: invented drivers, teams and results",
}


@dataclass(frozen=True)
class HistoryInput:
    """One source of history. `reason` says why it was chosen where nobody named one."""

    kind: Kind
    path: Path | None = None
    version: str | None = None
    seed: int = DEFAULT_SEED
    scale: int = DEFAULT_SCALE
    reason: str = "as asked"

    @classmethod
    def parse(
        cls, text: str | None, downloads: Path, *, progress: Progress | None = None
    ) -> HistoryInput:
        """The input that `text` names: a path or URL of an F1DB release or of Ergast CSV files,
        `latest`, or `simulated[:seed[:scale]]`. None: the latest F1DB release where the network
        reaches it, else one that was fetched before, else `simulated`.

        What has to be fetched lands in `downloads`. Raises PermanentError for what does not exist,
        TransientError for what cannot be fetched.
        """
        if text is None:
            return _default(downloads, progress)
        if text == "simulated" or text.startswith("simulated:"):
            return _simulated(text)
        if text == "latest":
            return _fetched(latest_release(), downloads, progress)
        if text.startswith(("http://", "https://")):
            return _fetched(Release(text, None), downloads, progress)
        return _at(_path(text))

    @property
    def simulated(self) -> bool:
        return self.kind == "simulated"

    @property
    def dataset(self) -> str:
        """Name of the dataset: real and made-up histories never share one."""
        return f"simulated-s{self.seed}-x{self.scale}" if self.simulated else self.kind

    @property
    def source(self) -> str:
        """Where the data comes from, for people."""
        if self.kind == "f1db":
            return "F1DB (f1db.com)"
        return "simulated" if self.path is None else f"Ergast-shaped files ({self.path.name})"

    @property
    def licence(self) -> str:
        return LICENCES[self.kind]

    @property
    def description(self) -> str:
        """One line: what it is, which version, why it was chosen."""
        if self.simulated:
            what = f"simulated (seed {self.seed}, scale {self.scale}): all results are made up"
        else:
            what = f"{self.source}, {self.version or 'version unknown'}"
        return what if self.reason == "as asked" else f"{what} - {self.reason}"

    @property
    def fingerprint(self) -> str:
        """Equal for equal content that is read in the same way: of the files and the mapping of
        F1DB, or of seed, scale and generator."""
        if self.path is None:
            from f1sources.simulated import championship

            return f"simulated:{self.seed}:{self.scale}:{championship.GENERATOR_VERSION}"
        files = sorted({entry.path for entry in csv_entries(self.path)})
        digest = hashlib.sha256(mapping_version(self.kind))
        for file in files:
            digest.update(file.name.encode() + b"\0" if self.path.is_dir() else b"")
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.hexdigest()


def choose_history(
    text: str | None, *, seed: int, scale: int, workspace: Workspace
) -> HistoryInput:
    """What `./f1 run --history TEXT --seed N --scale N` loads (see `HistoryInput.parse`)."""
    chosen = HistoryInput.parse(text, workspace.home / "downloads")
    if chosen.simulated and (text is None or text == "simulated"):
        return replace(chosen, seed=seed, scale=scale)
    return chosen


def mapping_version(kind: Kind) -> bytes:
    """What else than the files decides on the rows: the rules of reading, F1DB's mapping."""
    mapping = Path(__file__).with_name("f1db.sql").read_bytes() if kind == "f1db" else b""
    return RULES_VERSION + mapping


def _simulated(text: str) -> HistoryInput:
    parts = text.split(":")[1:]
    try:
        numbers = [int(part) for part in parts]
        if len(numbers) > 2 or any(number < 0 for number in numbers) or numbers[1:] == [0]:
            raise ValueError(text)
    except ValueError as error:
        raise PermanentError(
            f"'{text}' is not simulated[:seed[:scale]]. Example: simulated:7:2."
        ) from error
    seed, scale = [*numbers, *(DEFAULT_SEED, DEFAULT_SCALE)[len(numbers) :]]
    return HistoryInput("simulated", seed=seed, scale=scale)


def _path(text: str) -> Path:
    """Raises PermanentError if nothing can be there, or nothing is."""
    try:
        path = Path(text).expanduser()
        path.stat()
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        why = "" if isinstance(error, FileNotFoundError) else f" ({error})"
        raise PermanentError(
            f"There is no {text!r}{why}. Name a folder or zip of CSV files, a URL, `latest`, or "
            "`simulated[:seed[:scale]]`."
        ) from error


def _at(path: Path) -> HistoryInput:
    names = csv_names(path)
    if not names:
        raise PermanentError(f"{path} holds no CSV files (.csv or .csv.gz).")
    kind: Kind = "f1db" if any(name.startswith("f1db-") for name in names) else "ergast"
    newest = max(names.values())
    return HistoryInput(kind, path, f"files of {newest}" if newest else None)


def _fetched(release: Release, downloads: Path, progress: Progress | None) -> HistoryInput:
    found = _at(release.fetch(downloads, progress).resolve())
    return replace(found, version=release.tag or found.version)


def _default(downloads: Path, progress: Progress | None) -> HistoryInput:
    try:
        release = latest_release(timeout_s=4.0)
        chosen = _fetched(release, downloads, progress)
        return replace(chosen, reason="no history was named: the latest F1DB release is used")
    except MeshError as error:
        why = str(error).split("\n")[0]
    reason = f"no history was named and the latest F1DB release is out of reach ({why})"
    kept = newest_kept(downloads)
    if kept is not None:
        return replace(
            _fetched(kept, downloads, progress), reason=f"{reason}: the last one fetched is used"
        )
    return HistoryInput("simulated", reason=f"{reason}: made-up history is used")
