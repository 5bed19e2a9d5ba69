"""Run untrusted programs with their tests in a sandbox: Program, Limits -> Outcome.

For scoring code that a model wrote: `run` judges one program, `run_all` several at once, `available` tells whether this
system gives sandboxes; where it does not, they refuse with MachineError, as `refuse_without` does before any work. A
sandbox is made of Linux namespaces (users, processes, files, network, IPC, names), limits, a filter of system calls and
no capabilities: the program sees Python's standard library, read only, and one empty folder in memory; no network, no
environment, no other process, no file of the user. `run.py` is read first, then `watched.py` (this side) and `inside/`
(the far side); `probe.py` tries it out.

What a verdict is worth: `passed` means that the main process came to the end of its test and ended in order; leaving
early, killing and printing do not forge it, as a secret is asked for that the process gets only by reading a descriptor
at the end. Program and test share one interpreter, though, as HumanEval wants it, so a program that sets out to deceive
still can: by results that are equal to everything, by changing what the test calls (built-ins, modules), or by trying
all descriptors for the secret. That deceives the score, never the machine.
What is not held back: load (each process has the CPU for `cpu_seconds`), memory up to `processes` times
`memory_bytes` beside the folder's, and faults of the kernel itself.
"""

from dongcha.sandbox._base import Limits, Outcome, Program
from dongcha.sandbox.probe import Availability, available, refuse_without
from dongcha.sandbox.run import run, run_all

__all__ = ["Availability", "Limits", "Outcome", "Program", "available", "refuse_without", "run", "run_all"]
