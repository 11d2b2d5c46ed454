#!/bin/bash
# MWAA runs this (it is sourced) in every component before Airflow, for at most 5 minutes, and keeps
# what it exports. It makes the environment in which the mesh's steps and dbt run: they do not
# resolve together with Airflow. `exit` is not available here.
export F1_ROOT="${F1_ROOT:-${AIRFLOW_HOME:-/usr/local/airflow}/dags/f1}"
export F1_MESH_ENVIRONMENT="${F1_MESH_ENVIRONMENT:-${AIRFLOW_HOME:-/usr/local/airflow}/mesh}"
export F1_MESH_PYTHON="$F1_MESH_ENVIRONMENT/bin/python"
export F1_MANIFESTS="$F1_ROOT/manifests"
export F1_HOME="${F1_HOME:-/tmp/f1}" # only what may be lost: dbt's target and logs
export F1_TARGET="${F1_TARGET:-prod}"
export PYTHONPATH="$F1_ROOT/platform${PYTHONPATH:+:$PYTHONPATH}"

set -a
# shellcheck source=platform/airflow/airflow.env
. "$F1_ROOT/platform/airflow/airflow.env"
set +a

make_mesh_environment() {
    lock="$F1_ROOT/platform/airflow/mesh.lock"
    stamp="$F1_MESH_ENVIRONMENT/lock"
    cmp -s "$lock" "$stamp" && return 0
    # MWAA's pip installs for the user by default, which no environment allows. The installer stands
    # apart, so that the environment holds what the lock names and nothing else.
    PIP_USER=false python3 -m venv "$F1_MESH_ENVIRONMENT.uv" &&
        PIP_USER=false "$F1_MESH_ENVIRONMENT.uv/bin/pip" install --quiet --disable-pip-version-check \
            "uv==0.13.9" &&
        "$F1_MESH_ENVIRONMENT.uv/bin/uv" venv --quiet --clear --no-python-downloads \
            --python "$(command -v python3)" "$F1_MESH_ENVIRONMENT" &&
        "$F1_MESH_ENVIRONMENT.uv/bin/uv" pip sync --quiet --python "$F1_MESH_PYTHON" "$lock" &&
        cp "$lock" "$stamp"
}

# The web server runs no task.
if [ "${MWAA_AIRFLOW_COMPONENT:-}" != "webserver" ]; then
    SECONDS=0
    if make_mesh_environment; then
        echo "f1: the mesh's environment is ready after ${SECONDS} s"
    else
        echo "f1: the mesh's environment could not be made; steps and dbt will fail" >&2
    fi
fi
