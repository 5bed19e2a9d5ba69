"""Name what a sandbox takes and gives: a program with its test, the limits of it, what became of it."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "timeout", "out_of_memory", "too_much_output", "killed"]
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Program:
    """Python source to judge: `code` is run, then `test`, then `check(entry_point)` where there is an entry point."""

    code: str
    test: str = ""
    entry_point: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use; all are above 0.

    Bytes of memory are those of the address space of each of its processes, which holds about 30 MiB from the start.
    The folder's bytes are memory too. A verdict that the clock gives depends on the machine's load; let `cpu_seconds`
    be the smaller one.
    """

    seconds: float = 15.0  # by the clock, from the program's first line
    cpu_seconds: int = 5  # of each of its processes
    memory_bytes: int = 512 * MIB
    disk_bytes: int = 16 * MIB  # its folder as a whole
    file_bytes: int = 8 * MIB  # each file
    processes: int = 16  # threads count; before Linux 5.14 all of the user's do
    open_files: int = 64
    output_bytes: int = MIB  # printed

    def for_kernel(self) -> dict[str, int]:
        """Return those that the kernel watches over, by its own names (setrlimit(2))."""
        return {
            "RLIMIT_CPU": self.cpu_seconds,
            "RLIMIT_AS": self.memory_bytes,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_NOFILE": self.open_files,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program: passed, only if the end of its test was reached; how it ended otherwise.

    `error` is one short line for people, empty if it passed; `output` the first part of what it printed.
    """

    status: Status
    seconds: float
    error: str = ""
    output: str = ""
