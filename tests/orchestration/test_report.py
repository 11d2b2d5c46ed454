"""What a step tells of itself: warnings are told, never counted as passed."""

from __future__ import annotations

from f1mesh.orchestration import Step, StepKind
from f1mesh.orchestration.report import document, told
from f1mesh.transformation import NodeResult, TransformReport


def node(kind: str, name: str, status: str, message: str = "") -> NodeResult:
    return NodeResult(f"{kind}.d.{name}", kind, name, status, message, 0.1)


STEP = Step("d", StepKind.TRANSFORM, "", frozenset())
WARNED = TransformReport(
    (
        node("model", "m", "success"),
        node("test", "good", "pass"),
        node("test", "poles", "warn", "Got 2 results, configured to warn if != 0"),
    )
)


def test_a_warning_is_in_the_line_and_no_passed_test() -> None:
    line = told(STEP, WARNED)

    assert line.startswith("1 models, 1 tests passed")
    assert "warning: poles: Got 2 results" in line
    assert WARNED.ok


def test_a_warning_is_in_the_document() -> None:
    said = document(STEP, WARNED, run_id="r", seconds=1.0)

    assert said["warnings"] == ["poles: Got 2 results, configured to warn if != 0"]
    assert said["tests"] == 1


def test_a_source_that_grows_old_is_a_warning() -> None:
    report = TransformReport((node("source", "laps", "warn"), node("source", "races", "pass")))

    line = told(Step("d", StepKind.FRESHNESS, "", frozenset()), report)

    assert line == "1 sources fresh; warning: laps: warn"


def test_without_warnings_nothing_is_added() -> None:
    report = TransformReport((node("model", "m", "success"), node("test", "t", "pass")))

    assert told(STEP, report) == "1 models, 1 tests passed"
