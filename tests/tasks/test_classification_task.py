"""Classification: labels to ids and back, several labels a row, labels never seen, what validation settles."""

import json

import numpy as np
import pyarrow as pa
import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from dongcha.data.dataset import Dataset
from dongcha.data.features import gather
from dongcha.models.tokenizer import load_tokenizer
from dongcha.tasks._base import Lengths
from dongcha.tasks._labelled import FEWEST_TO_CALIBRATE, IGNORED, UNSEEN, softmax
from dongcha.tasks.classification import Task

few = settings(max_examples=40, deadline=None)
NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=6, unique=True)
NOTHING = gather([])


@pytest.fixture(scope="session")
def tokenizer(tiny_folder):
    folder = tiny_folder()
    return load_tokenizer(folder, transformers.AutoConfig.from_pretrained(folder))


def dataset(labels, texts=None):
    texts = texts or ["the room"] * len(labels)
    return Dataset("train", "memory", pa.table({"text": texts, "label": labels}))


def learnt(labels):
    return Task.learn(dataset(labels), Lengths())


def decoded(task, outputs):
    return task.decode(np.asarray(outputs, dtype=np.float32), NOTHING, {"text": [""] * len(outputs)}, 0)


def settled_on(task, outputs, labels):
    return task.settle(outputs, NOTHING, {"text": [""] * len(outputs), "label": labels})


@few
@given(NAMES, st.data())
def test_perfect_outputs_decode_to_gold(tokenizer, names, data):
    gold = [*names, *data.draw(st.lists(st.sampled_from(names), max_size=10))]
    task = learnt(gold)
    assert task.labels == tuple(sorted(set(names)))
    rows = {"text": ["the room 很好"] * len(gold), "label": gold}
    chunk = task.encode(rows, tokenizer, 7)
    assert chunk.units["row"].tolist() == list(range(7, 7 + len(gold)))
    outputs = np.eye(len(task.labels))[chunk.units["target"]] * 20
    predictions = decoded(task, outputs)
    assert [p.target["label"] for p in predictions] == gold
    assert [p.row for p in predictions] == list(range(len(gold)))
    outcome = task.outcome(rows, predictions)
    assert next(iter(task.metrics.values())).figure(outcome) == 1.0
    assert task.loss == "cross_entropy"
    assert task.output_names == task.labels


@few
@given(NAMES, st.data())
def test_several_labels_decode_to_gold_and_none_is_a_label_set_too(tokenizer, names, data):
    subset = st.lists(st.sampled_from(names), unique=True, max_size=4).map(sorted)
    gold = [sorted(names), [], *data.draw(st.lists(subset, max_size=8))]
    task = learnt(gold)
    assert task.multi
    assert task.loss == "binary_cross_entropy"
    rows = {"text": ["好"] * len(gold), "label": gold}
    target = task.encode(rows, tokenizer, 0).units["target"]
    assert target.shape == (len(gold), len(task.labels))
    predictions = decoded(task, np.where(target == 1, 9.0, -9.0))
    assert [p.target["label"] for p in predictions] == gold
    assert next(iter(task.metrics.values())).figure(task.outcome(rows, predictions)) == 1.0
    assert all(p.confidence > 0.99 for p in predictions)


def test_the_likeliest_label_comes_with_its_probability():
    task = Task(labels=("a", "b", "c"))
    [prediction] = decoded(task, np.log([[0.2, 0.7, 0.1]]))
    assert prediction.target == {"label": "b"}
    assert prediction.confidence == pytest.approx(0.7)
    assert prediction.probabilities == pytest.approx((0.2, 0.7, 0.1))


def test_thresholds_decide_label_by_label():
    task = Task(labels=("a", "b"), multi=True, thresholds=(0.3, 0.9))
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    [prediction] = decoded(task, [[logit(0.4), logit(0.8)]])
    assert prediction.target == {"label": ["a"]}
    assert prediction.confidence == pytest.approx(0.2, abs=1e-6), "the least sure of its decisions"


