"""Start one sandbox, watch the program in it by the clock and by what it prints, and say what became of it.

A Program and Limits -> Outcome; NotEnclosed, and no program has run, where the system refuses what a sandbox needs. The
sandbox is a process of `inside/`, which takes its order through a pipe and reports through another one. Whatever way
this ends, its processes are gone then; if this process is killed, the kernel kills them.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dongcha.locale import say
from dongcha.sandbox._base import Limits, Outcome, Program, Status

START_SECONDS = 60.0  # for the sandbox itself, before the program begins
END_SECONDS = 10.0  # for its processes to go when asked, before they are killed from here
LOOK_SECONDS = 0.2  # between looks at whether to stop
SHOWN_BYTES = 4096  # of the output
SHOWN_OF_ERROR = 400  # characters
COMMAND = "import sys; sys.path.insert(0, sys.argv[1]); from inside import jail; jail.main()"
# The whole environment: nothing of ours is passed on. One seed of hashes, so that a verdict does not hang on luck.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LANG": "C.UTF-8"}


class NotEnclosed(Exception):
    """The sandbox could not be made; says which step was refused, in the system's words."""


class Cut(Exception):
    """Somebody asked to stop."""


@dataclass
class _Seen:
    """What has come from a sandbox so far, and when; `cut` says why it was ended from here."""

    limits: Limits
    shown: bytearray = field(default_factory=bytearray)
    printed: int = 0
    reports: bytearray = field(default_factory=bytearray)
    began: float = field(default_factory=time.monotonic)
    started: float = 0.0
    ended: float = 0.0
    cut: Status | None = None

    def output(self, chunk: bytes) -> None:
        """Take what the program printed."""
        self.printed += len(chunk)
        self.shown += chunk[: SHOWN_BYTES - len(self.shown)]

    def report(self, chunk: bytes) -> None:
        """Take a piece of the reports: the first line says that the program began, the second how it ended."""
        self.reports += chunk
        lines = self.reports.count(b"\n")
        if lines and not self.started:
            self.started = time.monotonic()
        if lines > 1:
            self.ended = time.monotonic()

    @property
    def deadline(self) -> float:
        """When the next thing must have happened (monotonic seconds)."""
        return self.started + self.limits.seconds if self.started else self.began + START_SECONDS

    def to_cut(self) -> Status | None:
        """Tell why the sandbox must be ended now; None if it need not."""
        if self.printed > self.limits.output_bytes:
            return "too_much_output"
        return "timeout" if not self.ended and time.monotonic() >= self.deadline else None

    def outcome(self, exit_code: int) -> Outcome:
        """Return what became of the program, once all has been read; raises NotEnclosed where it never began."""
        reports = [_read(line) for line in bytes(self.reports).splitlines()]
        first = reports[0] if reports else {}
        if not first.get("started"):
            raise NotEnclosed(first.get("trouble") or f"exit code {exit_code}")
        status, error = self._verdict(reports[1] if len(reports) > 1 else None)
        seconds = (self.ended or time.monotonic()) - self.started
        return Outcome(status, seconds, error, self.shown.decode("utf-8", errors="replace"))

    def _verdict(self, ending: dict[str, Any] | None) -> tuple[Status, str]:
        if self.printed > self.limits.output_bytes:
            return "too_much_output", say("sandbox.too_much_output", bytes=self.limits.output_bytes)
        if self.cut:
            return "timeout", say("sandbox.timeout", seconds=self.limits.seconds)
        return _judged(ending, self.limits.cpu_seconds) if ending else ("killed", say("sandbox.vanished"))


def _judged(ending: dict[str, Any], cpu_seconds: int) -> tuple[Status, str]:
    """Judge the `inside.jail.Ending` of a program that was not ended from here."""
    number = ending["signal"]
    if number == signal.SIGXCPU or (number == signal.SIGKILL and ending["cpu_seconds"] >= cpu_seconds):
        return "timeout", say("sandbox.cpu_timeout", seconds=cpu_seconds)
    if number:
        return "killed", say("sandbox.killed", signal=_name(number))
    if ending["reached"]:
        return "passed", ""
    error = ending["error"].encode("utf-8", errors="replace").decode()[:SHOWN_OF_ERROR].partition("\n")[0]
    return ("out_of_memory" if ending["memory"] else "failed"), error or say("sandbox.left", code=ending["code"])


def watched(program: Program, limits: Limits, stop: threading.Event) -> Outcome:
    """Run one program in a sandbox of its own; raises NotEnclosed, and Cut soon after `stop` is set."""
    seen = _Seen(limits)
    with _sandbox(_order(program, limits)) as sandbox, selectors.DefaultSelector() as selector:
        assert sandbox.stdout is not None and sandbox.stderr is not None
        selector.register(sandbox.stdout, selectors.EVENT_READ, seen.output)
        selector.register(sandbox.stderr, selectors.EVENT_READ, seen.report)
        while selector.get_map():
            for key, _ in selector.select(max(0.0, min(LOOK_SECONDS, seen.deadline - time.monotonic()))):
                chunk = os.read(key.fd, 1 << 16)
                key.data(chunk) if chunk else selector.unregister(key.fileobj)
            if stop.is_set():
                raise Cut
            if not seen.cut and (why := seen.to_cut()):
                seen.cut = why
                _end(sandbox)
        return seen.outcome(sandbox.wait())


def _order(program: Program, limits: Limits) -> bytes:
    """Return what `inside/` is to do."""
    order = {
        "parent": os.getpid(),
        "code": program.code,
        "test": program.test,
        "entry_point": program.entry_point,
        "disk_bytes": limits.disk_bytes,
        "limits": limits.for_kernel(),
    }
    return json.dumps(order).encode("ascii")


@contextmanager
def _sandbox(order: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process of a sandbox and give it its order; at the end of the block nothing of it is left."""
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}  # Python's own
    try:
        process = subprocess.Popen(
            [sys.executable, "-S", "-s", "-P", "-c", COMMAND, str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=ENVIRONMENT | libraries,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for us, who end it then
        )
    except OSError as error:
        raise NotEnclosed(str(error)) from error
    try:
        with suppress(BrokenPipeError):  # it reports why
            assert process.stdin is not None
            process.stdin.write(order)
            process.stdin.close()
        yield process
    finally:
        _end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a sandbox as a whole: its first process kills the rest, and waits until they are gone."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read(line: bytes) -> dict[str, Any]:
    """Read a report; what is none, such as Python's own last words, is trouble."""
    try:
        found = json.loads(line)
    except ValueError:
        found = {"trouble": line.decode("utf-8", errors="replace")}
    return found if isinstance(found, dict) else {}


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
