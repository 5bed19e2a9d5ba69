"""Judge programs by running them in a sandbox, each once, however often a metric asks.

Programs -> whether each passed. MachineError where the system gives no sandbox. Verdicts are remembered by the program
as a whole (`dongcha.sandbox.Program`), as long as the object lives.
"""

from collections.abc import Sequence

from dongcha.sandbox import Program, run_all
from dongcha.types import Watch, silent


class Judge:
    """Runs at most `workers` programs at once; `watch` is told `judged` with `done` and `total`."""

    def __init__(self, workers: int = 1, watch: Watch = silent) -> None:
        self.workers, self.watch = workers, watch
        self._passed: dict[Program, bool] = {}

    def passed(self, programs: Sequence[Program]) -> list[bool]:
        """Return the verdict on each program; those that are new are run."""
        new = [program for program in dict.fromkeys(programs) if program not in self._passed]
        outcomes = run_all(new, workers=self.workers, watch=self.watch) if new else []
        self._passed |= {program: found.status == "passed" for program, found in zip(new, outcomes, strict=True)}
        return [self._passed[program] for program in programs]
