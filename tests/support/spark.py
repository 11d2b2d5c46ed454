"""A real Apache Spark with Delta on this machine, as an engine for the warehouse.

It is found, not asked for: Java and Maven must be there, PyPI and Maven Central be reached; else
the tests that want it are skipped and say why. What is fetched stays below `.f1/spark`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from f1mesh.services import free_port, listens

PYSPARK = "4.2.0"
DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"  # for that Spark and no other
_FAMILIES = ("delta-", "unitycatalog-")  # of its jars; the rest are Spark's own in other versions
_START_S = 180
_SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    # Small data on few cores: without these the first read of each new version takes half a minute.
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Delta's parser loses the markers of parameters without it.
    "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseSerialGC",
}
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>delta</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version>
</dependency></dependencies></project>
"""


@contextmanager
def spark(root: Path, scratch: Path) -> Iterator[str]:
    """The address of a Spark Connect server, `sc://127.0.0.1:<port>`, that runs meanwhile. Skips
    the test, and says why, where it cannot be had."""
    home, jars = _installed(root / ".f1" / "spark")
    port = free_port()
    settings = {**_SETTINGS, "spark.connect.grpc.binding.port": str(port)}
    settings["spark.sql.warehouse.dir"] = str(scratch / "spark-warehouse")
    command = [str(home / "bin" / "spark-submit"), "--master", "local[2]"]
    command += ["--driver-memory", "3g", "--jars", ",".join(map(str, jars))]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    log = scratch / "spark.log"
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, "spark-internal"],
            stdout=out,
            stderr=out,
            cwd=scratch,
            env=environment,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _START_S
        while not listens(port):
            assert server.poll() is None, f"Spark ended:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"Spark does not listen:\n{log.read_text()[-3000:]}"
            time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def _installed(folder: Path) -> tuple[Path, list[Path]]:
    """Spark's home and the jars of Delta, fetched where they are not there yet."""
    for needed in ("java", "mvn"):
        if shutil.which(needed) is None:
            pytest.skip(f"no Apache Spark: {needed} is not on this machine")
    packages, jars = folder / f"pyspark-{PYSPARK}", folder / DELTA.rsplit(":", 1)[-1]
    uv = Path(sys.executable).parents[2] / "uv" / "bin" / "uv"
    _fetched(packages, [str(uv), "pip", "install", f"pyspark=={PYSPARK}", "--target"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(_POM.format(*DELTA.split(":")))
    copy = ["mvn", "-q", "-B", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies"]
    _fetched(jars, [*copy, "-DincludeScope=runtime"], "-DoutputDirectory=")
    found = [jar for jar in sorted(jars.glob("*.jar")) if jar.name.startswith(_FAMILIES)]
    assert found
    return packages / "pyspark", found


def _fetched(folder: Path, command: list[str], option: str = "") -> None:
    """Have a command fill a folder, whole or not at all; skips the test where it cannot."""
    if folder.is_dir():
        return
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    target = [f"{option}{fresh}"]
    ended = subprocess.run([*command, *target], capture_output=True, text=True, check=False)
    if ended.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        said = (ended.stderr.strip() or ended.stdout.strip())[-300:]
        pytest.skip(f"no Apache Spark: `{' '.join(command[:3])} ...` failed: {said}")
    fresh.rename(folder)