def test_a_label_never_seen_is_wrong_in_the_score_and_left_out_of_the_loss(tokenizer):
    task = learnt(["a", "b"])
    rows = {"text": ["x", "y", "z"], "label": ["a", "new", "b"]}
    assert task.targets(rows["label"]).tolist() == [0, UNSEEN, 1]
    assert task.encode(rows, tokenizer, 0).units["target"].tolist() == [0, IGNORED, 1]
    outcome = task.outcome(rows, decoded(task, [[9, 0], [9, 0], [0, 9]]))
    assert next(iter(task.metrics.values())).figure(outcome) == pytest.approx(2 / 3)
    multi = learnt([["a"], ["b"]])
    assert multi.targets([["a", "new"]]).tolist() == [[1, 0]]
    outcome = multi.outcome({"label": [["a", "new"], ["b"]]}, decoded(multi, [[9, -9], [-9, 9]]))
    assert next(iter(multi.metrics.values())).figure(outcome) < 1.0


def test_rows_without_gold_have_no_target(tokenizer):
    assert set(learnt(["a", "b"]).encode({"text": ["x", ""]}, tokenizer, 0).units) == {"row"}


def test_long_texts_are_cut_and_counted(tokenizer):
    texts = ["good " * 70, "good " * 62, "good"]
    chunk = learnt(["a", "b"]).encode({"text": texts}, tokenizer, 0)
    assert chunk.lengths.tolist() == [64, 64, 3]
    assert chunk.facts == {"rows": 3, "cut_rows": 1, "cut_tokens": 8}


def test_long_texts_in_windows_have_their_rows_target_and_one_answer(tokenizer):
    rows = {"text": ["good " * 200, "", "bad " * 100], "label": ["b", "a", "new"]}
    task = Task(labels=("a", "b"), lengths=Lengths(long_texts="windows"))
    features = gather([task.encode(rows, tokenizer, 5)])
    row = features.units["row"] - 5
    assert np.bincount(row).tolist() == [4, 1, 2]
    assert features.units["target"].tolist() == [1, 1, 1, 1, 0, IGNORED, IGNORED]
    assert features.facts == {"rows": 3, "cut_rows": 0, "cut_tokens": 0, "window_rows": 2}
    outputs = np.array([[0, 8], [0, 8], [0, 8], [20, 0], [1, 0], [3, 0], [0, 1]], np.float32)
    predictions = task.decode(outputs, features, rows, 5)
    means = softmax(np.array([[5, 6], [1, 0], [1.5, 0.5]]))
    assert [p.row for p in predictions] == [0, 1, 2]
    np.testing.assert_allclose([p.probabilities for p in predictions], means, rtol=1e-6)
    assert [p.target["label"] for p in predictions] == ["b", "a", "a"]


def test_windows_are_averaged_before_a_temperature_is_fitted(tokenizer):
    task = Task(labels=("a", "b", "c"), lengths=Lengths(long_texts="windows"))
    by_row, gold = overconfident()
    rows = {"text": ["good " * 100] * len(gold), "label": [task.labels[g] for g in gold]}
    features = gather([task.encode(rows, tokenizer, 0)])
    assert len(features) == 2 * len(gold)
    apart = np.repeat(by_row, 2, axis=0) + np.tile([[3.0], [-3.0]], (len(gold), 1)) * np.array([1, 0, -1])
    found = task.settle(apart, features, rows).temperature
    assert found == pytest.approx(settled_on(Task(labels=task.labels), by_row, rows["label"]).temperature, rel=1e-3)


