"""What Airflow installs, here and on MWAA: two files made from `requirements.in` and `version`.

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
CONSTRAINTS = (
    "https://raw.githubusercontent.com/apache/airflow/constraints-{version}/constraints-{python}.txt"
)


@dataclass(frozen=True)
class Requirements:
    """The files of `platform/airflow` that say what is installed."""

    folder: Path
    uv: Path

    @classmethod
    def of(cls, workspace: Workspace) -> Requirements:
        return cls(
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
        lines = (line.strip() for line in (self.folder / "requirements.in").read_text().splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))

    @property
    def lock(self) -> Path:
        return self.folder / "requirements.lock"

    def mwaa_text(self) -> str:
        """The content of requirements.txt, pinned as the lock has it."""
        pins = dict(line.split("==") for line in self.lock.read_text().splitlines() if "==" in line)
        names = [re.split(r"[=<>!~\[ ]", line, maxsplit=1)[0] for line in self.wanted]
        lines = [f"{name}=={pins[name]}" for name in ("apache-airflow", *names)]
        head = "# Made by `./f1 airflow lock` from requirements.in and version. Do not edit."
        return "\n".join([head, f'--constraint "{self.constraints_url}"', *lines]) + "\n"

    def compile(self, constraints: str | None = None) -> str:
        """The content of requirements.lock, resolved under the constraints (a file or URL).

        Raises TransientError where the constraints or the index are not reached.
        """
        with tempfile.TemporaryDirectory(prefix="f1-lock-") as folder:
            source = Path(folder) / "requirements.in"
            source.write_text("\n".join([f"apache-airflow=={self.version}", *self.wanted]) + "\n")
            command = [str(self.uv), "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
            command += ["--python-version", PYTHON, "--constraint"]
            command += [constraints or self.constraints_url, str(source)]
            done = run_uv(command)
        head = f"# Every package of Airflow {self.version}'s environment, by the official constraints\n"
        return head + "# (`./f1 airflow lock`). Do not edit.\n" + done


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
