"""Splits drawn alike are not told apart, splits drawn apart are; the interval covers what it says."""

import random

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from dongcha.data.checks import View, gap, gap_model
from dongcha.data.checks._two_sample import delong, told_apart
from dongcha.data.dataset import Dataset

MARKET = ["market", "shares", "profit", "bank", "trade", "growth", "price", "index"]
SPORT = ["match", "goal", "coach", "league", "striker", "season", "cup", "referee"]


def sentences(words, number, seed):
    rng = random.Random(seed)
    return [" ".join(rng.choice(words) for _ in range(12)) for _ in range(number)]


def view(**splits):
    abilities = {
        key: splits.pop(key)
        for key in ("encode", "embed", "reference", "pseudo_perplexity", "unknown_id")
        if key in splits
    }
    tables = {name: Dataset(name, name, pa.table({"text": texts})) for name, texts in splits.items()}
    return View(splits=tables, fields=("text",), **abilities)


def test_splits_of_one_source_pass_and_of_two_are_warned_of():
    train = sentences(MARKET, 150, 1)
    (alike,) = gap.check(view(train=train, test=sentences(MARKET, 100, 2)))
    (apart,) = gap.check(view(train=train, test=sentences(MARKET + SPORT, 100, 3)))
    assert alike.status == "passed"
    assert apart.status == "warned"
    assert apart.figures["train/test"]["low"] > 0.55
    assert "differ" in apart.message


def test_repeats_inside_a_split_are_no_gap():
    train = sentences(MARKET, 60, 1)
    (found,) = gap.check(view(train=train * 5, test=sentences(MARKET, 60, 2)))
    assert found.status == "passed"


def test_too_few_rows_or_one_split_are_skipped():
    assert gap.check(view(train=["a"] * 100, test=["b"] * 100))[0].status == "skipped"
    assert gap.check(view(train=sentences(MARKET, 50, 1)))[0].status == "skipped"


def test_delong_agrees_with_sklearn_and_its_error_with_simulation():
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(300):
        positive, negative = rng.normal(0.7, 1, 60), rng.normal(0, 1, 80)
        value, variance = delong(positive, negative)
        draws.append((value, variance))
    truth = roc_auc_score([1] * 60 + [0] * 80, np.concatenate([positive, negative]))
    assert value == pytest.approx(truth)
    values, variances = np.array(draws).T
    assert np.sqrt(variances.mean()) == pytest.approx(values.std(), rel=0.15)


def test_the_interval_covers_a_half_where_there_is_nothing_to_tell():
    rng = np.random.default_rng(6)
    covered = 0
    for seed in range(40):
        found = told_apart(rng.normal(size=(120, 4)), np.arange(120) % 2 == 0, seed)
        covered += found.low <= 0.5 <= found.high
    assert covered >= 36


def encode(texts):
    return [[1, *(7 if word == "striker" else 100 + len(word) for word in text.split()), 2] for text in texts]


def pieces(texts):
    return [[1, *range(10, 10 + len(text.replace(" ", "")) // 2), 2] for text in texts]


def test_text_and_model_are_compared_by_pieces_and_unknowns():
    reference = sentences(MARKET, 40, 1)
    (near,) = gap_model.check(view(train=sentences(MARKET, 60, 2), encode=encode, unknown_id=7, reference=reference))
    assert near.status == "passed"
    assert near.figures["text"]["per_word"] == pytest.approx(1)
    (far,) = gap_model.check(view(train=sentences(SPORT, 60, 2), encode=encode, unknown_id=7, reference=reference))
    assert far.status == "warned"
    assert far.figures["text"]["unknown"] == pytest.approx(1 / 8, abs=0.04)
    long_words = [text.replace("e", "eeeee") for text in sentences(SPORT, 60, 2)]
    (splintered,) = gap_model.check(view(train=long_words, encode=pieces, reference=reference))
    assert splintered.status == "warned"


def test_embeddings_and_perplexity_are_added_where_the_model_has_them():
    def embed(texts):
        return np.array([[float("goal" in text), 1.0] for text in texts], dtype=np.float32)

    (found,) = gap_model.check(
        view(
            train=sentences(SPORT, 60, 2),
            encode=encode,
            reference=sentences(MARKET, 40, 1),
            embed=embed,
            pseudo_perplexity=lambda texts: float(len(texts)),
        )
    )
    assert found.figures["auroc"]["value"] > 0.8
    assert found.figures["pseudo_perplexity"] == {"text": 60.0, "reference": 40.0}


def test_the_shipped_reference_is_chosen_by_script():
    (found,) = gap_model.check(view(train=["今天天气很好，我们去公园。"] * 20, encode=encode))
    assert found.figures["reference"]["per_word"] < 1
    assert gap_model.check(view(train=["привет мир"], encode=encode))[0].status == "skipped"
    assert gap_model.check(view(train=["a"]))[0].status == "skipped"


@pytest.mark.parametrize("spread", [1.0, 0.01])
def test_vectors_that_lie_close_together_are_still_told_apart(spread):
    rng = np.random.default_rng(0)
    shift = np.zeros(64)
    shift[0] = 1.0
    vectors = rng.normal(size=(400, 64)) + np.repeat([0.0, 1.5], 200)[:, None] * shift
    near = np.full(64, 10.0) + spread * vectors
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    found = told_apart(near, np.repeat([False, True], 200), seed=0)
    assert found.low > 0.6 and found.high > found.low
