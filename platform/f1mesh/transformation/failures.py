"""What dbt says of nodes that failed, and rows that show it."""

from __future__ import annotations

from f1mesh.causes import tells_of_a_lost_connection
from f1mesh.client import Target, connect, query
from f1mesh.errors import MeshError
from f1mesh.transformation.report import NodeResult, TransformReport

_EXAMPLES = 5  # rows of a failed test
_TOLD = 10  # failed nodes; dbt's log has them all


def explained(report: TransformReport, target: Target) -> str:
    """A report's failures, a line each, and below a data test's line some rows that break it."""
    told = [_explained(node, target) for node in report.failures[:_TOLD]]
    left = len(report.failures) - len(told)
    own = [report.error] if report.error else []
    return "\n".join([*own, *told, *([f"  ... and {left} more"] if left else [])])


def is_lost(report: TransformReport) -> bool:
    """Whether all that failed is that the warehouse did not answer any more."""
    own = [report.error] if report.error else []
    return all(map(tells_of_a_lost_connection, [*own, *map(_line, report.failures)]))


def _explained(node: NodeResult, target: Target) -> str:
    line = _line(node)
    if not node.query or node.status != "fail":
        return line
    return "\n".join([line, *(f"    {row}" for row in _examples(node.query, target))])


def _examples(query_text: str, target: Target) -> list[str]:
    """Some of the rows that break a data test, a line each."""
    from databricks.sql.exc import Error

    try:
        with connect(target) as connection:
            found = query(
                connection, f"select * from (\n{query_text}\n) as broken limit {_EXAMPLES}"
            )
    except (Error, MeshError) as error:
        return [f"(its rows could not be read: {error})"]
    return [
        ", ".join(f"{name} = {value}" for name, value in row.items()) for row in found.to_pylist()
    ]


def _line(node: NodeResult) -> str:
    return f"  {node.unique_id}: {node.status}: {node.message}"
