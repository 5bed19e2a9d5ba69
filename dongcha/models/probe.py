"""Fit a linear layer on a frozen backbone: the best that a model gives without changing its weights.

In: a model and features with targets. Out: weights and bias in the shape of the head's own linear layer. It serves
as the honest "before" and as a head's start (linear probing, then fine-tuning: Kumar et al. 2022, arXiv 2202.10054).
Multinomial logistic regression (L-BFGS), or ridge for numbers; how strongly it is held back, and whether vectors are
first brought to unit length, is decided by cross-validation on the training rows alone, so that "before" is no straw
man. Memory: the vectors, at most MOST_UNITS of them.
"""

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold

from dongcha.data.features import Features
from dongcha.models.heads import several
from dongcha.models.heads._base import HeadSpec
from dongcha.models.heads.several import own_features
from dongcha.models.model import Model
from dongcha.registry import find

NEVER = -1e4
MOST_UNITS = 200_000  # texts or words that the layer is fitted on; more are sampled
ITERATIONS = 300
SECONDS_A_NUMBER = 2.2e-7  # to fit a layer, a number of its input; measured on 2 cores
STRENGTHS = (0.1, 1.0, 10.0, 100.0)  # inverse regularisation that cross-validation chooses among
FOLDS = 5
MOST_TO_CHOOSE = 2_000  # units that the choice is made on; the layer itself is fitted on all


@dataclass(frozen=True)
class Probe:
    """A linear layer: outputs = vectors W^T + b; `weight` (C, H), `bias` (C,); `unit` scales vectors to length 1."""

    weight: np.ndarray
    bias: np.ndarray
    unit: bool = False

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return outputs (n, C) of vectors (n, H)."""
        outputs: np.ndarray = scaled(vectors, self.unit) @ self.weight.T + self.bias
        return outputs

    @property
    def parts(self) -> tuple["Probe", ...]:
        """Itself alone: the layers of a model by task."""
        return (self,)


@dataclass(frozen=True)
class Probes:
    """The linear layers of a model of several tasks, in the tasks' order."""

    parts: tuple[Probe, ...]

    @property
    def unit(self) -> bool:
        """Tell whether some layer reads vectors of length 1."""
        return any(probe.unit for probe in self.parts)


AnyProbe = Probe | Probes


def frozen_outputs(model: Model, probe: AnyProbe, features: Features) -> np.ndarray:
    """Return what the frozen backbone and a probe say, laid out as the model's own outputs: (N, C) or (S, C)."""
    if isinstance(probe, Probe):
        return probe(vectors_of(model, features))
    outputs = np.zeros((int(features.starts[-1]), model.spec.num_outputs))
    seen = several.vectors(model, features)
    for layer, vectors, (part, columns) in zip(probe.parts, seen, several.places(model.spec), strict=True):
        if part.name == "token":
            outputs[:, columns] = layer(vectors)
        else:
            outputs[features.starts[:-1], columns] = layer(vectors)
    return outputs


def is_as_it_is(head: str) -> bool:
    """Tell whether a head has no layer to fit or set: its frozen vectors are compared as they are."""
    return bool(getattr(find("models.heads", head), "AS_IT_IS", False))


def has_directions(head: str) -> bool:
    """Tell whether a layer may be held to a head's own few directions: how alike two texts are."""
    return hasattr(find("models.heads", head), "directions")


def scaled(vectors: np.ndarray, unit: bool) -> np.ndarray:
    """Return vectors as they are, or brought to length 1."""
    if not unit:
        return vectors
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def vectors_of(model: Model, features: Features) -> np.ndarray:
    """Return what the head would see: (N, H) a text, or (S, H) a token with zeros where no answer counts."""
    head = find("models.heads", model.spec.name)
    result: np.ndarray = head.vectors(model, features)
    return result


def set_head(model: Model, start: AnyProbe) -> None:
    """Give the head's linear layers the weights of probes; a head of another shape is left as it was drawn."""
    layers = linear_heads(model)
    for layer, probe in zip(layers, start.parts, strict=True) if layers else ():
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.asarray(probe.weight, dtype=np.float32)))
            layer.bias.copy_(torch.from_numpy(np.asarray(probe.bias, dtype=np.float32)))


