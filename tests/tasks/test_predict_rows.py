"""Predictions come one a row, in order, however the rows are cut; gold columns are not even read."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.config import Recipe
from dongcha.data.dataset import Dataset
from dongcha.data.features import Features, bounds
from dongcha.data.splits import Splits
from dongcha.models.source import Source
from dongcha.tasks import _predict
from dongcha.tasks._model import learn, model_for, task_of
from dongcha.tasks._predict import encode, lay_flat, predict, predict_rows
from dongcha.testing import tiny_rows


def made(task_name, folder, rows, **train):
    dataset = Dataset("train", "memory", pa.Table.from_pylist(rows))
    recipe = Recipe(task=task_name, data={"train": rows}, model=str(folder), train=train)
    task = learn(recipe, Splits({"train": dataset}, frozenset(), 0))
    return task, model_for(recipe, task, Source("tiny", folder, ""), dataset), dataset


@pytest.mark.parametrize("task_name", ["classification", "tagging"])
def test_stretches_change_nothing(tiny_folder, monkeypatch, task_name):
    task, model, dataset = made(task_name, tiny_folder(), tiny_rows(task_name, 23))
    whole = list(predict(task, model, dataset))
    assert [p.row for p in whole] == list(range(23))
    monkeypatch.setattr(_predict, "STRETCH", 5)
    parts = list(predict(task, model, dataset))
    assert [(p.row, p.target) for p in parts] == [(p.row, p.target) for p in whole]
    np.testing.assert_allclose([p.confidence for p in parts], [p.confidence for p in whole], atol=1e-5)


def test_gold_is_not_read(tiny_folder):
    task, model, dataset = made("classification", tiny_folder(), tiny_rows("classification", 8))
    without = Dataset("test", "memory", dataset.table.drop_columns(["label"]))
    assert list(predict(task, model, without)) == list(predict(task, model, dataset))
    [chunk] = encode(task, model, dataset, gold=False)
    assert "target" not in chunk.units
    [chunk] = encode(task, model, dataset)
    assert "target" in chunk.units


def test_no_rows_have_no_predictions(tiny_folder):
    task, model, dataset = made("classification", tiny_folder(), tiny_rows("classification", 4))
    assert list(predict(task, model, dataset.take(np.zeros(0, np.int64)))) == []


def test_an_empty_text_is_a_row_like_any_other(tiny_folder):
    for task_name in ("classification", "tagging"):
        task, model, _ = made(task_name, tiny_folder(), tiny_rows(task_name, 4))
        found = predict_rows(task, model, {"text": ["", "the room", "  "]}, first_row=3)
        assert [p.row for p in found] == [3, 4, 5]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.booleans(), st.integers(0, 99))
def test_outputs_are_laid_in_the_features_own_order(lengths, by_token, seed):
    rng = np.random.default_rng(seed)
    features = Features(bounds(np.array(lengths)), {}, {"row": np.arange(len(lengths))}, {})
    size = sum(lengths) if by_token else len(lengths)
    expected = rng.normal(size=(size, 3)).astype(np.float32)
    batches = []
    for indices in np.array_split(rng.permutation(len(lengths)), 3):
        if not by_token:
            batches.append((indices, expected[indices]))
            continue
        out = np.full((len(indices), max((lengths[i] for i in indices), default=1), 3), np.nan, np.float32)
        for place, i in enumerate(indices):
            out[place, : lengths[i]] = expected[features.starts[i] : features.starts[i + 1]]
        batches.append((indices, out))
    assert np.array_equal(lay_flat(features, iter(batches)), expected)


def test_only_tagging_keeps_chinese_characters_apart(tiny_folder):
    folder = tiny_folder(joins_cjk=True)
    _, model, _ = made("classification", folder, tiny_rows("classification", 4))
    assert model.tokenizer.joins_cjk()
    _, model, _ = made("tagging", folder, tiny_rows("tagging", 4))
    assert not model.tokenizer.joins_cjk()


def test_the_recipe_reaches_the_head(tiny_folder):
    rows = tiny_rows("classification", 9)
    options = {"label_smoothing": 0.1, "class_weights": "balanced", "dropout": 0.25}
    task, model, dataset = made("classification", tiny_folder(), rows, **options)
    assert model.spec.class_weights == task.class_weights(dataset) == pytest.approx((9 / 8, 9 / 10))
    assert (model.spec.label_smoothing, model.spec.dropout, model.spec.labels) == (0.1, 0.25, ("bad", "good"))
    assert model.module.hf.config.hidden_dropout_prob == 0.25
    _, model, _ = made("classification", tiny_folder(), rows)
    assert (model.spec.class_weights, model.spec.dropout) == ((), None)


@pytest.mark.parametrize("task_name", ["classification", "tagging"])
def test_a_saved_model_knows_its_task(tiny_folder, tmp_path, task_name):
    from dongcha.models.model import load_model

    task, model, dataset = made(task_name, tiny_folder(pooling=None), tiny_rows(task_name, 8))
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert task_of(again).labels == task.labels
    assert list(predict(task_of(again), again, dataset)) == list(predict(task, model, dataset))


def test_long_texts_are_met_as_the_task_or_the_recipe_says(tiny_folder):
    dataset = {
        name: Dataset("train", "memory", pa.Table.from_pylist(tiny_rows(name, 4)))
        for name in ("tagging", "classification")
    }

    def lengths(task_name, **data):
        recipe = Recipe(task=task_name, data={"train": [], **data}, model="m")
        return learn(recipe, Splits({"train": dataset[task_name]}, frozenset(), 0)).lengths

    assert lengths("classification").long_texts == "truncate"
    assert lengths("tagging").long_texts == "windows"
    assert lengths("tagging", long_texts="truncate").long_texts == "truncate"
    assert lengths("tagging").max_tokens is None
    assert lengths("tagging", max_tokens=32).max_tokens == 32
