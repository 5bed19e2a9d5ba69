"""Shut this process in, make the untrusted program there, watch it and report how it ended.

In: an order, one JSON object on standard input until its end: `parent` (its process), `code`, `test`, `entry_point`,
`disk_bytes`, `limits`. Out: reports on standard error, one JSON line each: `{"trouble": text}` where something is
refused before the program began, else `{"started": true}` and the `Ending` of the program. Standard output is the
program's own.

Three processes: this one stays outside of the new process namespace and waits, so that SIGTERM ends the whole; its
child is the first process inside, which the others cannot signal, and the kernel kills all of them when it goes; the
child's child gives up its powers and runs the program. Each dies with its parent.
"""

import json
import os
import resource
import select
import signal
import sys
from typing import Any, NamedTuple, NoReturn

from . import kernel, tree, untrusted

NOBODY = 65534  # whom the program is run as where we are root: the limit of processes does not bind root
REPORTS = 2  # a descriptor that the program does not get
MOST_SAID = 8192  # bytes of the program's own report
_SPACES = kernel.NEW_MOUNTS | kernel.NEW_PROCESSES | kernel.NEW_NETWORK | kernel.NEW_IPC | kernel.NEW_NAMES
_WAITED = (signal.SIGTERM, signal.SIGCHLD)


class Ending(NamedTuple):
    """How the program ended: its exit code, or the signal that killed it, CPU seconds, and what it says of itself.

    `reached` tells that the end of its test was reached; `error` is empty without one; `memory`: it was a MemoryError.
    """

    code: int
    signal: int
    cpu_seconds: float
    reached: bool
    error: str
    memory: bool


def main() -> NoReturn:
    """Do the order on standard input; the exit code says nothing."""
    sys.path.pop(0)  # this package's place
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)
    order = json.load(sys.stdin.buffer)
    die_with(order["parent"])
    try:
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
        owner, group = enclose(proc, order["disk_bytes"])
    except (OSError, ValueError) as error:
        tell(trouble=str(error.strerror if isinstance(error, OSError) and not error.filename else error))
        os._exit(1)
    alive, held = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(held)
        die_with_outside(alive)
        watch(order, proc, (owner, group))
    if signal.sigwait(_WAITED) == signal.SIGTERM:
        os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)  # returns when every process inside is gone
    os._exit(0)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, which may have happened already."""
    kernel.control(kernel.DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def die_with_outside(alive: int) -> None:
    """Do the same for the first process inside, which sees no parent: a pipe tells whether that still holds it."""
    kernel.control(kernel.DIE_WITH_PARENT, signal.SIGKILL)
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)


def tell(**report: Any) -> None:
    """Write one report."""
    os.write(REPORTS, json.dumps(report).encode() + b"\n")


def enclose(proc: int, disk_bytes: int) -> tuple[int, int]:
    """Move into new namespaces with a tree of files of their own; return the user and group of the program.

    Root builds the tree with its own powers, as only it can read what is shown; a user in a namespace of users.
    """
    os.umask(0o022)
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(_SPACES | (kernel.NEW_USERS if user else 0))
    if user:
        untrusted.stay_oneself(proc, user, group)
    else:
        user = group = NOBODY
    tree.plant(disk_bytes, user, group)
    return user, group


def watch(order: dict[str, Any], proc: int, who: tuple[int, int]) -> NoReturn:
    """Be the first process of the namespace: start the program, bury whatever dies, report the program's end."""
    os.setsid()  # a signal to the program's own group must not reach the process outside
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # to the first process, a signal without a handler is nothing
    said, says = os.pipe()
    secret_to_read, secret_to_write = os.pipe()
    program = os.fork()
    if program == 0:
        untrusted.main(order, proc, who, untrusted.Lines(says, secret_to_read))
    os.close(says)  # the other pipe stays whole: the program may have closed its end before the secret is written
    first = os.read(said, len(untrusted.READY))  # so much and no more: the program may say the next thing already
    if first != untrusted.READY:
        tell(trouble=(first + os.read(said, MOST_SAID)).decode(errors="replace") or f"exit code {os.wait()[1]}")
        os._exit(1)
    secret = os.urandom(16).hex()  # made after the fork: the program's memory has never held it
    os.write(secret_to_write, secret.encode())
    tell(started=True)
    status, usage = buried(program)
    tell(**ending(status, usage, report_in(said), secret)._asdict())
    os._exit(0)


def buried(program: int) -> tuple[int, resource.struct_rusage]:
    """Wait for the program, and for whatever orphans end meanwhile; return its wait status and what it used."""
    while True:
        process, status, usage = os.wait3(0)
        if process == program:
            return status, usage


def report_in(said: int) -> dict[str, Any]:
    """Return the program's own report; empty where there is none that can be read."""
    os.set_blocking(said, False)  # an orphan may still hold the other end
    try:
        found = json.loads(os.read(said, MOST_SAID))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def ending(status: int, usage: resource.struct_rusage, report: dict[str, Any], secret: str) -> Ending:
    """Judge by what cannot be forged first: the wait status, then a report that knows the secret."""
    return Ending(
        code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        reached=status == 0 and report.get("secret") == secret,
        error=said if isinstance(said := report.get("error"), str) else "",
        memory=bool(report.get("memory", False)),
    )
