"""What a step tells of itself: warnings are told, never counted as passed."""

from __future__ import annotations

from f1mesh.orchestration.report import document
from f1mesh.transformation import NodeResult, TransformReport
from f1mesh.transformation.sources import SourcesReport


def node(kind: str, name: str, status: str, message: str = "") -> NodeResult:
    return NodeResult(f"{kind}.d.{name}", kind, name, status, message, 0.1)


WARNED = TransformReport(
    (
        node("model", "m", "success"),
        node("test", "good", "pass"),
        node("test", "poles", "warn", "Got 2 results, configured to warn if != 0"),
    )
)


def test_a_warning_is_in_the_line_and_no_passed_test() -> None:
    line = WARNED.told()

    assert line.startswith("1 models, 1 tests passed")
    assert "warning: poles: Got 2 results" in line
    assert WARNED.ok


def test_a_warning_is_in_the_document() -> None:
    said = document("d.transform", WARNED, run_id="r", seconds=1.0)

    assert said["warnings"] == ["poles: Got 2 results, configured to warn if != 0"]
    assert said["tests"] == 1


def test_a_source_that_grows_old_is_a_warning() -> None:
    report = SourcesReport((node("source", "laps", "warn"), node("source", "races", "pass")))

    assert report.told() == "1 sources fresh; warning: laps: warn"


def test_without_warnings_nothing_is_added() -> None:
    report = TransformReport((node("model", "m", "success"), node("test", "t", "pass")))

    assert report.told() == "1 models, 1 tests passed"
