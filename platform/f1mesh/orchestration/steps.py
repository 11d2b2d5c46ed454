"""What each kind of step does: the graph's ids become calls into the layers below."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f1mesh.client import Target, connect
from f1mesh.contracts.lineage import model_id, snapshots_upstream, stands_on
from f1mesh.errors import MeshError, PartlyFailed, PermanentError, TransientError
from f1mesh.orchestration.graph import Step, StepKind
from f1mesh.orchestration.report import StepResult
from f1mesh.publication.recall import Recall
from f1mesh.registry import Mesh, ProductRef
from f1mesh.transformation import DbtProject, TransformReport
from f1mesh.transformation.buildlog import BuildLog
from f1mesh.transformation.failures import explained, is_lost
from f1mesh.transformation.incremental import Change
from f1mesh.transformation.sources import SourcesReport, read_lately
from f1mesh.workers.client import Site, start
from f1mesh.workspace import Workspace

if TYPE_CHECKING:
    from f1mesh.contracts.model import Contract
    from f1mesh.ingestion.run import SyncResult
    from f1mesh.ingestion.state import SyncState
    from f1mesh.publication.pointer import Pointer
    from f1mesh.publication.publish import Check, Publication

Progress = Callable[[str], None]


def _silent(_: str) -> None: ...


@dataclass
class StepRunner:
    """Executes steps against one warehouse; each is idempotent and can be run again by itself."""

    mesh: Mesh
    workspace: Workspace
    target: Target
    run_id: str
    full_refresh: bool = False
    no_skip: bool = False  # does all, whatever did not change
    variables: Mapping[str, Any] = field(default_factory=dict)  # for dbt
    dbt_log: str = "none"
    dbt_site: Site | None = None  # where dbt runs; here, without one
    progress: Progress = _silent
    _checks: dict[ProductRef, Check] = field(default_factory=dict)
    _projects: dict[str, DbtProject] = field(default_factory=dict)
    _one_check: threading.Lock = field(default_factory=threading.Lock)
    _one_look: threading.Lock = field(default_factory=threading.Lock)
    _recall: Recall = field(init=False)

    def __post_init__(self) -> None:
        self._recall = Recall(anew=self.full_refresh or self.no_skip)

    def __call__(self, step: Step) -> StepResult:
        """The step's result; raises what made it fail."""
        match step.kind:
            case StepKind.SYNC:
                return self.sync(step.domain, step.subject)
            case StepKind.FRESHNESS:
                return self.freshness(step.domain)
            case StepKind.TRANSFORM:
                return self.transform(step.domain)
            case StepKind.CHECK:
                return self.check(ProductRef(domain=step.domain, product=step.subject))
            case StepKind.PUBLISH:
                return self.publish(ProductRef(domain=step.domain, product=step.subject))

    def prepare(self, steps: Iterable[Step], enough: threading.Event) -> None:
        """Have dbt loaded where it is sure to be needed, and projects parsed whose code changed,
        ahead of the steps that need them, until it is enough. What cannot be done is left to those,
        which say so."""
        projects = [self._project(domain) for domain in dict.fromkeys(s.domain for s in steps)]
        with suppress(OSError):
            if self.dbt_site and not all(project.was_built for project in projects):
                start(self.dbt_site)
        for project in projects:
            if enough.is_set():
                return
            with suppress(MeshError, OSError):
                project.current_manifest(progress=_silent)

    def sync(self, domain: str, name: str) -> SyncResult:
        """Move the sync's streams into the domain's raw tables."""
        from f1mesh.ingestion.run import run_sync
        from f1mesh.ingestion.sync import load_sync

        files = {load_sync(file).name: file for file in self.mesh.domain(domain).sync_files}
        return run_sync(
            load_sync(files[name]),
            self.mesh.domain(domain),
            self.workspace,
            self.target,
            full_refresh=self.full_refresh,
            progress=self.progress,
        )

    def freshness(self, domain: str) -> SourcesReport:
        """Raises PermanentError if a raw table is older than its source allows.

        Tables that were read within their limits, by what their syncs wrote down, are fresh; dbt is
        asked where that is not known, or not so.
        """
        project = self._project(domain)
        if not (self.full_refresh or self.no_skip):
            manifest = project.current_manifest(progress=self.progress)
            if report := read_lately(manifest, self._raw_states(domain, manifest)):
                return SourcesReport(report.nodes)
        report = self._succeeded(project.freshness(progress=self.progress), domain)
        return SourcesReport(report.nodes)

    def transform(self, domain: str) -> TransformReport:
        """Build and test what changed of the domain's models: its code, or what it stands on.

        Raises PartlyFailed that names each failure and the products that stand on one, and
        PermanentError where a product of another domain that it reads was never published.
        """
        project = self._project(domain)
        manifest = project.current_manifest(progress=self.progress)
        log = BuildLog(self.target, self.target.schemas.marts(domain))
        everything = bool(self.full_refresh or self.no_skip or self.variables)
        contents = self._contents(domain, manifest)
        change = Change.of(manifest, log, contents, base=project.digest, everything=everything)
        report = change.build(
            project,
            log,
            full_refresh=self.full_refresh,
            variables=self.variables,
            progress=self.progress,
        )
        return self._succeeded(report, domain)

    def check(self, ref: ProductRef) -> Check:
        """Hold the version that dbt built against the contract; raises when a rule is broken."""
        from f1mesh.publication.publish import check

        with self._one_check, connect(self.target) as connection:
            result = check(
                connection,
                self.target.schemas,
                ref,
                self.contract(ref),
                manifest=self._project(ref.domain).manifest(),
                run_id=self.run_id,
                recall=self._recall,
            )
        for line in result.lines():
            self.progress(line)
        self._checks[ref] = result
        try:
            result.raise_if_broken()
        except PermanentError as error:
            manifest = self._project(ref.domain).manifest()
            model = model_id(manifest, ref.product)
            raise type(error)(f"{error}{_past_versions(manifest, [model])}") from None
        return result

    def publish(self, ref: ProductRef) -> Publication:
        """Move the published view to the version that was checked."""
        from f1mesh.publication.publish import publish

        if ref not in self._checks:
            self.check(ref)
        with connect(self.target) as connection:
            done = publish(connection, self.target.schemas, self._checks[ref], run_id=self.run_id)
        self.progress(done.line())
        return done

    def contract(self, ref: ProductRef) -> Contract:
        from f1mesh.contracts.model import contract_of

        return contract_of(self.mesh, ref)

    def _project(self, domain: str) -> DbtProject:
        with self._one_look:
            if domain not in self._projects:
                owner = self.mesh.domain(domain)
                self._projects[domain] = DbtProject.of(
                    owner,
                    self.workspace,
                    self.target,
                    log=self.dbt_log,
                    site=self.dbt_site,
                )
            return self._projects[domain]

    def _succeeded(self, report: TransformReport, domain: str) -> TransformReport:
        """The report itself; raises what it tells of failures, with rows that show them."""
        if report.ok:
            return report
        said = f"dbt failed in the domain '{domain}':\n{explained(report, self.target)}"
        if is_lost(report):
            raise TransientError(said)
        if report.error:
            raise PermanentError(said)
        manifest = self._project(domain).manifest()
        products = self.mesh.domain(domain).products
        held = [product for product in products if stands_on(manifest, product, report.undone)]
        past = _past_versions(manifest, (node.unique_id for node in report.failures))
        named = f"\n  held back: {', '.join(held) or 'no product'}"
        raise PartlyFailed(f"{said}{named}{past}", frozenset(held))

    def _contents(self, domain: str, manifest: dict[str, Any]) -> dict[str, str]:
        """Names what each source of the domain's dbt project holds, by dbt's id of the source:
        raw tables by their syncs, products of other domains by what is published of them."""
        states = self._raw_states(domain, manifest)
        shown = self._inputs(domain)
        found: dict[str, str] = {}
        for key, source in manifest["sources"].items():
            state = states.get(key)
            pointer = shown.get((source["schema"], source["identifier"]))
            if state and state.content:
                found[key] = state.content
            elif pointer:
                found[key] = f"{pointer.version}@{pointer.published_at.isoformat()}"
        return found

    def _raw_states(self, domain: str, manifest: dict[str, Any]) -> dict[str, SyncState]:
        """What the syncs of the domain's own raw tables wrote down, by dbt's id of the source."""
        from f1mesh.ingestion.content import raw_states

        own = {
            key: source["identifier"]
            for key, source in manifest["sources"].items()
            if source["schema"] == self.target.schemas.raw(domain)
        }
        states = raw_states(domain, own.values(), self.target)
        return {key: states[table] for key, table in own.items() if table in states}

    def _inputs(self, domain: str) -> dict[tuple[str, str], Pointer]:
        """What is published of each product that the domain reads, by schema and name: one that
        failed this time is read as it was last published."""
        from f1mesh.publication.pointer import read_pointer

        found: dict[tuple[str, str], Pointer] = {}
        with connect(self.target) as connection:
            for ref in self.mesh.domain(domain).inputs:
                pointer = read_pointer(connection, self.target.schemas, self.contract(ref))
                if pointer is None:
                    raise PermanentError(
                        f"The domain '{domain}' reads {ref}, which was never published: "
                        f"`./f1 run --domain {ref.domain}` publishes it, or says what is wrong."
                    )
                found[self.target.schemas.published(ref.domain), ref.product] = pointer
        return found


def _past_versions(manifest: dict[str, Any], nodes: Iterable[str]) -> str:
    """What to do about a bad version that is kept for ever: good data does not heal it."""
    found = sorted({name for node in nodes for name in snapshots_upstream(manifest, node)})
    if not found:
        return ""
    return (
        f"\n  {', '.join(found)} keeps past versions, which good data does not heal. If a past one"
        " is what is wrong: `./f1 snapshots show` finds it, `./f1 snapshots drop` ends it for good."
    )
