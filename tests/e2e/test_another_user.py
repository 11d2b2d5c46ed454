"""What another user of the machine gets of a run that goes on, without a token: nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from f1mesh.client import embedded_service
from f1mesh.warehouse import isolation
from f1sources.systems import ERGAST, REGISTRY
from tests.support.mesh import Mesh

pytestmark = pytest.mark.long
NOBODY = 65534
ATTACK = Path(__file__).with_name("another_user.py")
Outcomes = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Kept:
    """`./f1 run --keep`, which is going on; `said` are the command lines seen meanwhile."""

    mesh: Mesh
    said: frozenset[str]

    def secrets(self) -> dict[str, str]:
        workspace = self.mesh.workspace
        warehouse = embedded_service(workspace).running()
        assert warehouse is not None
        return {
            "token": str(warehouse.endpoint["token"]),
            "password": ERGAST.url(workspace).split(":")[2].split("@")[0],
            "address": REGISTRY.url(workspace).split("/")[3],
        }

    def processes(self) -> list[psutil.Process]:
        """All processes that work for this home."""
        home = str(self.mesh.home)
        return [p for p in psutil.process_iter() if home in " ".join(_environment(p).values())]

    def ports(self) -> list[int]:
        pids = {process.pid for process in self.processes()}
        listening = [c for c in psutil.net_connections("inet") if c.status == "LISTEN"]
        return sorted({c.laddr.port for c in listening if c.pid in pids})  # type: ignore[union-attr]

    def sockets(self) -> list[str]:
        pids = {process.pid for process in self.processes()}
        return [str(c.laddr) for c in psutil.net_connections("unix") if c.pid in pids and c.laddr]

    def paths(self) -> list[str]:
        """Everything below the home, and whatever else the processes have open."""
        below = [str(path) for path in self.mesh.home.rglob("*")]
        opened = [f.path for process in self.processes() for f in _opened(process)]
        ours = [path for path in opened if not path.startswith(("/dev/null", "/proc", "/sys"))]
        return sorted({*below, *ours, *self.sockets()})

    def attacked(self, **more: Any) -> Outcomes:
        order = {
            "uid": NOBODY,
            "ports": self.ports(),
            "paths": self.paths(),
            "pids": [process.pid for process in self.processes()],
            "tokens": ["", "wrong", "0" * 43],
            "passwords": ["", "f1", "postgres", "wrong"],
            "secret": str(self.mesh.workspace.data / "postgres.password"),
            **more,
        }
        return attack(order)


def attack(order: dict[str, Any]) -> Outcomes:
    done = subprocess.run(
        [sys.executable, "-P", str(ATTACK)],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    outcomes: Outcomes = json.loads(done.stdout)
    return outcomes


def gains(outcomes: Outcomes) -> dict[str, str]:
    return {name: o["gained"] for name, o in outcomes.items() if "gained" in o}


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def _opened(process: psutil.Process) -> list[Any]:
    try:
        return list(process.open_files())
    except psutil.Error:
        return []


@pytest.fixture(scope="module")
def kept(root: Path) -> Iterator[Kept]:
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    if reason := isolation.possible():
        pytest.skip(f"this machine gives the engine no network of its own: {reason}")
    home = Path(tempfile.mkdtemp(prefix="f1-kept-"))  # pytest's own folders are private
    home.chmod(0o755)
    mesh = Mesh(root, home)
    arguments = ["run", "--history", "simulated", "--keep", "--domain", "drivers"]
    said: set[str] = set()
    try:
        with subprocess.Popen(
            [str(root / "f1"), *arguments],
            env={**os.environ, "F1_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as run:
            while run.poll() is None:
                said |= _command_lines()
        assert run.returncode == 0
        yield Kept(mesh, frozenset(said | _command_lines()))
    finally:
        mesh.run("down")
        shutil.rmtree(home, ignore_errors=True)


def _command_lines() -> set[str]:
    lines = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines.add((folder / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return lines


def test_without_a_token_nothing_is_read_and_nothing_written(kept: Kept) -> None:
    assert len(kept.ports()) >= 3
    assert len(kept.paths()) > 1000

    outcomes = kept.attacked()

    assert len(outcomes) > 2000
    home = str(kept.mesh.home)
    allowed = {f"list {home}"}  # it is the test's own, as a checkout would be
    assert {k: v for k, v in gains(outcomes).items() if k not in allowed} == {}
    everything = json.dumps(outcomes)
    assert not [name for name, secret in kept.secrets().items() if secret in everything]


def test_with_the_secrets_the_same_attack_gains(kept: Kept) -> None:
    secrets = kept.secrets()

    found = gains(
        kept.attacked(tokens=[secrets["token"]], passwords=[secrets["password"]], paths=[])
    )

    assert len([name for name in found if "Thrift" in name]) == 1
    assert len([name for name in found if "PostgreSQL as f1" in name]) == 1


def test_an_engine_that_is_not_isolated_is_attacked_with_success(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    secret = tmp_path / "secret"
    secret.write_text("the secret\n")
    program = (
        "from pysail.spark import SparkConnectServer; import time\n"
        "s = SparkConnectServer('127.0.0.1', 0); s.start(background=True)\n"
        "print(s.listening_address[1], flush=True); time.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        port = int(engine.stdout.readline())
        try:
            order = {"uid": NOBODY, "ports": [port], "paths": [], "pids": [], "tokens": [""]}
            found = gains(attack({**order, "passwords": [""], "secret": str(secret)}))
        finally:
            engine.kill()

    assert "the secret" in found[f"port {port}: Spark Connect"]


def test_no_command_line_shows_a_secret(kept: Kept) -> None:
    said = "\n".join(kept.said)
    assert "f1mesh.warehouse.server" in said
    assert not [name for name, secret in kept.secrets().items() if secret in said]


def test_everything_below_the_home_is_its_owners_alone(kept: Kept) -> None:
    below = [p for p in kept.mesh.home.rglob("*") if not p.is_symlink()]
    files = [p for p in below if not p.is_dir()]

    assert len(files) > 1000
    assert [str(p) for p in files if p.stat().st_mode & 0o077] == []
    folders = [p for p in below if p.is_dir() and p.stat().st_mode & 0o077]
    # root's PostgreSQL, which is another user, passes these two, and lists neither
    assert [(p, oct(p.stat().st_mode & 0o777)) for p in sorted(folders)] == [
        (kept.mesh.home / "datasets", "0o711"),
        (kept.mesh.workspace.data, "0o711"),
    ]
