"""Projects as dbt parsed them, kept for every dataset of a workspace: a parse takes seconds, and it
depends on files, versions and names alone.

dbt keeps its own parse in `target/partial_parse.msgpack`, and throws it away when a variable of the
environment changes that dbt_project.yml names, as ours does with each dataset. The file is read
here as dbt 1.11 reads it; `tests/transformation/test_kept.py` says whether it still can be.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MANIFEST, _PARSED, _PACKAGES = "manifest.json", "partial_parse.msgpack", "dbt_packages"
_MOST = 32  # parses that a workspace keeps


@dataclass(frozen=True)
class KeptParse:
    """What dbt made of a project whose content a digest names; the folder is written once."""

    folder: Path  # <home>/parsed/<digest>

    def restore(self, state: Path) -> bool:
        """Give a project's state folder the manifest and the packages; false if none are kept."""
        if not (self.folder / _PARSED).is_file():
            return False
        target = state / "target"
        target.mkdir(parents=True, exist_ok=True)
        fresh = target / f"{_MANIFEST}.{os.getpid()}"
        try:
            shutil.copyfile(self.folder / _MANIFEST, fresh)
        except FileNotFoundError:
            return False  # somebody else has thrown it away meanwhile
        fresh.replace(target / _MANIFEST)
        _copy_links(self.folder / _PACKAGES, state / _PACKAGES)
        with suppress(OSError):  # somebody else's, and the oldest are thrown away first
            os.utime(self.folder)
        return True

    def manifest(self) -> Any:
        """dbt's Manifest; None where it is not kept. What this dbt cannot read is thrown away."""
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumuro_decoder

        try:
            content = (self.folder / _PARSED).read_bytes()
            return Manifest.from_msgpack(content, decoder=extended_mashumuro_decoder)
        except Exception:  # whatever is wrong with it, dbt parses anew
            shutil.rmtree(self.folder, ignore_errors=True)
            return None

    def keep(self, state: Path) -> None:
        """Keep what dbt has just parsed there. Nothing is kept where that cannot be written."""
        if self.folder.is_dir():
            return
        with suppress(OSError):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder.parent) as scratch:
                fresh = Path(scratch) / "parse"
                fresh.mkdir()
                for name in (_MANIFEST, _PARSED):
                    shutil.copyfile(state / "target" / name, fresh / name)
                _copy_links(state / _PACKAGES, fresh / _PACKAGES)
                fresh.rename(self.folder)
            _drop_oldest(self.folder.parent)


def _copy_links(here: Path, there: Path) -> None:
    """The packages of a project, which are links to folders of the checkout."""
    there.mkdir(exist_ok=True)
    for link in here.iterdir() if here.is_dir() else ():
        (there / link.name).unlink(missing_ok=True)
        (there / link.name).symlink_to(link.readlink())


def _drop_oldest(folder: Path) -> None:
    kept = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime)
    for each in kept[:-_MOST]:
        shutil.rmtree(each, ignore_errors=True)