def linear_heads(model: Model) -> list[torch.nn.Linear]:
    """Find the head's linear layers on the probes' own vectors, one a task; none when the head is more than that."""
    if model.spec.parts:
        return list(model.module.linears)
    layer = _linear_head(model)
    return [] if layer is None else [layer]


def _linear_head(model: Model) -> torch.nn.Linear | None:
    if model.spec.name == "sequence" and model.module.form == "native":
        return None  # Transformers' class reads one token through a pooler or dense layer; a probe reads the mean
    heads = [
        module
        for name, module in model.module.named_modules()
        if isinstance(module, torch.nn.Linear) and f"{name}.weight" in model.module.new
    ]
    return heads[0] if len(heads) == 1 else None


def fit_probe(model: Model, features: Features, seed: int, *, scalings: tuple[bool, ...] = (False, True)) -> AnyProbe:
    """Fit a linear layer on the frozen backbone's vectors of features with targets; of several tasks, one each.

    `scalings` are those that may be chosen: a layer that is to become a head's start must take vectors as they are.
    A head without a layer of its own gets the vectors themselves, of length 1.
    """
    if is_as_it_is(model.spec.name):
        has_vectors = hasattr(find("models.heads", model.spec.name), "vectors")
        width = int(model.module.backbone.config.hidden_size) if has_vectors else 0
        return Probe(np.eye(width), np.zeros(width), unit=True)
    if not model.spec.parts:
        return _fit_one(model.spec, vectors_of(model, features), features, seed, scalings)
    own = [own_features(features, part.part) for part in model.spec.parts]
    if all(len(alone) == len(features) for alone in own):
        seen = several.vectors(model, features)
    else:  # each row is read once, by the task whose it is
        seen = [vectors_of(replace(model, spec=part), alone) for part, alone in zip(model.spec.parts, own, strict=True)]
    layers = zip(model.spec.parts, seen, own, strict=True)
    return Probes(tuple(_fit_one(part, vectors, alone, seed, scalings) for part, vectors, alone in layers))


def _fit_one(spec: HeadSpec, vectors: np.ndarray, features: Features, seed: int, scalings: tuple[bool, ...]) -> Probe:
    head = find("models.heads", spec.name)
    targets = head.flat_targets(features)
    chosen = (
        np.flatnonzero(targets >= 0) if targets.ndim == 1 and targets.dtype.kind == "i" else np.arange(len(targets))
    )
    if len(chosen) > MOST_UNITS:
        chosen = sampled(chosen, targets, seed)
    vectors, targets = vectors[chosen], targets[chosen]
    loss, outputs = getattr(head, "PROBE_LOSSES", {}).get(spec.loss, spec.loss), spec.num_outputs
    views = [View(unit) for unit in scalings]
    if has_directions(spec.name):
        views.append(View(directions=head.directions(vectors.shape[1])))
    view, strength = choose(vectors, targets, outputs, loss, seed, views)
    return view.lifted(_fit(view(vectors), targets, outputs, loss, strength))


def sampled(rows: np.ndarray, targets: np.ndarray, seed: int) -> np.ndarray:
    """Draw MOST_UNITS of the rows, and one more of each class that none of them has."""
    found = np.random.default_rng(seed).choice(rows, MOST_UNITS, replace=False)
    if targets.ndim > 1 or targets.dtype.kind != "i":
        return found
    classes, first = np.unique(targets[rows], return_index=True)
    return np.concatenate([found, rows[first[~np.isin(classes, targets[found])]]])


