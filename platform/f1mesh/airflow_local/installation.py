"""One dataset's Airflow: where it keeps its state, and what its processes are told.

Ports and secrets are chosen once for a dataset and kept in `<dataset>/airflow/settings.json`, which
only the user can read: an Airflow that is started again after a crash finds its own database, its
users their password, and running tasks the warehouse at the address that they know.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from f1mesh.airflow_local import environment
from f1mesh.client import Target
from f1mesh.connector_ties import PLAIN_ADDRESS
from f1mesh.errors import PermanentError
from f1mesh.services import choose_port
from f1mesh.settings import Settings
from f1mesh.warehouse.launch import Address
from f1mesh.workspace import Workspace

USER = "admin"
HOME_SETTING = "AIRFLOW_HOME"  # in the environment of every process of an Airflow


@dataclass(frozen=True)
class Secrets:
    """What is made up once for a dataset's Airflow."""

    port: int
    warehouse_port: int
    warehouse_token: str
    password: str
    jwt_secret: str
    fernet_key: str

    @classmethod
    def invent(cls) -> Secrets:
        """Raises PermanentError if a port that the environment asks for is taken."""
        return cls(
            port=choose_port(Settings.airflow_port.name, "Airflow"),
            warehouse_port=choose_port(Settings.warehouse_port.name, "The warehouse"),
            warehouse_token=secrets.token_urlsafe(32),
            password=secrets.token_urlsafe(12),
            jwt_secret=secrets.token_urlsafe(48),
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        )


@dataclass(frozen=True)
class Installation:
    """The Airflow of a dataset."""

    workspace: Workspace
    secrets: Secrets

    @classmethod
    def find(cls, workspace: Workspace) -> Installation | None:
        """The dataset's Airflow as it was set up; None if it never was."""
        try:
            return cls(workspace, Secrets(**json.loads(settings_file(workspace).read_text())))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise PermanentError(
                f"{settings_file(workspace)} is damaged: {error}. Delete it (`./f1 down` first); "
                "`./f1 up` makes a new one."
            ) from error

    @classmethod
    def prepare(cls, workspace: Workspace) -> Installation:
        """The dataset's Airflow, set up if it is not yet."""
        if found := cls.find(workspace):
            return found
        made = cls(workspace, Secrets.invent())
        made.save()
        return made

    def save(self) -> None:
        """Keep the ports and secrets, readable by the user only."""
        _write_private(settings_file(self.workspace), asdict(self.secrets))
        _write_private(self.folder / "passwords.json", {USER: self.secrets.password})

    @property
    def folder(self) -> Path:
        """AIRFLOW_HOME: database, task logs, manifests, lineage."""
        return airflow_home(self.workspace)

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    @property
    def lineage(self) -> Path:
        """OpenLineage events, a line each."""
        return self.folder / "lineage.jsonl"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.secrets.port}"

    @property
    def warehouse(self) -> Address:
        """Where the embedded warehouse is, also when it was started again."""
        return Address(self.secrets.warehouse_port, self.secrets.warehouse_token)

    def variables(self, target: Target) -> dict[str, str]:
        """The whole environment of every process of this Airflow.

        Of the caller's own Airflow settings only connections and variables pass: another Airflow's
        database must never become ours.
        """
        root = self.workspace.root
        return {
            **{name: value for name, value in os.environ.items() if _passes(name)},
            **read_settings(root / "platform" / "airflow" / "airflow.env"),
            **self._mesh_variables(target),
            **self._addresses(),
            **_pace(os.cpu_count() or 2),
            HOME_SETTING: str(self.folder),
            "PYTHONPATH": str(root / "platform"),
            "PATH": f"{environment.folder(self.workspace) / 'bin'}:{os.environ['PATH']}",
            "SPT_NOENV": "1",  # else setproctitle overwrites what `orphans` looks for
            "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "platform" / "airflow" / "plugins"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(
                self.folder / "passwords.json"
            ),
            "AIRFLOW__API_AUTH__JWT_SECRET": self.secrets.jwt_secret,
            "AIRFLOW__API__SECRET_KEY": self.secrets.jwt_secret,
            "AIRFLOW__CORE__FERNET_KEY": self.secrets.fernet_key,
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(self.lineage), "append": True}
            ),
        }

    def _mesh_variables(self, target: Target) -> dict[str, str]:
        return {
            **target.environment(),
            "F1_ROOT": str(self.workspace.root),
            "F1_HOME": str(self.workspace.home),
            "F1_DATASET": self.workspace.dataset,
            "F1_MESH_PYTHON": str(self.workspace.root / ".f1/envs/platform/bin/python"),
            "F1_MANIFESTS": str(self.manifests),
            "AIRFLOW_CONN_DATABRICKS_DEFAULT": json.dumps(databricks_connection(target)),
        }

    def _addresses(self) -> dict[str, str]:
        return {
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.secrets.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.folder / 'airflow.db'}",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.folder / "logs"),
            "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
                self.folder / "logs" / "dag_processor"  # the default is not found below a `%`
            ),
        }


def airflow_home(workspace: Workspace) -> Path:
    """Where a dataset's Airflow keeps its state."""
    return workspace.data / "airflow"


def settings_file(workspace: Workspace) -> Path:
    return airflow_home(workspace) / "settings.json"


def read_settings(file: Path) -> dict[str, str]:
    """The NAME=value lines of a settings file, as a shell reads them."""
    words = shlex.split(file.read_text(), comments=True)
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def databricks_connection(target: Target) -> dict[str, object]:
    """Airflow's `databricks_default`, as JSON: the warehouse that everything else speaks to."""
    extra: dict[str, object] = {"http_path": target.http_path, "enable_telemetry": False}
    if target.uri:
        extra[PLAIN_ADDRESS] = target.uri
    return {
        "conn_type": "databricks",
        "host": target.host,
        "password": target.token,
        "extra": extra,
    }


def _passes(name: str) -> bool:
    return name.startswith(("AIRFLOW_CONN_", "AIRFLOW_VAR_")) or not name.startswith("AIRFLOW")


def _pace(cores: int) -> dict[str, str]:
    """Short pauses and early detection: a laptop's run is minutes, not hours."""
    return {
        "AIRFLOW__CORE__PARALLELISM": str(max(4, 2 * cores)),
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": str(max(4, 2 * cores)),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        # Airflow's supervisor may see a task's sockets close before its process ends, and then
        # holds the worker for a whole interval.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }


def _write_private(file: Path, content: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(dict(content), out, indent=1)
    fresh.replace(file)
