"""A process that parses dbt projects, one after another, and says which it could not.

    python -m f1mesh.transformation.parse '[{"domain", "project", "profiles", "scratch"}, ...]'

The last line on stdout is a JSON object: dbt's words by domain that failed.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path


def main(jobs: list[dict[str, str]]) -> dict[str, str]:
    """Parse every project into its scratch folder; what went wrong, by domain."""
    failed = {job["domain"]: _parse(job) for job in jobs}
    return {domain: words for domain, words in failed.items() if words}


def _parse(job: dict[str, str]) -> str:
    from dbt.cli.main import dbtRunner

    os.environ["F1_DBT_STATE"] = job["scratch"]
    folders = ["--project-dir", job["project"], "--profiles-dir", job["profiles"]]
    folders += ["--log-path", f"{job['scratch']}/logs", "--no-use-colors"]
    commands = [["parse", "--target-path", f"{job['scratch']}/target", "--no-partial-parse"]]
    if (Path(job["project"]) / "packages.yml").is_file():
        commands.insert(0, ["deps"])
    for command in commands:
        said = io.StringIO()
        with redirect_stdout(said):
            outcome = dbtRunner().invoke([*command, *folders])
        if not outcome.success:
            return f"{said.getvalue()}\n{outcome.exception or ''}".strip() or "dbt said nothing"
    return ""


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
