"""Hold our training against HF Trainer's by what it learns: the same recipe's numbers, whole runs, the same test rows.

In: a run before its first step, a seed. Out: span F1 of both, scored by the very same code: HF's weights are put into
our model for it. Epochs, rate (one for all parts, as HF's Trainer has it), warm-up, weight decay and tokens a step are
equal; only the batches and the random draws differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from bench._ours import Ours
from bench._peers import fresh, train_hf
from dongcha.judge.seeds import mean_interval

SEEDS = (0, 1, 2)
Scores = dict[str, float]


def compare_scores(ours: Ours, folder: Path, tokenizer: Any, seed: int) -> Scores:
    """Train both to the end and return their scores; our run is not to be used again."""
    rows, settings = ours.rows(), replace(ours.settings, head_learning_rate=ours.settings.learning_rate)
    chosen = {
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": max(1, round(ours.tokens_a_step() / float(rows.lengths.mean()))),
        "train_sampling_strategy": "group_by_length",
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "warmup_steps": settings.warmup,  # below 1: a share of all steps
        "seed": seed,
    }
    module = fresh(folder, rows, seed)
    before = {name: value.clone() for name, value in ours.work["model"].module.hf.state_dict().items()}
    train_hf(module, tokenizer, rows, chosen, [])
    holder = ours.work["model"].module.hf
    holder.load_state_dict(module.state_dict())
    theirs = ours.score()
    holder.load_state_dict(before)
    ours.train(settings)
    return {"ours": ours.score(), "hf_grouped": theirs}


def measure_scores(
    begin: Callable[[int], Ours],
    folder: Path,
    tokenizer: Any,
    stands: Sequence[dict[str, Any]],
    keep: Callable[..., None],
) -> list[dict[str, Any]]:
    """Return both scores by seed; seeds that stand are not run again, and each is kept as soon as it is there."""
    found = list(stands)
    for seed in SEEDS:
        if seed not in {one["seed"] for one in found}:
            found.append({"seed": seed, **compare_scores(begin(seed), folder, tokenizer, seed)})
            print(found[-1], flush=True)
            keep(found)
    return found


def difference(found: Sequence[dict[str, Any]]) -> list[float | None]:
    """Return the mean of our score minus theirs over seeds with its 95 % t-interval, None for one seed's ends."""
    interval = mean_interval([one["ours"] - one["hf_grouped"] for one in found])
    return [value if isfinite(value) else None for value in (interval.value, interval.low, interval.high)]
