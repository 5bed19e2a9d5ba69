"""Count a run's wall time from its command's start, over all its attempts, and tell what is left of a limit.

In: when this attempt began, the limit, a clock that only rises. Out: seconds. What was spent is written to
`clock.json` in the run's folder as the run goes, so that an attempt that was killed counts too.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dongcha import files
from dongcha.errors import UserError
from dongcha.types import Json, Watch

CLOCK = "clock.json"
WRITE_EVERY = 5.0  # seconds; what a killed attempt may lose, or a hundredth of the limit where that is less
LIMIT_SHARE = 0.01


class Clock:
    """The wall time of a run: `before` of earlier attempts, and this attempt's, which is `age` seconds old at first."""

    def __init__(self, limit: float | None = None, age: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.now = limit, now
        self.began = now() - age
        self.before: list[float] = []
        self.folder: Path | None = None
        self.written = self.began

    @property
    def attempts(self) -> int:
        """Count the attempts, this one included."""
        return len(self.before) + 1

    def spent(self) -> float:
        """Return the seconds of all attempts so far."""
        return sum(self.before) + self.now() - self.began

    def left(self) -> float:
        """Return the seconds until the limit; infinite without one, negative beyond it."""
        return math.inf if self.limit is None else self.limit - self.spent()

    @contextmanager
    def counting(self, folder: Path, work: Sequence[str] = ()) -> Iterator[None]:
        """Take up what earlier attempts spent in a folder, and write down this one's end, however it ends.

        An attempt that is refused (UserError) before anything of it was kept did no work and does not count; `work`
        names what of the folder took time to make.
        """
        path = folder / CLOCK
        self.before = [float(spent) for spent in files.read_json(path)["attempts"]] if path.is_file() else []
        self.folder = folder
        self.write()
        try:
            yield
        except UserError:
            self.write()
            if not any((folder / name).exists() for name in work):
                files.write_json(path, {"attempts": self.before})
            raise
        except BaseException:
            self.write()
            raise
        self.write()

    def write(self) -> None:
        """Write the seconds of each attempt."""
        if self.folder is not None:
            self.written = self.now()
            attempts = [round(spent, 3) for spent in (*self.before, self.written - self.began)]
            files.write_json(self.folder / CLOCK, {"attempts": attempts})

    def telling(self, watch: Watch) -> Watch:
        """Return a watch that passes every moment on and, now and then, writes down what was spent."""
        every = WRITE_EVERY if self.limit is None else min(WRITE_EVERY, LIMIT_SHARE * self.limit)

        def tell(moment: str, **facts: Json) -> None:
            if self.now() - self.written > every:
                self.write()
            watch(moment, **facts)

        return tell


@dataclass
class Budget:
    """The time that training may take: until `until` on the clock `now`; a step and a validation cost what they did.

    `step_seconds` and `validation_seconds` begin as forecasts; facts replace them. `steps_after` is how many steps'
    time stays in reserve for what the loop does after its last one.
    """

    until: float = math.inf
    step_seconds: float = 0.0
    validation_seconds: float = 0.0
    steps_after: int = 0
    now: Callable[[], float] = field(default=time.monotonic, repr=False)

    def covers_step(self) -> bool:
        """Tell whether there is time for one more step and the validation after it."""
        needed = (1 + self.steps_after) * self.step_seconds + self.validation_seconds
        return self.until - self.now() > needed

    def covers_validation(self) -> bool:
        """Tell whether there is time for a validation."""
        return self.until - self.now() > self.validation_seconds

    @contextmanager
    def step(self) -> Iterator[None]:
        """Time a step: the next is expected to take as long as the longest of the last ones."""
        began = self.now()
        yield
        self.step_seconds = max(self.now() - began, FADES * self.step_seconds)

    @contextmanager
    def validation(self) -> Iterator[None]:
        """Time a validation."""
        began = self.now()
        yield
        self.validation_seconds = max(self.now() - began, FADES * self.validation_seconds)


FADES = 0.9  # share of the longest step that the next, shorter one leaves of it