@dataclass(frozen=True)
class View:
    """What a layer is fitted on: vectors as they are, of length 1, or their values along `directions` (D, H) alone."""

    unit: bool = False
    directions: np.ndarray | None = None

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return what the layer sees of vectors (n, H)."""
        return scaled(vectors, self.unit) if self.directions is None else vectors @ self.directions.T

    def lifted(self, probe: Probe) -> Probe:
        """Return the same layer on the vectors themselves."""
        weight = probe.weight if self.directions is None else probe.weight @ self.directions
        return Probe(weight, probe.bias, self.unit)


def choose(
    vectors: np.ndarray, targets: np.ndarray, outputs: int, loss: str, seed: int, views: Sequence[View]
) -> tuple[View, float]:
    """Return the view and strength with the fewest cross-validated errors, the lowest loss among equals."""
    rows = np.random.default_rng(seed).permutation(len(vectors))[:MOST_TO_CHOOSE]
    vectors, targets = vectors[rows], targets[rows]
    folds = _folds(targets, seed)
    if not folds:
        return views[0], 1.0
    options = list(itertools.product(views, STRENGTHS))
    costs = [
        tuple(np.sum([_held_out(vectors, targets, outputs, loss, fold, option) for fold in folds], axis=0).tolist())
        for option in options
    ]
    return options[min(range(len(costs)), key=costs.__getitem__)]


Fold = tuple[np.ndarray, np.ndarray]


def _folds(targets: np.ndarray, seed: int) -> list[Fold]:
    """Cut rows into folds, each class in each where it can be; none when there are fewer than two rows a fold."""
    if len(targets) < 2 * FOLDS:
        return []
    classes = targets.ndim == 1 and targets.dtype.kind == "i"
    if classes and np.unique(targets, return_counts=True)[1].min() >= FOLDS:
        return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(targets, targets))
    return list(KFold(FOLDS, shuffle=True, random_state=seed).split(targets))


def _held_out(
    vectors: np.ndarray, targets: np.ndarray, outputs: int, loss: str, fold: Fold, option: tuple[View, float]
) -> tuple[float, float]:
    """Return errors and summed loss of a fold's held-out rows under a layer fitted on the others."""
    (train, held), (view, strength) = fold, option
    found = _fit(view(vectors[train]), targets[train], outputs, loss, strength)(view(vectors[held]))
    gold = targets[held]
    if loss == "squared_error":
        return 0.0, float(np.square(found[:, 0] - gold).sum())
    if loss == "binary_cross_entropy":
        return float(((found > 0) != (gold == 1)).sum()), float(
            np.logaddexp(0, np.where(gold == 1, -found, found)).sum()
        )
    top = found.max(axis=1, keepdims=True)
    log_sum = (top + np.log(np.exp(found - top).sum(axis=1, keepdims=True)))[:, 0]
    surprise = log_sum - found[np.arange(len(gold)), gold]
    return float((found.argmax(axis=1) != gold).sum()), float(surprise.sum())


def _fit(vectors: np.ndarray, targets: np.ndarray, num_outputs: int, loss: str, strength: float = 1.0) -> Probe:
    if loss == "squared_error":
        ridge = Ridge(alpha=1 / strength).fit(vectors, targets)
        return Probe(np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_))
    if loss == "binary_cross_entropy":
        parts = [_fit(vectors, targets[:, i], 2, "cross_entropy", strength) for i in range(num_outputs)]
        weight = np.stack([part.weight[1] - part.weight[0] for part in parts])
        return Probe(weight, np.array([part.bias[1] - part.bias[0] for part in parts]))
    return _fit_classes(vectors, targets, num_outputs, strength)


def _fit_classes(vectors: np.ndarray, targets: np.ndarray, num_outputs: int, strength: float) -> Probe:
    """Fit logistic regression; a class without rows gets a bias that never wins."""
    weight = np.zeros((num_outputs, vectors.shape[1]))
    bias = np.full(num_outputs, NEVER)
    classes = np.unique(targets)
    if len(classes) < 2:
        bias[classes] = 0.0
        return Probe(weight, bias)
    with warnings.catch_warnings():
        # a layer that would move a little still is a layer; its worth is measured, not assumed
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = LogisticRegression(C=strength, max_iter=ITERATIONS).fit(vectors, targets)
    if len(classes) == 2:
        weight[classes] = np.stack([-found.coef_[0], found.coef_[0]]) / 2
        bias[classes] = np.array([-found.intercept_[0], found.intercept_[0]]) / 2
    else:
        weight[classes], bias[classes] = found.coef_, found.intercept_
    return Probe(weight, bias)
