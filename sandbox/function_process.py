"""One process that runs a deployed function under AWS's own runtime interface client."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from sandbox.runtime_api import Invocation, Outcome, RuntimeApi

_START_TIMEOUT = 60.0
"""Seconds for imports. AWS gives 10; a busy laptop needs more."""

# What AWS's Python runtime brings, and nothing else of what happens to be installed here: a package that the
# zip forgot must be missing. `runtime_client` is the compiled half of awslambdaric.
_RUNTIME_PACKAGES = (
    "awslambdaric",
    "runtime_client",
    "snapshot_restore_py",
    "simplejson",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)


def runtime_path(folder: Path) -> tuple[Path, Path]:
    """Two folders for sys.path: one in front of the function's code, one behind it.

    In front: `rpds`, compiled for the interpreter of the sandbox, because the zip has it for AWS's only.
    Behind: the packages of the runtime.
    """
    front, behind = folder / "front", folder / "runtime"
    front.mkdir()
    behind.mkdir()
    for package, target in [("rpds", front), *((name, behind) for name in _RUNTIME_PACKAGES)]:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"the sandbox needs the Python package {package}: install the development tools")
        origin = Path(spec.origin)
        if not spec.submodule_search_locations:
            shutil.copy2(origin, target / origin.name)
        elif package == "rpds":
            shutil.copytree(origin.parent, target / package)
        else:
            (target / package).symlink_to(origin.parent, target_is_directory=True)
    return front, behind


class FunctionProcess:
    """Starts the process, hands it one event at a time, and ends it when it takes too long."""

    def __init__(
        self, handler: str, code: Path, path: tuple[Path, Path], environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._on_line = on_line
        self._api = RuntimeApi()
        self._exited = threading.Event()
        self._reading = threading.Lock()
        self._running: Invocation | None = None
        front, behind = path
        self._process = subprocess.Popen(  # noqa: S603  # the function is the user's own
            # -S: no site-packages; -P: the working folder does not come first.
            [sys.executable, "-S", "-P", "-m", "awslambdaric", handler],
            cwd=code,
            env={
                "PATH": os.environ.get("PATH", ""),
                "LANG": "en_US.UTF-8",
                "TZ": ":UTC",
                **environment,
                "PYTHONPATH": os.pathsep.join(str(folder) for folder in (front, code, behind)),
                "LAMBDA_TASK_ROOT": str(code),
                "LAMBDA_RUNTIME_DIR": str(behind),
                "_HANDLER": handler,
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_output, name="function-output", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it can take another event."""
        return self._process.poll() is None and self._api.init_error is None

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run one event. A process that timed out or died is not alive afterwards."""
        if not self._wait_until_ready():
            error = self._api.init_error or _error("Runtime.ExitError", "The function did not start")
            self.kill()
            return Outcome(error, "Unhandled")
        self._running = invocation
        self._api.submit(invocation)
        if self._exited.is_set():
            self._report_death()
        try:
            return invocation.outcome.get(timeout=invocation.timeout)
        except queue.Empty:
            self.kill()
            message = f"{invocation.request_id} Task timed out after {invocation.timeout:.2f} seconds"
            return Outcome(_error("Sandbox.Timedout", message), "Unhandled")

    def kill(self) -> None:
        """End the process at once, in the middle of whatever it does."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the process and free what belongs to it."""
        self.kill()
        self._reader.join()
        self._api.close()

    def _wait_until_ready(self) -> bool:
        for _ in range(int(_START_TIMEOUT / 0.1)):
            if self._api.ready.wait(0.1) or self._exited.is_set():
                break
        return self._api.ready.is_set() and self._api.init_error is None and not self._exited.is_set()

    def _report_death(self) -> None:
        if self._running is not None:
            message = f"RequestId: {self._running.request_id} Error: Runtime exited"
            self._running.outcome.put(Outcome(_error("Runtime.ExitError", message), "Unhandled"))

    def drain(self) -> None:
        """Wait until everything that the process printed so far was handed on."""
        # Where the pipe is closed, the process is gone and all of it was read.
        with contextlib.suppress(ValueError, OSError):
            while self._process.stdout is not None and _readable(self._process.stdout, 0):
                time.sleep(0.005)
        with self._reading:
            pass

    def _read_output(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # it was asked for as a pipe
        rest = b""
        with self._process.stdout as output:
            while _readable(output, None):
                with self._reading:
                    chunk = os.read(output.fileno(), 65536)
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines if chunk else filter(None, [rest]):
                        self._on_line(line.decode(errors="replace").rstrip("\r"))
                if not chunk:
                    break
            self._process.wait()
            self._exited.set()
        self._report_death()


def _readable(output: IO[bytes], timeout: float | None) -> bool:
    """Whether there is something to read, or the end; waits for it up to `timeout` seconds, or for ever."""
    return bool(select.select([output], [], [], timeout)[0])


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
