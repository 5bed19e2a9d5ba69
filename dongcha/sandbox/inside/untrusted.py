"""Give up every power, set the limits, run the program with its test, and say whether the end was reached.

In: the order, and two descriptors: one to say things on, one that holds a secret which is read only after the test has
ended. Out: `READY`, or what was refused; then one JSON object: the secret, or the error. Whatever the program does
happens in this process and is bound by what is set up here.
"""

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, NoReturn

from . import forbidden, kernel, tree

READY = b"ready"
MOST_OF_ERROR = 800  # characters: less than what is read of a report
ENVIRONMENT = {"HOME": tree.FOLDER, "TMPDIR": tree.FOLDER, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
# A core of 1 byte: 0 would still let the machine's own collector of cores take one (core(5), "Piping core dumps").
FIXED_LIMITS = {"RLIMIT_CORE": 1, "RLIMIT_MEMLOCK": 0, "RLIMIT_MSGQUEUE": 0, "RLIMIT_SIGPENDING": 64}


class Lines(NamedTuple):
    """The descriptors that lead out: `says` is written, `secret` read."""

    says: int
    secret: int


def main(order: dict[str, Any], proc: int, who: tuple[int, int], lines: Lines) -> NoReturn:
    """Become powerless, run the program, report, and end without waiting for threads or exit functions."""
    try:
        give_up_powers(proc, *who)
        keep_only(lines)
        bind(order["limits"])
        kernel.filter_calls(forbidden.program())
    except (OSError, ValueError) as error:
        os.write(lines.says, str(error).encode())
        os._exit(1)
    os.write(lines.says, READY)
    process, write, leave, whose = os.getpid(), os.write, os._exit, os.getpid
    report = json.dumps(judged(order, lines)).encode()
    if whose() != process:  # a child of the program's that came back here
        leave(1)
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(Exception):
            stream.flush()  # type: ignore[union-attr]
    write(lines.says, report)
    leave(0)


def give_up_powers(proc: int, user: int, group: int) -> None:
    """Become an ordinary user, without capabilities, in a namespace of users of its own."""
    if os.geteuid() != user:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        kernel.control(kernel.DUMPABLE, 1)  # else the own files in /proc belong to root
    kernel.unshare(kernel.NEW_USERS)
    stay_oneself(proc, user, group)
    with suppress(OSError):  # the first to go where the machine runs out of memory; a wish, no wall
        write_own(proc, "oom_score_adj", "1000")
    kernel.drop_capabilities()
    kernel.control(kernel.DUMPABLE, 0)  # no core, and nothing of the same user may look in


def stay_oneself(proc: int, user: int, group: int) -> None:
    """Map a user and a group to themselves in the new namespace of users of this process."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        write_own(proc, name, text)


def write_own(proc: int, name: str, text: str) -> None:
    """Write a file that the kernel has of this process, below a descriptor of the machine's /proc."""
    file = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def keep_only(lines: Lines) -> None:
    """Close all descriptors but those that lead out; standard error joins standard output, whose input is empty."""
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(1, 2)
    kept = sorted((lines.says, lines.secret))
    for low, high in zip((2, *kept), (*kept, 1 << 16), strict=True):
        os.closerange(low + 1, high)


def bind(limits: dict[str, int]) -> None:
    """Set the limits of this process and its children; give it a fresh signal mask, environment and working folder."""
    for name, most in (FIXED_LIMITS | limits).items():
        kind = getattr(resource, name, None)
        if kind is None:  # Python has no name for the newer ones
            continue
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least + 1 if name == "RLIMIT_CPU" else least))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    os.chdir(tree.FOLDER)


def judged(order: dict[str, Any], lines: Lines) -> dict[str, Any]:
    """Run the program, then its test, then `check(entry_point)`, in one namespace; return the report."""
    module = ModuleType("__main__")
    sys.modules["__main__"], sys.argv = module, ["program.py"]
    parts = (
        ("program.py", order["code"]),
        ("test.py", order["test"]),
        ("check", f"check({order['entry_point']})" if order["entry_point"] else ""),
    )
    read = os.read
    try:
        for name, source in parts:
            exec(compile(source, name, "exec"), module.__dict__)
    except BaseException as error:
        return {"error": sentence(error, [name for name, _ in parts]), "memory": isinstance(error, MemoryError)}
    return {"secret": read(lines.secret, 64).decode()}


def sentence(error: BaseException, files: list[str]) -> str:
    """Return one line for people: the deepest line of the given files, the kind of error, its first line."""
    place, trace = "", error.__traceback__
    while isinstance(trace, TracebackType):
        if trace.tb_frame.f_code.co_filename in files:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}: "
        trace = trace.tb_next
    text = ""
    with suppress(Exception):
        text = str(error).strip().partition("\n")[0]
    return f"{place}{type(error).__name__}{': ' * bool(text)}{text}"[:MOST_OF_ERROR]
