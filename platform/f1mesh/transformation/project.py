"""One domain's dbt project: dependencies, source freshness, build, manifest.

dbt (`dbtRunner`) runs in a process that is forked for each invocation from one that has it loaded
(`site.py`), or, in a process that is itself such a one, here. dbt keeps global state, therefore
one invocation at a time holds a lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from f1mesh.client import Target
from f1mesh.errors import PermanentError
from f1mesh.registry import Domain
from f1mesh.settings import Settings, lent
from f1mesh.transformation.kept import KeptParse
from f1mesh.transformation.manifests import project_digest
from f1mesh.transformation.report import NodeResult, TransformReport
from f1mesh.transformation.site import ask
from f1mesh.workers import Site
from f1mesh.workspace import Workspace, private_folder

_ONE_INVOCATION = threading.Lock()
_LIBRARIES = ("dbt-core", "dbt-adapters", "dbt-databricks", "dbt-spark", "f1mesh")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class DbtProject:
    """A domain's dbt project and the folders that dbt may write to."""

    domain: str
    folder: Path
    profiles: Path
    state: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    log: str = "none"  # what dbt prints while it works: none, text or json
    digest: str = ""  # of all that parsing depends on; unknown where it is empty
    kept: KeptParse | None = None  # of this very digest
    parsed: dict[str, Any] = field(default_factory=dict)  # dbt's Manifest by variables, once made
    site: Site | None = None  # where dbt runs; here, without one

    @classmethod
    def of(
        cls,
        domain: Domain,
        workspace: Workspace,
        target: Target,
        *,
        log: str = "none",
        site: Site | None = None,
    ) -> DbtProject:
        state = workspace.data / "dbt" / target.schemas.published(domain.name)
        digest = _digest(domain, workspace.root, target)
        return cls(
            domain=domain.name,
            folder=domain.dbt_project,
            profiles=workspace.root / "platform" / "dbt",
            state=state,
            environment={
                **target.environment(),
                "F1_DBT_STATE": str(state),
                "DO_NOT_TRACK": "1",
            },
            log=log,
            digest=digest,
            kept=KeptParse(workspace.home / "parsed" / digest),
            site=site,
        )

    def document(self) -> dict[str, Any]:
        """The project as plain JSON values; `of_document` makes it again in another process."""
        return {
            "domain": self.domain,
            "folder": str(self.folder),
            "profiles": str(self.profiles),
            "state": str(self.state),
            "environment": dict(self.environment),
            "log": self.log,
            "digest": self.digest,
            "kept": str(self.kept.folder) if self.kept else None,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> DbtProject:
        """The project that a document tells of, whose dbt runs here."""
        return cls(
            domain=document["domain"],
            folder=Path(document["folder"]),
            profiles=Path(document["profiles"]),
            state=Path(document["state"]),
            environment=document["environment"],
            log=document["log"],
            digest=document["digest"],
            kept=KeptParse(Path(document["kept"])) if document["kept"] else None,
        )

    @property
    def manifest_path(self) -> Path:
        return self.state / "target" / "manifest.json"

    def manifest(self) -> dict[str, Any]:
        """dbt's manifest of the last invocation; raises PermanentError if there was none."""
        found = self.manifest_path
        if (prebuilt := Settings.read().manifests) and not found.is_file():
            found = prebuilt / self.domain / "manifest.json"  # another machine has built
        try:
            content: dict[str, Any] = json.loads(found.read_text())
        except FileNotFoundError as error:
            raise PermanentError(
                f"dbt has not run for the domain '{self.domain}' yet: {self.manifest_path} is "
                "missing. Run `./f1 run` first."
            ) from error
        return content

    def current_manifest(self, *, progress: Progress = print) -> dict[str, Any]:
        """dbt's manifest of the project as it is now; nothing is parsed where that was done."""
        if not (self._stamp.is_file() and self._stamp.read_text() == self.digest):
            with self._alone():
                restored = self._restored()
            if not restored:
                progress(f"{self.domain}: dbt parses the project")
                self.parse(progress=progress)
        return self.manifest()

    def parse(self, *, progress: Progress = print) -> None:
        """Have dbt parse the project; raises PermanentError where it cannot."""
        if self.site is not None:
            ask(self.site, "parse", {"project": self.document()}, progress)
            return
        with _ONE_INVOCATION, self._alone(), lent(self.environment):
            self._parse()

    @property
    def was_built(self) -> bool:
        """Whether dbt has built the project before: then there may be nothing to build."""
        return (self.state / "target" / "run_results.json").is_file()

    def _restored(self) -> bool:
        """Whether the project was parsed for another dataset, and is here now, too."""
        if self.kept is None or not self.kept.restore(self.state):
            return False
        self._stamp.write_text(self.digest)
        return True

    def _again(self) -> Any:
        """dbt's Manifest of this very project, where it was parsed before."""
        return self.kept.manifest() if self.kept else None

    def build(
        self,
        *,
        select: Sequence[str] = (),
        full_refresh: bool = False,
        variables: Mapping[str, Any] | None = None,
        upstream: DbtProject | None = None,
        progress: Progress = print,
    ) -> TransformReport:
        """Seeds, snapshots, models and data tests, each after what it depends on; those that are
        named in `select`, else all. Incremental models take the part that `variables` ask for again
        whole, changed or not.

        With `upstream`, the same project in other schemas, what is not selected is read from those.
        Unit tests run then, too: they speak about the code and not about today's data, so else it
        is `./f1 test` that runs them.
        """
        arguments = ["build", "--exclude-resource-type", "exposure"]
        if upstream is None:
            arguments += ["--exclude-resource-type", "unit_test"]
        else:
            arguments += ["--defer", "--favor-state", "--state", str(upstream.manifest_path.parent)]
        arguments += ["--full-refresh"] if full_refresh else []
        arguments += ["--select", *select] if select else []
        return self.invoke(arguments, progress, variables)

    def unit_tests(self, *, progress: Progress = print) -> TransformReport:
        """The project's unit tests: each rule with a branch, on rows made up for it."""
        return self.invoke(["test", "--select", "test_type:unit"], progress)

    def freshness(self, *, progress: Progress = print) -> TransformReport:
        """The age of the newest record of each raw table, against the limits of its source."""
        return self.invoke(["source", "freshness"], progress)

    def invoke(
        self,
        arguments: Sequence[str],
        progress: Progress = print,
        variables: Mapping[str, Any] | None = None,
    ) -> TransformReport:
        """Run one dbt command; `progress` gets a line when a node ends."""
        if self.site is not None:
            asked = {"arguments": list(arguments), "variables": dict(variables or {})}
            told = ask(self.site, "invoke", {"project": self.document(), **asked}, progress)
            return TransformReport.of_document(told)
        from dbt.cli.main import dbtRunner

        given = ["--vars", json.dumps(dict(variables))] if variables else []
        with _ONE_INVOCATION, self._alone(), lent(self.environment):
            callbacks = [_reporter(progress), *([_print_json] if self.log == "json" else [])]
            runner = dbtRunner(manifest=self._parse(given), callbacks=callbacks)
            outcome = runner.invoke([*arguments, *given, *self._folders()])
            results = getattr(outcome.result, "results", None) or ()
            nodes = tuple(_node_result(result) for result in results)
            error = "" if outcome.exception is None else str(outcome.exception)
            if not outcome.success and not error and not any(node.failed for node in nodes):
                error = f"dbt {' '.join(arguments)} failed; see {self.state / 'logs' / 'dbt.log'}"
        return TransformReport(nodes=nodes, error=error)

    @property
    def _stamp(self) -> Path:
        return self.state / "target" / "manifest.digest"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process works on the project: two builds of the same tables would
        undo each other's work. The lock is the kernel's: it ends with its holder."""
        private_folder(self.state)
        with (self.state / "dbt.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _parse(self, given: Sequence[str] = ()) -> Any:
        """The project's manifest, parsed once (for each set of variables) for all invocations of
        this process.

        Raises PermanentError for a project that dbt cannot parse.
        """
        from dbt.cli.main import dbtRunner

        key = " ".join(given)
        if key not in self.parsed and not given and self._restored() and (again := self._again()):
            self.parsed[key] = again
        if key not in self.parsed:
            self._stamp.unlink(missing_ok=True)
            self._install_dependencies()
            outcome = dbtRunner().invoke(["parse", *given, *self._folders()])
            if not outcome.success:
                raise PermanentError(f"dbt cannot parse {self.folder}: {outcome.exception}")
            self.parsed[key] = outcome.result
            if not given:
                self._stamp.write_text(self.digest)
                if self.kept is not None:
                    self.kept.keep(self.state)
        return self.parsed[key]

    def _install_dependencies(self) -> None:
        """Link the local packages of packages.yml, unless that was done for this very file."""
        from dbt.cli.main import dbtRunner

        packages = self.folder / "packages.yml"
        stamp = self.state / "packages.installed"
        wanted = packages.read_text() if packages.is_file() else ""
        if not wanted or (stamp.is_file() and stamp.read_text() == wanted):
            return
        self.state.mkdir(parents=True, exist_ok=True)
        outcome = dbtRunner().invoke(["deps", *self._folders(target=False)])
        if not outcome.success:
            raise PermanentError(f"dbt deps failed for {packages}: {outcome.exception}")
        stamp.write_text(wanted)

    def _folders(self, *, target: bool = True) -> list[str]:
        return [
            *("--project-dir", str(self.folder)),
            *("--profiles-dir", str(self.profiles)),
            *(("--target-path", str(self.state / "target")) if target else ()),
            *("--log-path", str(self.state / "logs")),
            *("--log-level-file", "info"),
            *("--log-level", "info" if self.log == "text" else "none"),
            "--no-use-colors",  # also in what a failed unit test says
        ]


def _digest(domain: Domain, root: Path, target: Target) -> str:
    """Changes with everything that decides what dbt makes of a project: files, versions, names."""
    libraries = {d.name: d.version for name in _LIBRARIES for d in distributions(name=name)}
    said = [str(root), project_digest(domain, root), libraries, target.environment()["F1_TARGET"]]
    said += [target.schemas.catalog, target.schemas.prefix, target.schemas.input_prefix]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _reporter(progress: Progress) -> Callable[[Any], None]:
    def report(event: Any) -> None:
        if event.info.name == "NodeFinished":
            info = event.data.node_info
            progress(f"{info.node_name} {info.node_status}")

    return report


def _print_json(event: Any) -> None:
    """A line for each event that people read, and for each node that ended."""
    if event.info.level != "debug" or event.info.name == "NodeFinished":
        write = import_module("google.protobuf.json_format").MessageToJson  # comes with dbt
        print(write(event, preserving_proto_field_name=True, indent=None), flush=True)


def _node_result(result: Any) -> NodeResult:
    node = result.node
    return NodeResult(
        unique_id=node.unique_id,
        kind=str(node.resource_type),
        name=node.name,
        status=str(result.status),
        message=(getattr(result, "message", None) or "").strip(),
        seconds=float(getattr(result, "execution_time", 0.0) or 0.0),
        query=(getattr(node, "compiled_code", None) or "") if node.resource_type == "test" else "",
    )
