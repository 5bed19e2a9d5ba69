"""Run the command line in a process that may be killed; each is forked from one that has imported all already.

In: a `Fault` that says when the process dies, or what its disk is. Out: the exit code (negative: the signal), stderr.
"""

import contextlib
import ctypes
import faulthandler
import multiprocessing
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["dongcha.cli", "dongcha.flow", "dongcha.testing", "sklearn.linear_model"])
LIMIT = 300.0  # seconds that a run may take


@dataclass(frozen=True)
class Fault:
    """What befalls a run: `moment` (its name, its count) kills it; `operation` kills it at the n-th disk operation.

    `largest_file` in bytes; `hold` makes it wait at `moment` until it is killed; `disk` mounts a tmpfs of so many bytes
    at a folder, in namespaces of the process's own.
    """

    moment: tuple[str, int] | None = None
    operation: int | None = None
    largest_file: int | None = None
    disk: tuple[str, int] | None = None
    hold: bool = False


def start(folder: Path, *arguments: str, fault: Fault = Fault()):
    """Start a command line in a folder; its stderr goes to `folder/stderr.txt`."""
    process = CONTEXT.Process(target=_run, args=(str(folder), arguments, fault), daemon=True)
    process.start()
    return process


def ended(process, folder: Path):
    """Wait for a process; return its exit code (negative: killed by that signal) and its stderr."""
    process.join(LIMIT)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"the run hangs: {(folder / 'stderr.txt').read_text(encoding='utf-8')}")
    return process.exitcode, (folder / "stderr.txt").read_text(encoding="utf-8")


def run(folder: Path, *arguments: str, fault: Fault = Fault()):
    """Run a command line in a process of its own to its end."""
    return ended(start(folder, *arguments, fault=fault), folder)


def wait_for(condition, seconds=LIMIT):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.005)


def _run(folder: str, arguments: tuple[str, ...], fault: Fault) -> None:
    os.chdir(folder)
    os.environ.update(DONGCHA_LANG="en", HF_HUB_OFFLINE="1")
    with (
        Path("stderr.txt").open("w", encoding="utf-8", buffering=1) as told,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stderr(told),
        contextlib.redirect_stdout(nowhere),
    ):
        _plant(fault)
        faulthandler.dump_traceback_later(LIMIT / 2, file=told)  # a thread of its own: not before a namespace is left
        from dongcha.cli import app
        from dongcha.cli._door import guarded

        code = guarded(app, list(arguments))
    os._exit(code)


def _plant(fault: Fault) -> None:
    from dataclasses import replace

    import torch

    import dongcha.stations.plan as plan
    from dongcha import files
    from dongcha.cli._live import Live
    from dongcha.report import charts

    torch.set_num_threads(1)
    charts._drawn = lambda draw: "<svg></svg>"
    settings = plan.loop_settings
    plan.loop_settings = lambda recipe: replace(settings(recipe), checkpoint_seconds=-1.0)
    if fault.disk is not None:
        mount_small(*fault.disk)
    if fault.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.largest_file, resource.RLIM_INFINITY))
    seen: list[str] = []

    def dies(name):
        if fault.moment is not None and name == fault.moment[0]:
            seen.append(name)
            if len(seen) == fault.moment[1]:
                if fault.hold:
                    Path("held").touch()
                    time.sleep(LIMIT)
                os.kill(os.getpid(), signal.SIGKILL)

    told = Live.__call__

    def tells(self, moment, **facts):
        dies(moment)
        told(self, moment, **facts)

    Live.__call__ = tells
    operation, count = files._operation, [0]

    def counts(path):
        count[0] += 1
        if count[0] == fault.operation:
            os.kill(os.getpid(), signal.SIGKILL)
        operation(path)

    files._operation = counts


def mount_small(folder: str, size: int) -> None:
    """Mount an empty tmpfs of `size` bytes at a folder, for this process alone; raises OSError where not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    _call(libc.unshare(0x10000000 | 0x00020000))  # CLONE_NEWUSER | CLONE_NEWNS
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _call(libc.mount(b"none", b"/", None, 0x40000 | 0x4000, None))  # MS_PRIVATE | MS_REC
    _call(libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, f"size={size}".encode()))


def _call(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def can_mount() -> bool:
    """Tell whether a process here may have a small disk of its own."""
    process = CONTEXT.Process(target=_tries, daemon=True)
    process.start()
    process.join(LIMIT)
    return process.exitcode == 0


def _tries() -> None:
    try:
        mount_small("/mnt", 1 << 20)
    except OSError as error:
        print(error, file=sys.stderr)
        os._exit(1)
    os._exit(0)
