"""The layer that descriptions give: laws of the arithmetic, and of the texts on a tiny encoder."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import built

from dongcha.models.described import SCALE, described_layer, directions
from dongcha.models.heads.sequence import vectors
from dongcha.models.probe import Probe, scaled, set_head
from dongcha.models.vectors import texts_as_features

TEXTS = [["the room was good"], ["noisy and bad", "dirty"], ["quiet"]]
ROWS = ["the room was clean and quiet", "bad service", "in paris", "the room was dirty", "good"]


def drawn(seed, rows=20, labels=4, width=6):
    rng = np.random.default_rng(seed)
    return scaled(rng.normal(size=(labels, width)), unit=True), rng.normal(size=(rows, width)) + rng.normal(size=width)


seeds = st.integers(0, 10_000)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_calibration_makes_every_labels_mean_the_same_over_the_rows_it_saw(seed):
    along, rows = drawn(seed)
    means = described_layer(along, rows, calibrate=True)(rows).mean(axis=0)
    np.testing.assert_allclose(means, means[0], atol=1e-9)
    raw = described_layer(along, rows, calibrate=False)(rows).mean(axis=0)
    assert np.ptp(raw) > 1e-3


@given(seeds, st.permutations(range(4)))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_labels_does_not_matter(seed, order):
    along, rows = drawn(seed)
    for calibrate in (True, False):
        plain = described_layer(along, rows, calibrate=calibrate)(rows)
        turned = described_layer(along[list(order)], rows, calibrate=calibrate)(rows)
        np.testing.assert_allclose(turned, plain[:, list(order)])


@given(seeds, st.floats(0.01, 100))
@settings(max_examples=40, deadline=None)
def test_a_scale_changes_no_answer(seed, factor):
    along, rows = drawn(seed)
    for calibrate in (True, False):
        layer = described_layer(along, rows, calibrate=calibrate)
        grown = Probe(layer.weight * factor, layer.bias * factor)
        assert (grown(rows).argmax(1) == layer(rows).argmax(1)).all()
        assert (
            described_layer(along, rows * factor, calibrate=calibrate)(rows * factor).argmax(1) == layer(rows).argmax(1)
        ).all()


def test_an_output_is_the_cosine_times_the_scale_where_all_rows_are_of_one_length():
    along, rows = drawn(1)
    rows = 3.0 * scaled(rows, unit=True)
    found = described_layer(along, rows, calibrate=False)(rows)
    np.testing.assert_allclose(found, SCALE * (rows / 3.0) @ along.T)


def test_no_rows_leave_the_layer_uncalibrated():
    along, rows = drawn(2)
    layer = described_layer(along, rows[:0], calibrate=True)
    assert not layer.bias.any()
    np.testing.assert_allclose(np.linalg.norm(layer.weight, axis=1), SCALE)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from dongcha.testing import tiny_encoder

    return built(tiny_encoder(tmp_path_factory.mktemp("described") / "tiny"))


def test_directions_are_unit_vectors_the_mean_of_a_labels_texts(model):
    found = directions(model, TEXTS)
    assert found.shape == (3, 32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    one, other = (directions(model, [[text]])[0] for text in TEXTS[1])
    np.testing.assert_allclose(found[1], (one + other) / np.linalg.norm(one + other), atol=1e-5)
    np.testing.assert_allclose(directions(model, [["dirty", "noisy and bad"]])[0], found[1], atol=1e-6)


def test_a_text_is_nearest_to_its_own_description(model):
    rows = vectors(model, texts_as_features(model, [texts[0] for texts in TEXTS]))
    layer = described_layer(directions(model, [[texts[0]] for texts in TEXTS]), rows, calibrate=False)
    assert layer(rows).argmax(1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("pooling", ["mean", "cls", None])
def test_the_module_answers_as_the_layer_does(pooling, tmp_path):
    from dongcha.testing import tiny_encoder

    model = built(tiny_encoder(tmp_path / "tiny", pooling=pooling), pooling="mean")
    assert model.module.form == "pooled"
    assert model.module.pooling == (pooling or "mean"), "the folder's own pooling stands"
    features = texts_as_features(model, ROWS)
    layer = described_layer(directions(model, TEXTS), vectors(model, features), calibrate=True)
    set_head(model, layer)
    found = np.zeros((len(ROWS), 3))
    for indices, out in model.logits(features):
        found[indices] = out
    np.testing.assert_allclose(found, layer(vectors(model, features)), atol=1e-4)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-4)
