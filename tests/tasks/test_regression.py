"""Scores: standardised on the way in, brought back on the way out, proven end to end with a tiny model."""

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.checks.labels_aligned import perfect_outputs, right_from
from dongcha.data.dataset import Dataset
from dongcha.data.features import gather
from dongcha.errors import DataError
from dongcha.models.heads._base import HeadSpec
from dongcha.models.tokenizer import load_tokenizer
from dongcha.tasks._apart import ApartScores
from dongcha.tasks._base import Lengths
from dongcha.tasks.regression import Task
from dongcha.testing import tiny_rows

LARGE, SMALL = 1e6, 1e-3  # scores far from 0, and a spread far from 1
scores = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-5, 5).map(float)


@pytest.fixture(scope="module")
def tokenizer(models):
    return load_tokenizer(models["pooled"], SimpleNamespace(max_position_embeddings=64))


def rows_of(values):
    return {"text": [f"the room {i} was good" for i in range(len(values))], "score": values}


def learnt(values, **lengths):
    return Task.learn(Dataset("train", "memory", pa.table(rows_of(values))), Lengths(**lengths))


@pytest.mark.parametrize("values", [[1e308, -1e308], [1e308, 1e308], [1e200, 0.0]])
@pytest.mark.parametrize("kind", [Task, ApartScores])
def test_scores_too_large_to_be_measured_are_refused(values, kind):
    with pytest.raises(DataError, match=r"^memory, score: numbers from .* to 1e\+\d+, .* larger unit\.$"):
        kind.learn(Dataset("train", "memory", pa.table(rows_of(values))), Lengths())


@settings(max_examples=50, deadline=None)
@given(values=st.lists(scores, min_size=2, max_size=12))
def test_scores_survive_the_way_in_and_out(tokenizer, values):
    task = learnt(values)
    features = gather([task.encode(rows_of(values), tokenizer, 0)])
    outputs = perfect_outputs(features, HeadSpec(name="sequence", num_outputs=1, loss=task.loss))
    decoded = task.decode(outputs, features, rows_of(values), 0)
    metric = next(iter(task.metrics.values()))
    assert (metric.row_scores(task.outcome(rows_of(values), decoded)) >= right_from(task)).all()
    assert [p.row for p in decoded] == list(range(len(values)))


def test_targets_have_mean_zero_and_deviation_one(tokenizer):
    values = [LARGE + SMALL * v for v in (1.0, 2.0, 4.0, 9.0)]
    target = learnt(values).encode(rows_of(values), tokenizer, 0).units["target"]
    assert target.dtype == np.float32
    assert abs(target.mean()) < 1e-3 and abs(target.std() - 1) < 1e-3


def test_equal_scores_are_not_divided_by_nothing(tokenizer):
    task = learnt([3.0, 3.0])
    assert (task.mean, task.deviation) == (3.0, 1.0)
    assert task.encode(rows_of([3.0]), tokenizer, 0).units["target"].tolist() == [0.0]


def test_windows_of_one_text_are_averaged(tokenizer):
    task = learnt([1.0, 3.0], long_texts="windows")
    rows = {"text": ["a", "the room was good " * 60, "b"], "score": [1.0, 2.0, 3.0]}
    features = gather([task.encode(rows, tokenizer, 100)])
    assert features.units["row"].tolist()[0] == 100 and len(features) > 4
    outputs = np.arange(len(features), dtype=np.float32)[:, None]
    found = [p.target["score"] for p in task.decode(outputs, features, rows, 100)]
    middle = np.arange(1, len(features) - 1).mean()
    assert found == pytest.approx([2.0, 2.0 + middle, 2.0 + len(features) - 1])
    assert features.units["target"][1] == features.units["target"][-2] == 0.0


def test_rows_without_scores_are_encoded_for_prediction(tokenizer):
    assert "target" not in learnt([1.0, 2.0]).encode({"text": ["a"]}, tokenizer, 0).units


@pytest.mark.parametrize(
    ("values", "shown"),
    [([0.0, 1.0], "0.333"), ([0.0, 0.001], "0.333333"), ([0.0, 3000.0], "0"), ([0.0, 8.0], "0.33")],
)
def test_a_score_is_shown_as_finely_as_scores_differ(values, shown):
    assert learnt(values).shown({"score": 1 / 3}, "") == shown


def test_mean_absolute_error_comes_first_and_less_is_better():
    main = next(iter(learnt([1.0, 2.0]).metrics.values()))
    assert main.name == "mae" and not main.greater_is_better


@pytest.fixture(scope="module")
def graded(finish, models):
    rows = [{**row, "score": 100 + 20 * row["score"]} for row in tiny_rows("regression", 120)]
    data = {"train": rows, "split": {"validation": 0.2, "test": 0.3}}
    rates = {"learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_tokens": 256}
    train = {**rates, "epochs": 20, "early_stopping": None}
    return finish(name="graded", task="regression", data=data, model=str(models["pooled"]), train=train)


def test_a_run_learns_and_every_proof_holds(graded):
    report = graded.report
    assert [row.name for row in report.table] == ["mean", "tfidf_ridge", "before", "after"]
    assert report.main_metric == "mae"
    error = {row.name: row.metrics["mae"].value for row in report.table}
    assert error["mean"] == pytest.approx(20, abs=1)
    assert max(error["after"], error["before"]) < error["mean"] / 4
    assert report.table[-1].verdict.test == "bootstrap"
    assert {check.status for check in report.checks if check.name != "forecast_kept"} == {"passed"}
    assert [step for step, _ in report.curves["mae"]] and min(value for _, value in report.curves["mae"]) >= 0
    assert report.per_label == () and report.confusion == {} and report.calibration == {}


def test_predictions_come_in_the_scores_own_unit(graded):
    import dongcha

    good, bad = dongcha.load(graded.folder).predict(["the room was good and clean", "the room was bad and dirty"])
    assert set(good) == {"score", "confidence"} and good["confidence"] == 0.0
    assert 105 < good["score"] < 135 and 65 < bad["score"] < 95
    table = pq.read_table(graded.folder / "predictions" / "test.parquet").to_pydict()
    assert set(table["gold"]) == {80.0, 120.0} and all(isinstance(value, float) for value in table["predicted"])


def test_the_report_is_valid_json_though_a_constant_has_no_correlation(graded):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    told = (graded.folder / "report.json").read_text(encoding="utf-8")
    mean = json.loads(told, parse_constant=refuse)["table"][0]
    assert mean["name"] == "mean" and mean["metrics"]["pearson"]["value"] is None


def run_snippet(report, folder, text):
    code = report.environment["snippet"].replace('"model', f'"{folder}/model').replace('"..."', repr(text))
    found = {}
    exec(compile(code, "snippet", "exec"), found)
    return found["score"]


@pytest.mark.parametrize("form", ["pooled", "native"])
def test_the_cards_snippet_gives_the_same_score(finish, models, form, graded):
    import dongcha

    run = graded
    if form == "native":
        data = {"train": tiny_rows("regression", 40)}
        run = finish(name="native", task="regression", data=data, model=str(models["native"]), train={"epochs": 1})
    text = "the room was quiet and good"
    ours = next(dongcha.load(run.folder).predict([text]))["score"]
    assert run_snippet(run.report, run.folder, text) == pytest.approx(ours, rel=1e-4)


def test_a_number_has_no_confidence_to_be_unsure_of(graded):
    import dongcha
    from dongcha.errors import UserError

    with pytest.raises(UserError, match="knows no confidence"):
        dongcha.load(graded.folder, 0.5)
    assert dongcha.load(graded.folder, 0).unsure_below == 0
