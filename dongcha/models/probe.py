"""Fit a linear layer on a frozen backbone: the best that a model gives without changing its weights.

In: a model and features with targets. Out: weights and bias in the shape of the head's own linear layer. It serves
as the honest "before" and as a head's start (linear probing, then fine-tuning: Kumar et al. 2022, arXiv 2202.10054).
Multinomial logistic regression (L-BFGS), or ridge for numbers. Memory: the vectors, at most MOST_UNITS of them.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from dongcha.data.features import Features
from dongcha.models.model import Model
from dongcha.registry import find

MOST_UNITS = 200_000  # texts or words that the layer is fitted on; more are sampled
ITERATIONS = 300


@dataclass(frozen=True)
class Probe:
    """A linear layer: outputs = vectors W^T + b; `weight` (C, H), `bias` (C,)."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return outputs (n, C) of vectors (n, H)."""
        outputs: np.ndarray = vectors @ self.weight.T + self.bias
        return outputs


def vectors_of(model: Model, features: Features) -> np.ndarray:
    """Return what the head would see: (N, H) a text, or (S, H) a token with zeros where no answer counts."""
    head = find("models.heads", model.spec.name)
    result: np.ndarray = head.vectors(model, features)
    return result


def fit_probe(model: Model, features: Features, seed: int) -> Probe:
    """Fit a linear layer on the frozen backbone's vectors of features with targets."""
    head = find("models.heads", model.spec.name)
    vectors, targets = vectors_of(model, features), head.flat_targets(features)
    chosen = (
        np.flatnonzero(targets >= 0) if targets.ndim == 1 and targets.dtype.kind == "i" else np.arange(len(targets))
    )
    if len(chosen) > MOST_UNITS:
        chosen = np.random.default_rng(seed).choice(chosen, MOST_UNITS, replace=False)
    return _fit(vectors[chosen], targets[chosen], model.spec.num_outputs, model.spec.loss)


def _fit(vectors: np.ndarray, targets: np.ndarray, num_outputs: int, loss: str) -> Probe:
    if loss == "squared_error":
        ridge = Ridge().fit(vectors, targets)
        return Probe(np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_))
    if loss == "binary_cross_entropy":
        parts = [_fit(vectors, targets[:, i], 2, "cross_entropy") for i in range(num_outputs)]
        weight = np.stack([part.weight[1] - part.weight[0] for part in parts])
        return Probe(weight, np.array([part.bias[1] - part.bias[0] for part in parts]))
    return _fit_classes(vectors, targets, num_outputs)


def _fit_classes(vectors: np.ndarray, targets: np.ndarray, num_outputs: int) -> Probe:
    """Fit logistic regression; a class without rows gets a bias that never wins."""
    weight = np.zeros((num_outputs, vectors.shape[1]))
    bias = np.full(num_outputs, -1e4)
    classes = np.unique(targets)
    if len(classes) < 2:
        bias[classes] = 0.0
        return Probe(weight, bias)
    found = LogisticRegression(max_iter=ITERATIONS).fit(vectors, targets)
    if len(classes) == 2:
        weight[classes] = np.stack([-found.coef_[0], found.coef_[0]]) / 2
        bias[classes] = np.array([-found.intercept_[0], found.intercept_[0]]) / 2
    else:
        weight[classes], bias[classes] = found.coef_, found.intercept_
    return Probe(weight, bias)
