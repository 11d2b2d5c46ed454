"""One engine: Sail in a process of its own, which runs one statement at a time.

So a statement that breaks its engine breaks no other one, can be stopped for certain, and gives its
memory back. Such a process starts in a fifth of a second with 60 MB, and shares nothing with its
like but files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

import psutil

from f1mesh.warehouse.errors import SqlError
from f1mesh.warehouse.sql.limits import ENGINE_STACK_BYTES

START_SECONDS = 60.0
READY = "listening"
_CLOSED = ("UNAVAILABLE", "Socket closed", "Connection reset", "onnection refused", "RST_STREAM")


class EngineProcess:
    """A running engine. `why` says why it was ended on purpose; None if it was not."""

    def __init__(self) -> None:
        """Start it; raises SqlError (TEMPORARILY_UNAVAILABLE) if it does not come up."""
        environment = {"RUST_LOG": "error", **os.environ}
        environment.setdefault("SAIL_RUNTIME__STACK_SIZE", str(ENGINE_STACK_BYTES))
        self.why: str | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "f1mesh.warehouse.engine_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self._seen = psutil.Process(self._process.pid)
        self.url = f"sc://127.0.0.1:{self._port()}"

    def _port(self) -> int:
        watch = threading.Timer(START_SECONDS, self._process.kill)
        watch.start()
        try:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                if line.startswith(READY):
                    return int(line.split()[1])
        finally:
            watch.cancel()
        self.end()
        raise SqlError(
            "TEMPORARILY_UNAVAILABLE", "An engine process did not start; see the log.", "57P03"
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def is_lost(self, said: str) -> bool:
        """Whether an error of its client (`said`) comes from its end. What a process that dies had
        open closes a moment before it can be seen to be gone."""
        if self.why is None and any(word in said for word in _CLOSED):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1.0)
        return self.why is not None or not self.alive

    def memory(self) -> int:
        """Bytes of memory that it holds now (0 once it is gone)."""
        try:
            return int(self._seen.memory_info().rss)
        except psutil.Error:
            return 0

    def end(self, why: str | None = None) -> None:
        """End it at once; `why` is what its statement is told."""
        self.why = self.why or why
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def lost(self) -> SqlError:
        """What a statement is told whose engine is gone."""
        if self.why:
            return SqlError("INSUFFICIENT_MEMORY", self.why, "53200")
        code = self._process.wait()
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return SqlError(
            "TEMPORARILY_UNAVAILABLE",
            f"The engine ended while it ran this statement ({ended}); no other statement is "
            "touched, and nothing of this one was stored. Run it again; if it ends so again, "
            "split it.",
            "57P03",
        )


def main() -> None:
    """Serve until standard input ends: whoever started this is gone then, however it ended."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    print(READY, server.listening_address[1], flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads the pipe any more
    sys.stdin.read()
    os._exit(0)  # the engine's threads do not end by themselves


if __name__ == "__main__":
    main()
