"""Build tiny models with each head, and features for them."""

import numpy as np

from dongcha.data.features import Features, bounds
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model

KINDS = ("bert", "distilbert", "electra")
LABELS = ("bad", "good", "中")


def spec_of(name="sequence", loss="cross_entropy", labels=LABELS, **more):
    return HeadSpec(name=name, num_outputs=len(labels), loss=loss, labels=labels, **more)


def built(folder, name="sequence", seed=0, **more):
    return build_model(folder, spec_of(name, **more), max_tokens=None, seed=seed, card={"task": "none", "facts": [1]})


def random_features(lengths=(5, 9, 3, 7, 7, 12), vocabulary=100, seed=0):
    rng = np.random.default_rng(seed)
    starts = bounds(np.asarray(lengths))
    size = int(starts[-1])
    tokens = {"input_ids": rng.integers(5, vocabulary, size).astype(np.int32)}
    return Features(starts, tokens, {"row": np.arange(len(lengths))}, {})
