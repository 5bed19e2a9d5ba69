"""Say what one documented case is, and run it in a fresh folder; each is run once a process and language."""

import json
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from error_desk import Desk, Outcome, command, workshop

CHECK = ("check", "recipe.yaml")
Pair = tuple[str, str]  # English, Chinese


@dataclass(frozen=True, eq=False)
class Case:
    """A command line that is refused: what was done (both languages), how, the exit code, what to do (both)."""

    name: str
    did: Pair
    fix: Pair
    prepare: Callable[[Desk], Any]
    argv: tuple[str, ...] = CHECK
    code: int = 2
    around: Callable[[Desk], Any] = nullcontext
    leaves: tuple[str, ...] = ("runs/.cache/",)  # where new files may stand afterwards


@dataclass(frozen=True, eq=False)
class Accepted:
    """A command line that works: what was done, what is made of it, how to see that, and which data check tells it."""

    name: str
    did: Pair
    made: Pair
    prepare: Callable[[Desk], Any]
    holds: Callable[[Outcome], bool]
    argv: tuple[str, ...] = (*CHECK, "--json")
    told: str | None = None
    code: int = 0


@cache
def outcome(case: Case | Accepted, language: str) -> Outcome:
    """Prepare a fresh folder and run the case's command line in it, once a process."""
    root = Path(tempfile.mkdtemp(dir=workshop()))
    root.chmod(0o755)
    desk = Desk(root)
    case.prepare(desk)
    return command(desk, case.argv, language, getattr(case, "around", nullcontext))


def told(case: Accepted, found: Outcome) -> str:
    """Return what the case's data check says; nothing where none speaks."""
    checks = json.loads(found.out)["checks"] if case.told else []
    return next((check["message"] for check in checks if check["name"] == case.told), "")
