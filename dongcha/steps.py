"""Run a list of steps: each is named, timed, told, and written down; what a step keeps on disk is not done twice.

In: steps and what they start from. Out: their values by name. A step's key is the hash of its name, the run's hash
and the keys of what it needs, so a kept value is taken up again only for the very same work.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dongcha import files
from dongcha.errors import UserError
from dongcha.locale import say
from dongcha.memory import give_back
from dongcha.types import Watch

LOG = "steps.jsonl"
VALUES, CHECKPOINTS = TOOK_TIME = ("steps", "checkpoints")  # of a run's folder: what its steps keep, and its loops


@dataclass(frozen=True)
class Kept:
    """How a step's value outlives its process: `write` it into a folder, `read` it back given the values so far."""

    write: Callable[[Any, Path], None]
    read: Callable[[Path, "Work"], Any]


@dataclass(frozen=True)
class Step:
    """One verb of a run: `needs` names the steps it stands on, `verb` gets the work so far and returns its value."""

    name: str
    verb: Callable[["Work"], Any]
    needs: tuple[str, ...] = ()
    kept: Kept | None = None


class Work:
    """The values of a run's steps so far, by name, with their keys and times; grows as the steps are run."""

    def __init__(self, folder: Path, run_hash: str, watch: Watch, **given: Any) -> None:
        self.folder, self.watch = folder, watch
        self._values: dict[str, Any] = dict(given)
        self._keys = dict.fromkeys(given, run_hash)
        self.run_hash = run_hash
        self.seconds: dict[str, float] = {}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def but(self, **values: Any) -> "Work":
        """Return the same work with some other values."""
        other = Work(self.folder, self.run_hash, self.watch, **self._values | values)
        other.seconds = self.seconds
        return other

    def run(self, step: Step) -> None:
        """Run a step, or take up what it kept; append what happened to the run's log."""
        key = files.hash_value([step.name, self.run_hash, [self._keys[need] for need in step.needs]])
        home = self.folder / VALUES / f"{step.name}-{key[:12]}"
        self.watch("step_begins", name=step.name)
        started = time.monotonic()
        taken_up = step.kept is not None and files.is_done(home)
        if step.kept is not None and taken_up:
            value = step.kept.read(home, self)
        else:
            value = step.verb(self)
            give_back()
            if step.kept is not None:
                with files.new_folder(home) as new:
                    step.kept.write(value, new)
        self._values[step.name], self._keys[step.name] = value, key
        self.seconds[step.name] = time.monotonic() - started
        entry = {"step": step.name, "key": key, "seconds": round(self.seconds[step.name], 3), "taken_up": taken_up}
        files.append_line(self.folder / LOG, entry | {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
        self.watch("step_ends", name=step.name, seconds=self.seconds[step.name])


def known_step(steps: Sequence[Step], name: str | None) -> str | None:
    """Return a step's name, None as itself; an unknown one is refused with the nearest."""
    known = [step.name for step in steps]
    if name is None or name in known:
        return name
    near = get_close_matches(name, known, n=1)
    key = "stations.unknown_step_near" if near else "stations.unknown_step"
    raise UserError(say(key, name=name, near=near[0] if near else "", all=", ".join(known)))


def run_steps(steps: Sequence[Step], work: Work, until: str | None = None) -> Work:
    """Run steps in order, up to and with the one named `until`."""
    for step in steps:
        work.run(step)
        if step.name == until:
            break
    return work
