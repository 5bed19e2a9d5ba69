"""Zero-shot through the whole flow on tiny models: nothing is trained, no training label is read."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from finished_runs import FAST, SPLIT, tiny_roberta
from safetensors.numpy import load_file

import dongcha
from dongcha import Recipe
from dongcha.errors import RecipeError, UserError
from dongcha.models.described import SCALE
from dongcha.models.heads import towers
from dongcha.models.model import load_model
from dongcha.tasks._described import ZeroShot, by_word
from dongcha.tasks._model import task_of
from dongcha.tasks._predict import predict_rows
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")

ROWS = tiny_rows("classification", 160)
TOLD = {"good": ["good and clean", "quiet"], "bad": "bad and dirty"}
WAY = {"method": "zero_shot", "descriptions": TOLD}


def sections(models, model="pooled", **more):
    known = {"task": "classification", "data": {"train": ROWS, "split": SPLIT}, "model": str(models[model])}
    return {**FAST, "train": {}, **known, **more}


def names(report):
    return [row.name for row in report.table]


def heads(run):
    return load_file(run.folder / "model" / "head.safetensors")


@pytest.fixture(scope="module")
def told(finish, models):
    return finish(**sections(models, adapt=WAY))


@pytest.fixture(scope="module")
def by_names(finish, models):
    return finish(**sections(models, "native", adapt="zero_shot"))


def test_nothing_is_trained_and_the_proofs_say_so(told):
    statuses = {check.name: check.status for check in told.report.checks if check.name != "forecast_kept"}
    skipped = {name for name, status in statuses.items() if status == "skipped"}
    assert skipped == {"best_restored", "resume_exact"}
    assert set(statuses.values()) == {"skipped", "passed"}
    assert all("nothing was trained" in check.message for check in told.report.checks if check.status == "skipped")
    before, after = (load_file(Path(at) / "model.safetensors") for at in (told.recipe.model, told.folder / "model"))
    assert all(np.array_equal(before[name], after[name]) for name in after)


def test_no_step_is_taken_and_no_auto_is_decided(told):
    assert not told.told("step")
    assert not (told.folder / "checkpoints").exists()
    assert told.report.recipe["train"]["epochs"] == "auto"
    assert told.report.curves == {}
    assert told.report.clock["cut"] is None


def test_the_table_has_the_probe_and_no_before(told):
    assert names(told.report) == ["majority", "tfidf_linear", "probe", "zero_shot"]
    assert all(row.verdict is None for row in told.report.table)
    assert told.report.table[-1].metrics["accuracy"].value > 0.8, "tiny embeddings still tell these words apart"


def test_the_report_says_what_was_assumed(told, by_names):
    read = [(run.folder / "README.md").read_text(encoding="utf-8") for run in (told, by_names)]
    assert all("Without any training" in text and "equally frequent" in text for text in read)
    assert ["names alone" in text for text in read] == [False, True]
    remarks = [" ".join(run.told("forecast")[0]["remarks"]) for run in (told, by_names)]
    assert all("trains nothing" in text for text in remarks)
    assert ["own names" in text for text in remarks] == [False, True]


def test_a_model_without_a_pooling_gets_the_mean(by_names):
    pooling = json.loads((by_names.folder / "model" / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    assert pooling["pooling_mode_mean_tokens"]


def test_the_labels_of_the_training_rows_are_not_read(finish, models, told):
    """The same texts with every label turned round give the same head: only the set of labels counts."""
    other = {"good": "bad", "bad": "good"}
    data = {"train": ROWS, "split": {"validation": 0, "test": 0.3, "stratify": False}}
    turned = {**data, "train": [row | {"label": other[row["label"]]} for row in ROWS]}
    one, two = (finish(**sections(models, adapt=WAY) | {"data": given}) for given in (data, turned))
    for name, tensor in heads(one).items():
        np.testing.assert_array_equal(tensor, heads(two)[name])


def test_calibration_can_be_turned_off(finish, models, told):
    plain = finish(**sections(models, adapt=WAY | {"calibrate": False}))
    assert not heads(plain)["bias"].any()
    assert heads(told)["bias"].any()
    np.testing.assert_allclose(heads(plain)["weight"], heads(told)["weight"])
    assert "equally frequent" not in (plain.folder / "README.md").read_text(encoding="utf-8")


def test_saved_equals_loaded_and_predicts(told):
    model = load_model(told.folder / "model")
    task = task_of(model)
    rows = {"text": [row["text"] for row in ROWS[:20]]}
    direct = [p.target["label"] for p in predict_rows(task, model, rows)]
    assert [answer["label"] for answer in dongcha.load(told.folder).predict(rows["text"])] == direct


def test_a_second_run_of_a_finished_one_is_read_and_a_stopped_one_goes_on(models, tmp_path):
    recipe = Recipe(folder=tmp_path, **sections(models, adapt=WAY))
    dongcha.run(recipe, until="train")
    first = dongcha.run(recipe)
    again = dongcha.run(recipe)
    assert names(again) == names(first)
    assert first.table[-1].metrics == again.table[-1].metrics


def test_it_can_be_before_beside_the_probe(finish, models, told):
    run = finish(**sections(models, evaluate={"before": WAY}, train=FAST["train"] | {"epochs": 1}))
    assert names(run.report) == ["majority", "tfidf_linear", "probe", "before_zero_shot", "after"]
    assert run.report.table[-1].verdict is not None
    by_name = {row.name: row.metrics["accuracy"].value for row in run.report.table}
    one_as_model = {row.name: row.metrics["accuracy"].value for row in told.report.table}
    assert by_name["before_zero_shot"] == one_as_model["zero_shot"]
    assert by_name["probe"] == one_as_model["probe"]
    resumed = dongcha.run(run.recipe)
    assert names(resumed) == names(run.report)


def test_what_was_kept_of_before_is_taken_up(models, tmp_path):
    sections_ = sections(models, evaluate={"before": WAY}, train=FAST["train"] | {"epochs": 1})
    recipe = Recipe(folder=tmp_path, **sections_)
    work = dongcha.run(recipe, until="before")
    again = dongcha.run(recipe, until="before")
    for one, other in ((work["before"], again["before"]), (work["before"].probed, again["before"].probed)):
        np.testing.assert_array_equal(one.probe.weight, other.probe.weight)
        assert one.predictions == other.predictions


@pytest.mark.parametrize("path", ["adapt", "evaluate.before"])
@pytest.mark.parametrize("task", ["regression", "choice", "pairs"])
def test_a_task_that_descriptions_cannot_serve_is_refused(path, task, models, tmp_path):
    place = {"adapt": {"adapt": "zero_shot"}, "evaluate.before": {"evaluate": {"before": "zero_shot"}}}[path]
    data = {"train": tiny_rows(task, 40), "split": SPLIT}
    recipe = Recipe(folder=tmp_path, **sections(models, **place) | {"task": task, "data": data})
    with pytest.raises(RecipeError, match=f"{path}.*{task}"):
        dongcha.run(recipe)


def test_zero_shot_is_not_compared_with_itself(models, tmp_path):
    with pytest.raises(RecipeError, match="with itself"):
        dongcha.run(Recipe(folder=tmp_path, **sections(models, adapt=WAY, evaluate={"before": "zero_shot"})))


@pytest.mark.parametrize("model", ["pooled", "native"])
def test_several_labels_a_row_are_thresholded_by_validation(model, finish, models):
    from finished_runs import multi_reviews

    run = finish(**sections(models, model, adapt="zero_shot") | {"data": {"train": multi_reviews(), "split": SPLIT}})
    assert names(run.report)[-1] == "zero_shot"
    assert len(json.loads((run.folder / "model" / "task.json").read_text(encoding="utf-8"))["thresholds"]) == 2


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    """A tiny random model with a masked-language-model head."""
    from dongcha.testing import tiny_encoder

    folder = tiny_encoder(tmp_path_factory.mktemp("masked") / "tiny", pooling=None)
    torch.manual_seed(0)
    transformers.BertForMaskedLM(transformers.AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory):
    """A tiny random masked language model whose pieces hold the blank before a word."""
    return tiny_roberta(tmp_path_factory.mktemp("masked") / "byte-level")


@pytest.mark.parametrize("kind", ["masked", "byte_level"])
def test_a_cloze_runs_proves_and_predicts_as_any_model(finish, kind, request):
    masked = request.getfixturevalue(kind)
    way = {"method": "zero_shot", "by": "cloze", "descriptions": {"good": ["good", "clean"], "bad": "bad"}}
    run = finish(**sections({"masked": masked}, "masked", adapt=way))
    assert names(run.report) == ["majority", "tfidf_linear", "probe", "zero_shot"]
    assert {check.name for check in run.report.checks if check.status not in ("passed", "warned")} == {
        *("best_restored", "resume_exact")
    }
    (answer,) = dongcha.load(run.folder).predict(["the room was good"])
    found: dict = {}
    code = run.report.environment["snippet"].replace('"..."', '"the room was good"')
    with contextlib.chdir(run.folder):
        exec(code, found)
    assert found["label"] == answer["label"]


@pytest.mark.parametrize("kind", ["masked", "byte_level"])
def test_a_text_that_has_no_room_beside_the_template_is_cut_alike_by_dongcha_and_without_it(finish, kind, request):
    way = {"method": "zero_shot", "by": "cloze", "descriptions": {"good": ["good", "clean"], "bad": "bad"}}
    way |= {"templates": ["{text} It was {mask}, so they say."]}
    rows = [row | {"text": row["text"] + " and the room was in london" * 30 * (i % 2)} for i, row in enumerate(ROWS)]
    data = {"train": rows[:80], "split": SPLIT}
    run = finish(**sections({"masked": request.getfixturevalue(kind)}, "masked", adapt=way, data=data))
    assert not [check for check in run.report.checks if check.status == "failed"]
    model = load_model(run.folder / "model")
    for row in rows[:2]:
        (told,) = predict_rows(task_of(model), model, {"text": [row["text"]]})
        found: dict = {}
        with contextlib.chdir(run.folder):
            exec(run.report.environment["snippet"].replace('"..."', repr(row["text"])), found)
        powers = np.exp(found["logits"][0])
        np.testing.assert_allclose(powers / powers.sum(), told.probabilities, atol=1e-4)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"adapt": {"method": "zero_shot", "by": "cloze"}}, "masked-language-model head"),
        ({"adapt": {"method": "zero_shot", "by": "cloze", "templates": ["{text} is {label}"]}}, "one template"),
        ({"evaluate": {"before": {"method": "zero_shot", "by": "cloze"}}}, "a head of its own"),
    ],
)
def test_a_cloze_that_cannot_be_is_refused(more, said, models, tmp_path):
    with pytest.raises(UserError, match=said):
        dongcha.run(Recipe(folder=tmp_path, **sections(models, **more)), until="model")


def test_types_of_spans_are_told_apart_by_word(finish, models):
    data = {"train": tiny_rows("tagging", 120), "split": SPLIT}
    run = finish(
        **sections(models, "native", adapt={"method": "zero_shot", "outside": 0.5}) | {"task": "tagging", "data": data}
    )
    assert names(run.report) == ["frequent_tag", "probe", "zero_shot"]
    assert not [check for check in run.report.checks if check.status == "failed"]


def test_the_share_of_words_outside_is_what_was_asked_for():
    rng = np.random.default_rng(0)
    along, words = rng.normal(size=(3, 8)), rng.normal(size=(500, 8))
    for share in (0.0, 0.5, 0.9):
        layer = by_word(along, words, ZeroShot(outside=share))
        tags = layer(words).argmax(axis=1)
        assert np.isclose((tags == 0).mean(), share, atol=0.01)
        assert set(tags.tolist()) <= {0, 2, 4, 6}, "where both fit, a span goes on rather than opens anew"


SCORED = [
    {k: v for k, v in row.items() if k != "label"} | {"score": i % 3} for i, row in enumerate(tiny_rows("pairs", 90))
]
COMPARED = {
    "choice": {"train": tiny_rows("choice", 60), "pairs": "apart"},
    "pairs": {"train": SCORED, "pairs": "apart"},
    "retrieval": {"train": tiny_rows("retrieval", 60)},
}


@pytest.mark.parametrize("task", COMPARED)
def test_texts_of_a_row_are_compared_as_they_are(task, finish, models):
    data = COMPARED[task] | {"split": SPLIT}
    run = finish(**sections(models, task=task, data=data, adapt="zero_shot"))
    assert names(run.report)[-1] == "zero_shot" and "probe" not in names(run.report)
    assert {check.status for check in run.report.checks if check.name != "forecast_kept"} <= {"passed", "skipped"}
    frozen, kept = (load_file(Path(at) / "model.safetensors") for at in (models["pooled"], run.folder / "model"))
    assert all(np.array_equal(frozen[name], kept[name]) for name in kept)
    gold = {"answer", "score", "positive", "label"}
    row = {name: value for name, value in COMPARED[task]["train"][0].items() if name not in gold}
    assert next(iter(dongcha.load(run.folder).predict([row])))


ALIKE = [
    {"text_a": text, "text_b": f"dirty {text[::-1]}" if i % 2 else text, "label": "yn"[i % 2]}
    for i, text in enumerate(row["text"] for row in tiny_rows("classification", 90))
]


@pytest.mark.parametrize("calibrate", [True, False])
def test_two_labels_of_pairs_are_told_by_how_alike_the_texts_are(finish, models, calibrate):
    data = {"train": ALIKE, "pairs": "apart", "split": SPLIT}
    adapt = {"method": "zero_shot", "alike": "y", "calibrate": calibrate}
    run = finish(**sections(models, task="pairs", data=data, adapt=adapt))
    assert run.report.table[-1].name == "zero_shot"
    if calibrate:  # a tiny encoder finds everything alike, so one half tells nothing apart
        assert run.report.table[-1].metrics["accuracy"].value > 0.9
    assert {check.status for check in run.report.checks if check.name != "forecast_kept"} <= {"passed", "skipped"}
    head = heads(run)
    along = towers.directions(head["weight"].shape[1])[0] / 2
    label = dongcha.load(run.folder).task.labels.index("y")
    np.testing.assert_allclose(head["weight"][label], along, rtol=1e-5)
    np.testing.assert_allclose(head["weight"][1 - label], -along, rtol=1e-5)
    assert head["bias"].sum() == pytest.approx(0.0, abs=1e-5)
    if not calibrate:
        assert head["bias"][1 - label] == pytest.approx(SCALE / 4)


def test_a_label_that_is_a_number_may_be_written_so():
    assert ZeroShot(alike=1).alike == "1" and ZeroShot(alike="yes").alike == "yes"


def test_the_labels_of_pairs_are_not_read(finish, models):
    other = [row | {"label": "ny"[row["label"] == "n"]} for row in ALIKE[:50]]
    data = {"pairs": "apart", "validation": ALIKE[50:70], "test": ALIKE[70:]}
    adapt = {"method": "zero_shot", "alike": "y"}
    straight, turned = (
        finish(**sections(models, task="pairs", data=data | {"train": rows}, adapt=adapt))
        for rows in (ALIKE[:50], other)
    )
    assert all(np.array_equal(heads(turned)[name], heads(straight)[name]) for name in ("weight", "bias"))


def test_texts_that_are_read_together_are_refused_with_the_way(models, tmp_path):
    data = {"train": tiny_rows("choice", 60), "split": SPLIT}
    recipe = Recipe(**sections(models, task="choice", data=data, adapt="zero_shot"), folder=tmp_path)
    with pytest.raises(RecipeError, match=r"data\.pairs: apart"):
        dongcha.check(recipe)
    apart = {"data": data | {"pairs": "apart"}, "adapt": {"method": "zero_shot", "templates": ["{label}"]}}
    with pytest.raises(RecipeError, match="takes no options here"):
        dongcha.check(Recipe(**sections(models, task="choice", **apart), folder=tmp_path))
