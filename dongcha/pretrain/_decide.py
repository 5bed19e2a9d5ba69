"""Choose what `pretrain:` leaves open, and turn it into the loop's numbers.

In: the recipe's section, the corpus as features, the method's own usual numbers. Out: numbers, written back into the
resolved recipe. Nothing here looks at the task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dongcha.config.sections import Pretrain
from dongcha.data.features import Features
from dongcha.data.plan import plan_epoch
from dongcha.loop import LoopSettings
from dongcha.pretrain._study import passes_for

FEWEST_TOKENS = 16  # of a batch
LOOKS = 10


@dataclass(frozen=True)
class Course:
    """How much is read where the recipe leaves it open: tokens in all, passes at most; the rate, None: the method's."""

    tokens: int
    most_passes: int
    learning_rate: float | None = None


FURTHER = Course(500_000, 20)  # of a model that can read
ANEW = Course(5_000_000, 40, 5e-4)  # of one whose weights were only drawn


def choices(section: Pretrain, method: Any, corpus: Features, seed: int, course: Course = FURTHER) -> dict[str, Any]:
    """Return what the rules say for every `auto` of `pretrain:`, by key.

    A step sees the method's usual number of blocks of mean length. In all the model reads about as many tokens as the
    course says: at least one pass over the corpus, at most so many. There are ten looks.
    """
    mean = float(corpus.lengths.mean())
    tokens = _or(section.batch_tokens, max(FEWEST_TOKENS, round(method.ROWS * mean)))
    if section.steps == "auto":
        passes = min(course.most_passes, max(1, round(course.tokens / max(1, int(corpus.starts[-1])))))
        steps = len(plan_epoch(corpus.lengths, tokens, seed, 0)) * passes
    else:
        steps = section.steps
    every = _or(section.probe_every, max(1, steps // LOOKS))
    found = {"batch_tokens": tokens, "steps": steps, "probe_every": every}
    found |= {"learning_rate": _or(section.learning_rate, course.learning_rate or method.LEARNING_RATE)}
    return {key: value for key, value in found.items() if getattr(section, key) == "auto"}


def _or(stated: Any, rule: Any) -> Any:
    return rule if stated == "auto" else stated


def settings_of(section: Pretrain, corpus: Features, seed: int, more: Mapping[str, Any]) -> LoopSettings:
    """Return the loop's settings of a section without `auto`; `more` is what memory and time decided."""
    per_pass = len(plan_epoch(corpus.lengths, int(section.batch_tokens), seed, 0))
    steps = int(more.get("max_steps") or section.steps)
    return LoopSettings(
        seed=seed,
        epochs=passes_for(steps, per_pass),
        batch_tokens=int(section.batch_tokens),
        learning_rate=float(section.learning_rate),
        head_learning_rate=float(section.learning_rate),
        accumulation=int(more.get("accumulation", 1)),
        validate_steps=int(section.probe_every),
        patience=section.patience,
        max_steps=steps,
        precision="fp32" if section.precision == "auto" else section.precision,
    )
