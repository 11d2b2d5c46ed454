"""Syncs by Airbyte Cloud, against a stand-in that follows Airbyte's published API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.airflow.airbyte_cloud import CLIENT, SECRET, AirbyteCloud

NAME = "drivers.drivers_api"
Sync = Callable[..., dict[str, Any]]


@pytest.fixture
def cloud() -> Iterator[AirbyteCloud]:
    found = AirbyteCloud()
    yield found
    found.shutdown()


@pytest.fixture
def sync(cloud: AirbyteCloud, in_airflow: Callable[..., Any]) -> Sync:
    """One sync task of an environment that has the Airflow connection `airbyte_cloud`."""

    def run(name: str = NAME, what: str = "wait", secret: str = SECRET) -> dict[str, Any]:
        connection = {
            "conn_type": "http",
            "host": cloud.url,
            "login": CLIENT,
            "password": secret,
            "extra": {"workspace_id": "44444444-4444-4444-8444-444444444444"},
        }
        settings = {"AIRFLOW_CONN_AIRBYTE_CLOUD": json.dumps(connection)}
        found: dict[str, Any] = in_airflow("run_sync.py", name, what, **settings)
        return found

    return run


def test_a_job_is_started_waited_for_and_told(cloud: AirbyteCloud, sync: Sync) -> None:
    cloud.next_states = ["pending", "running", "running", "succeeded"]

    found = sync()

    assert found["result"]["told"] == "Airbyte job 100: 1,036 rows synced"
    assert [job["connectionId"] for job in cloud.jobs.values()] == [cloud.connections[NAME]]


def test_a_retry_takes_up_the_job_that_still_runs(cloud: AirbyteCloud, sync: Sync) -> None:
    running = cloud.job(cloud.connections[NAME])

    found = sync()

    assert found["job"] == running["jobId"]
    assert len(cloud.jobs) == 1


def test_a_failed_job_is_told_in_airbytes_words_and_may_be_tried_again(
    cloud: AirbyteCloud, sync: Sync
) -> None:
    job = cloud.job(cloud.connections[NAME])
    job["failureReason"] = {"externalMessage": "The source refused the password."}
    cloud.next_states = ["failed"]

    found = sync()

    assert found["raised"] == "AirflowException"
    assert "The source refused the password." in found["message"]


def test_a_job_that_somebody_cancelled_is_not_tried_again(cloud: AirbyteCloud, sync: Sync) -> None:
    cloud.next_states = ["cancelled"]

    assert sync()["raised"] == "AirflowFailException"


@pytest.mark.parametrize("what", ["kill worker", "kill triggerer"])
def test_a_task_that_is_ended_cancels_its_job(cloud: AirbyteCloud, sync: Sync, what: str) -> None:
    found = sync(what=what)

    assert cloud.cancelled == [found["job"]]


def test_an_api_that_is_busy_or_down_is_asked_again(cloud: AirbyteCloud, sync: Sync) -> None:
    cloud.troubles = [429, 503]

    assert sync()["result"]["ok"]


def test_a_connection_that_does_not_exist_is_named_and_not_tried_again(sync: Sync) -> None:
    found = sync(name="drivers.unheard_of")

    assert found["raised"] == "AirflowFailException"
    assert "drivers.unheard_of" in found["message"]
    assert NAME in found["message"]


def test_a_wrong_secret_fails(sync: Sync) -> None:
    assert "raised" in sync(secret="wrong")


def test_without_the_connection_the_embedded_runner_does_it(in_airflow: Callable[..., Any]) -> None:
    found = in_airflow("run_sync.py", NAME, "wait", F1_STEP_SERVER="0")

    assert found["raised"] == "StepFailed"  # this test's step does not exist
    assert "There is no step 'd.sync.s'" in found["message"] or "warehouse" in found["message"]
