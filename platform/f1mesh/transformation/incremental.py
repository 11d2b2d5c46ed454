"""Build what changed: dbt builds the nodes for which there is no evidence that they need not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from f1mesh.transformation.buildlog import BuildLog
from f1mesh.transformation.evidence import Ended, Evidence, Prints, fingerprints, in_order, stale
from f1mesh.transformation.project import DbtProject, Progress
from f1mesh.transformation.report import NodeResult, TransformReport

_WELL = frozenset({"success", "pass", "warn"})


@dataclass(frozen=True)
class Change:
    """What of a project is to be built, and the evidence for leaving the rest."""

    manifest: dict[str, Any]
    prints: Prints
    evidence: Evidence
    todo: frozenset[str]

    @classmethod
    def of(
        cls,
        manifest: dict[str, Any],
        log: BuildLog,
        contents: Mapping[str, str],
        *,
        base: str,
        everything: bool = False,
        now: datetime | None = None,
    ) -> Change:
        """`contents` names what each source holds, by dbt's id of it; `base` what all nodes share;
        `everything` leaves nothing out, whatever the evidence."""
        today = (now or datetime.now(UTC)).date()
        prints = fingerprints(manifest, contents, base=base, today=today)
        if everything:
            return cls(manifest, prints, Evidence(), frozenset(in_order(manifest)))
        evidence = log.read()
        known = log.tables(manifest) if evidence.nodes else {}
        return cls(manifest, prints, evidence, stale(manifest, prints, evidence, known))

    def build(
        self,
        project: DbtProject,
        log: BuildLog,
        *,
        full_refresh: bool = False,
        variables: Mapping[str, Any] | None = None,
        progress: Progress = print,
    ) -> TransformReport:
        """Have dbt build what is to be built, and keep what that proves. The report has every node
        of the project."""
        if not self.todo:
            return self._with_others(TransformReport(()))
        chosen = () if self._all else sorted(map(self._name, self.todo))
        report = project.build(
            select=chosen, full_refresh=full_refresh, variables=variables, progress=progress
        )
        self._keep(report, log)
        return self._with_others(report)

    @property
    def _all(self) -> bool:
        return len(self.todo) == len(self.prints)

    def _name(self, key: str) -> str:
        return str(self.manifest["nodes"][key]["name"])

    def _keep(self, report: TransformReport, log: BuildLog) -> None:
        """Write down what the nodes that ended well stood on; those that did not have no evidence
        any more."""
        from databricks.sql.exc import Error

        ended = {node.unique_id: node for node in report.nodes if node.status in _WELL}
        try:
            tables = log.tables(self.manifest)
            fresh = {
                key: Ended(prints, ended[key].status, ended[key].message, tables.get(key, ""))
                for key in self.todo & ended.keys()
                if (prints := self.prints[key])
            }
            log.write(Evidence(datetime.now(UTC).isoformat(), {**self._left(), **fresh}))
        except Error:
            return  # a warehouse that is lost: the next build has more to do

    def _left(self) -> dict[str, Ended]:
        nodes = self.evidence.nodes
        return {key: nodes[key] for key in self.prints if key in nodes and key not in self.todo}

    def _with_others(self, report: TransformReport) -> TransformReport:
        others = tuple(
            NodeResult(
                unique_id=key,
                kind=key.partition(".")[0],
                name=self._name(key),
                status=ended.status,
                message=ended.message,
                seconds=0.0,
                ran=False,
            )
            for key, ended in self._left().items()
        )
        return replace(
            report, nodes=(*report.nodes, *others), unchanged_since=self.evidence.built_at
        )