def overconfident(rows=400, labels=3, seed=0):
    """Logits whose softmax is calibrated, times 4: the temperature to be found is 4."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(rows, labels))
    gold = [int(rng.choice(labels, p=p)) for p in softmax(logits)]
    return 4 * logits, gold


def test_validation_rows_settle_a_temperature_that_changes_no_label():
    task = Task(labels=("a", "b", "c"))
    outputs, gold = overconfident()
    labels = [task.labels[g] for g in gold]
    settled = settled_on(task, outputs, labels)
    assert settled.temperature == pytest.approx(4, rel=0.15)
    before, after = decoded(task, outputs), decoded(settled, outputs)
    assert [p.target for p in before] == [p.target for p in after]
    assert np.mean([p.confidence for p in after]) < np.mean([p.confidence for p in before])
    hits = np.mean([p.target["label"] == label for p, label in zip(after, labels, strict=True)])
    assert np.mean([p.confidence for p in after]) == pytest.approx(hits, abs=0.05)


def test_few_rows_or_unseen_ones_settle_nothing():
    task = Task(labels=("a", "b", "c"))
    outputs, gold = overconfident(FEWEST_TO_CALIBRATE - 1)
    assert settled_on(task, outputs, [task.labels[g] for g in gold]) == task
    outputs, gold = overconfident()
    unseen = ["new"] * 360 + [task.labels[g] for g in gold[360:]]
    assert settled_on(task, outputs, unseen) == task
    known = ["new"] * 200 + [task.labels[g] for g in gold[200:]]
    alone = settled_on(task, outputs[200:], known[200:])
    assert settled_on(task, outputs, known).temperature == pytest.approx(alone.temperature)


def test_validation_rows_settle_a_threshold_a_label():
    task = Task(labels=("a", "b"), multi=True)
    rng = np.random.default_rng(1)
    gold = rng.random((300, 2)) < 0.4
    outputs = np.where(gold, 1.0, -1.0) + np.array([-2.0, 2.0])  # right, but shifted
    labels = [[task.labels[j] for j in np.flatnonzero(row)] for row in gold]
    settled = settled_on(task, outputs, labels)
    assert settled.thresholds[0] < 0.5 < settled.thresholds[1]
    assert [p.target["label"] for p in decoded(settled, outputs)] == labels
    assert [p.target["label"] for p in decoded(task, outputs)] != labels


@few
@given(st.lists(st.sampled_from(["好", "差", "c"]), min_size=1, max_size=40))
def test_balanced_weights_are_those_of_scikit_learn(more):
    labels = ["好", "差", "c", *more]
    task = learnt(labels)
    expected = compute_class_weight("balanced", classes=np.array(task.labels), y=np.array(labels))
    weights = task.class_weights(dataset(labels))
    assert weights == pytest.approx(tuple(expected))
    assert np.mean([weights[task.labels.index(label)] for label in labels]) == pytest.approx(1.0)


def test_balanced_weights_of_several_labels_count_each():
    task = learnt([["a", "b"], ["a"], [], ["a"]])
    assert task.class_weights(dataset([["a", "b"], ["a"], [], ["a"]])) == pytest.approx((4 / (2 * 3), 4 / (2 * 1)))


@pytest.mark.parametrize(
    "task",
    [
        Task(labels=("好评", "差评"), temperature=1.7),
        Task(labels=("a", "b"), multi=True, thresholds=(0.2, 0.9)),
        Task(labels=("a", "b"), lengths=Lengths(max_tokens=32, long_texts="windows")),
    ],
)
def test_the_card_brings_the_task_back(task):
    card = json.loads(json.dumps({**task.card(), "max_tokens": task.lengths.max_tokens}))
    assert Task.from_card(card) == task


def test_a_target_is_shown_to_people_as_its_labels():
    task = Task(labels=("a", "b"))
    assert task.shown({"label": "好评"}, "") == "好评"
    assert task.shown({"label": ["a", "b"]}, "") == "a, b"


def test_softmax_neither_overflows_nor_loses_a_row():
    found = softmax(np.array([[1e4, -1e4], [0.0, 0.0]], np.float32))
    assert found.tolist() == [[1.0, 0.0], [0.5, 0.5]]
