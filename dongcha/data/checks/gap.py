"""Tell whether splits come from one distribution, by trying to tell their texts apart.

In: a View; on a sample of each split, embeddings where the model is at hand, else character n-grams. Out: the check
`gap`, one AUROC with its interval for train against each other split. Repeats inside a split are left out: they would
be recognised, not told apart.
"""

import numpy as np
from scipy.sparse import issparse, vstack

from dongcha.data.checks._base import View, skipped, split_order
from dongcha.data.checks._two_sample import Features, text_features, told_apart
from dongcha.data.duplicates import exact_groups
from dongcha.locale import say
from dongcha.types import Check, Interval

FEWEST = 30  # texts a split below which an AUROC says nothing
APART = 0.55  # the lower end of the interval above which two splits differ


def check(view: View) -> list[Check]:
    """Compare train with every other split."""
    others = [name for name in split_order(view.splits) if name != "train"]
    if "train" not in view.splits or not others:
        return [skipped("gap", say("data_checks.gap_one_split"))]
    distinct = {name: _distinct(view.texts_to_embed(name)) for name in ("train", *others)}
    usable = [name for name in others if len(distinct[name]) >= FEWEST]
    if len(distinct["train"]) < FEWEST or not usable:
        return [skipped("gap", say("data_checks.gap_few", fewest=FEWEST))]
    train = text_features(distinct["train"], view.embed)
    found = {name: _compare(train, text_features(distinct[name], view.embed), view.seed) for name in usable}
    figures = {
        f"train/{name}": {"auroc": i.value, "low": i.low, "high": i.high, "apart": i.low > APART}
        for name, i in found.items()
    }
    apart = [name for name, interval in found.items() if interval.low > APART]
    clauses = say("data_checks.and").join(
        say(
            "data_checks.gap_apart" if name in apart else "data_checks.gap_alike",
            split=name,
            value=interval.value,
            low=interval.low,
            high=interval.high,
        )
        for name, interval in found.items()
    )
    sample = min(view.sample, view.embedded)
    by = say("data_checks.gap_by_embedding" if view.embed else "data_checks.gap_by_ngrams")
    return [
        Check(
            name="gap",
            status="warned" if apart else "passed",
            message=say("data_checks.gap", clauses=clauses, by=by, sample=sample),
            count=len(apart),
            fix=say("data_checks.gap_fix") if apart else "",
            figures={**figures, "by": "embedding" if view.embed else "ngrams", "sample": sample},
        )
    ]


def _distinct(texts: list[str]) -> list[str]:
    _, first = np.unique(exact_groups(texts), return_index=True)
    return [texts[row] for row in np.sort(first)]


def _compare(train: Features, other: Features, seed: int) -> Interval:
    features = vstack([train, other]).tocsr() if issparse(train) else np.concatenate([train, other])
    is_other = np.repeat([False, True], [train.shape[0], other.shape[0]])
    return told_apart(features, is_other, seed)
