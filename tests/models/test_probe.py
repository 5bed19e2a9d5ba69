"""The linear layer on a frozen backbone: it learns what is separable, for any number of classes, also absent ones."""

import numpy as np
import pytest
from tiny_models import built, random_features

from dongcha.data.features import Features
from dongcha.models import probe as module
from dongcha.models.probe import Probe, _fit, fit_probe, vectors_of

WIDTH = 8


def separable(classes, per_class=30, seed=0):
    """Vectors around one far corner a class."""
    rng = np.random.default_rng(seed)
    centres = 4 * rng.normal(size=(max(classes) + 1, WIDTH))
    targets = np.repeat(classes, per_class)
    return centres[targets] + 0.3 * rng.normal(size=(len(targets), WIDTH)), targets


@pytest.mark.parametrize(
    ("classes", "num_outputs"), [([0, 1], 2), ([0, 1, 2], 3), ([0, 2], 3), ([1, 2, 4], 6), ([0, 1, 2, 3, 4], 5)]
)
def test_separable_classes_are_learnt_and_absent_ones_never_win(classes, num_outputs):
    vectors, targets = separable(classes)
    probe = _fit(vectors, targets, num_outputs, "cross_entropy")
    assert probe.weight.shape == (num_outputs, WIDTH)
    assert probe.bias.shape == (num_outputs,)
    assert (probe(vectors).argmax(1) == targets).all()
    far = 100 * np.random.default_rng(1).normal(size=(200, WIDTH))
    assert set(probe(far).argmax(1).tolist()) <= set(classes)


def test_two_classes_have_the_probabilities_of_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(80, WIDTH))
    targets = (vectors[:, 0] + rng.normal(size=80) > 0).astype(int)
    logits = _fit(vectors, targets, 2, "cross_entropy")(vectors)
    expected = LogisticRegression(max_iter=300).fit(vectors, targets).predict_proba(vectors)
    np.testing.assert_allclose(np.exp(logits[:, 1]) / np.exp(logits).sum(1), expected[:, 1], rtol=1e-6)


def test_one_class_alone_always_wins():
    vectors, targets = separable([1])
    probe = _fit(vectors, targets, 3, "cross_entropy")
    assert (probe(vectors).argmax(1) == 1).all()
    assert np.isfinite(probe(vectors)).all()


def test_several_labels_each_get_their_own_decision_also_those_always_or_never_there():
    vectors, corner = separable([0, 1, 2])
    targets = np.stack([corner == 0, corner != 1, np.ones_like(corner), np.zeros_like(corner)], axis=1).astype(np.int64)
    found = _fit(vectors, targets, 4, "binary_cross_entropy")(vectors) > 0
    assert np.array_equal(found, targets == 1)


def test_numbers_are_fitted_by_ridge():
    rng = np.random.default_rng(3)
    vectors, direction = rng.normal(size=(200, WIDTH)), rng.normal(size=WIDTH)
    probe = _fit(vectors, vectors @ direction + 2.5, 1, "squared_error")
    assert probe.weight.shape == (1, WIDTH)
    np.testing.assert_allclose(probe(vectors)[:, 0], vectors @ direction + 2.5, atol=0.1)


@pytest.mark.parametrize(("pooling", "labels"), [("mean", 3), ("cls", 2), (None, 3)])
def test_a_models_vectors_are_what_its_head_sees(tiny_folder, pooling, labels):
    model = built(tiny_folder(pooling=pooling), labels=("a", "b", "c")[:labels])
    features = random_features(lengths=(3, 8, 5) * 5)
    vectors = vectors_of(model, features)
    assert vectors.shape == (15, 32)
    targets = (vectors[:, 0] > np.median(vectors[:, 0])).astype(np.int64)
    targeted = Features(features.starts, features.tokens, {**features.units, "target": targets}, {})
    probe = fit_probe(model, targeted, seed=0)
    assert probe.weight.shape == (labels, 32)
    assert set(probe(vectors).argmax(1)) <= {0, 1}
    if pooling:
        probe_as_head = Probe(model.module.linear.weight.detach().numpy(), model.module.linear.bias.detach().numpy())
        expected = np.zeros((15, labels), np.float32)
        for indices, logits in model.logits(features):
            expected[indices] = logits
        np.testing.assert_allclose(probe_as_head(vectors), expected, atol=1e-5)


def test_by_token_only_words_have_vectors_and_only_targets_are_fitted(tiny_folder):
    model = built(tiny_folder(pooling=None), "token")
    features = random_features(lengths=(6, 9, 4))
    word = np.full(19, -1, np.int32)
    word[[1, 2, 4, 7, 9, 13, 16, 17]] = [0, 1, 2, 0, 1, 2, 0, 1]
    target = np.where(word >= 0, word % 2, -100)
    tokens = {**features.tokens, "word": word, "target": target.astype(np.int64)}
    features = Features(features.starts, tokens, features.units, {})
    vectors = vectors_of(model, features)
    assert vectors.shape == (19, 32)
    assert (vectors[word < 0] == 0).all()
    assert (np.abs(vectors[word >= 0]).sum(1) > 0).all()
    hidden = {i: h for indices, out in model.hidden(features) for i, h in zip(indices.tolist(), out, strict=True)}
    for at in np.flatnonzero(word >= 0):
        feature = int(np.searchsorted(features.starts, at, side="right")) - 1
        np.testing.assert_array_equal(vectors[at], hidden[feature][at - features.starts[feature]])
    probe = fit_probe(model, features, seed=0)
    assert (probe(vectors)[word >= 0].argmax(1) == target[word >= 0]).all()


def test_a_sample_has_a_unit_of_every_class(monkeypatch):
    monkeypatch.setattr(module, "MOST_UNITS", 30)
    targets = np.array([0] * 5000 + [1, 2])
    found = module.sampled(np.arange(len(targets)), targets, 0)
    assert set(targets[found]) == {0, 1, 2} and len(found) <= 32
    assert len(module.sampled(np.arange(100), np.linspace(0, 1, 100), 0)) == 30


def test_a_sample_of_units_is_drawn_from_the_seed(tiny_folder, monkeypatch):
    model = built(tiny_folder())
    features = random_features(lengths=(3,) * 60)
    targeted = Features(features.starts, features.tokens, {**features.units, "target": np.arange(60) % 3}, {})
    whole = fit_probe(model, targeted, seed=0)
    monkeypatch.setattr(module, "MOST_UNITS", 30)
    one, same, other = (fit_probe(model, targeted, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.weight, same.weight)
    assert not np.array_equal(one.weight, other.weight)
    assert not np.array_equal(one.weight, whole.weight)
