"""Tell whether this system gives sandboxes, by running a program in one that looks around and tries to get out."""

import sys
import threading
from dataclasses import dataclass
from functools import cache

from dongcha.errors import MachineError
from dongcha.locale import say
from dongcha.sandbox._base import Limits, Program
from dongcha.sandbox.watched import NotEnclosed, watched

LOOKS_AROUND = """
import ctypes, os, socket

assert os.getpid() < 9, "its own processes"
assert os.getuid() != 0, "an ordinary user"
assert not any(os.path.exists(name) for name in ("/proc", "/sys", "/etc/passwd", "/usr/bin")), "few files"
assert ctypes.CDLL(None).unshare(0x10000000) != 0, "no new namespaces"


def refused(act, *values):
    try:
        act(*values)
    except OSError:
        return True
    return False


assert refused(os.mkdir, "/here") and refused(os.mkdir, os.path.dirname(os.__file__) + "/here"), "nothing to write to"
assert refused(socket.create_connection, ("127.0.0.1", 22), 1), "no network"
assert refused(socket.socket, 40), "no way to the host of a virtual machine"
os.mkdir("here")
"""


@dataclass(frozen=True)
class Availability:
    """Whether sandboxes can be had: true or false as a condition; `why` is one sentence where they cannot."""

    why: str = ""

    def __bool__(self) -> bool:
        return not self.why


def available() -> Availability:
    """Tell whether programs can be run here, and why not; tried once a process."""
    if not sys.platform.startswith("linux"):
        return Availability(say("sandbox.not_linux", system=sys.platform))
    trouble = _trouble()
    return Availability(say("sandbox.none", why=trouble)) if trouble else Availability()


def refuse_without() -> None:
    """Raise MachineError where programs cannot be run here."""
    if not (found := available()):
        raise MachineError(found.why)


@cache
def _trouble() -> str:
    """Return what the system refuses, in its own words; empty where the program found itself shut in."""
    try:
        outcome = watched(Program(LOOKS_AROUND), Limits(seconds=30.0), threading.Event())
    except NotEnclosed as error:
        return str(error)
    return "" if outcome.status == "passed" else outcome.error
