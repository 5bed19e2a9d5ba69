"""Choose what `pretrain:` leaves open, and turn it into the loop's numbers.

In: the recipe's section, the corpus as features, the method's own usual numbers. Out: numbers, written back into the
resolved recipe. Nothing here looks at the task.
"""

from collections.abc import Mapping
from typing import Any

from dongcha.config.sections import Pretrain
from dongcha.data.features import Features
from dongcha.data.plan import plan_epoch
from dongcha.loop import LoopSettings
from dongcha.pretrain._study import passes_for

TOKENS_IN_ALL = 500_000  # that the model reads where the recipe leaves the steps open
MOST_PASSES = 20
FEWEST_TOKENS = 16  # of a batch
LOOKS = 10


def choices(section: Pretrain, method: Any, corpus: Features, seed: int) -> dict[str, Any]:
    """Return what the rules say for every `auto` of `pretrain:`, by key.

    A step sees the method's usual number of blocks of mean length. In all the model reads about half a million tokens:
    at least one pass over the corpus, at most 20. The task is looked at ten times.
    """
    mean = float(corpus.lengths.mean())
    tokens = _or(section.batch_tokens, max(FEWEST_TOKENS, round(method.ROWS * mean)))
    if section.steps == "auto":
        passes = min(MOST_PASSES, max(1, round(TOKENS_IN_ALL / max(1, int(corpus.starts[-1])))))
        steps = len(plan_epoch(corpus.lengths, tokens, seed, 0)) * passes
    else:
        steps = section.steps
    every = _or(section.probe_every, max(1, steps // LOOKS))
    found = {"batch_tokens": tokens, "steps": steps, "probe_every": every}
    found |= {"learning_rate": _or(section.learning_rate, method.LEARNING_RATE)}
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
    )
