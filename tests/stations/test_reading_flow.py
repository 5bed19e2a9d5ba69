"""A run that learns no task: texts are read, texts held out judge, and what is written is a model for other recipes."""

from functools import partial

import numpy as np
import pytest
import torch
import transformers
from finished_runs import FAST, TRAIN, Died, dies, stopped_once

import dongcha
from dongcha import Recipe, files
from dongcha.config import load_recipe
from dongcha.data.features import gather
from dongcha.errors import RecipeError, UserError
from dongcha.models.tokenizer import load_tokenizer
from dongcha.pretrain import mlm
from dongcha.pretrain._blocks import blocks
from dongcha.pretrain._surprise import LOSS, General
from dongcha.report import read_report, screen_lines
from dongcha.stations.embedder import load_embedder
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")

TEXTS = [{"text": f"{row['text']}. the service was bad 北京 {i}"} for i, row in enumerate(tiny_rows("regression", 60))]
READ = {"method": "mlm", "steps": 8, "alone_steps": 4, "probe_every": 2, "patience": None, "learning_rate": 3e-3}
SPLIT = {"validation": 0.2, "test": 0.3}


def recipe(folder, model, **more):
    known = {
        "name": "reading",
        "task": None,
        "model": model if isinstance(model, dict) else str(model),
        "pretrain": READ,
    }
    known |= {"data": {"train": TEXTS, "split": SPLIT}, "threads": 1, "language": "en"}
    return Recipe(folder=folder, **{**known, **more})


@pytest.fixture(scope="module")
def straight(tmp_path_factory, models):
    """A run that nobody disturbed."""
    root = tmp_path_factory.mktemp("reading")
    report = dongcha.run(recipe(root, models["pooled"]))
    return report, root / report.folder


def test_texts_held_out_judge_before_and_after_beside_frequency(straight):
    report, _ = straight
    assert report.task == "pretraining" and report.main_metric == "masked_loss"
    assert [row.name for row in report.table] == ["unigram", "before_reading", "after_reading"]
    frequency, before, after = (row.metrics["masked_loss"].value for row in report.table)
    assert after < before and frequency < before  # tiny random weights know less than frequencies do
    assert report.table[-1].verdict.word == "better" and report.table[-1].against == "before_reading"
    assert report.table[-1].metrics["masked_perplexity"].value == pytest.approx(np.exp(after))
    assert report.data["test"]["rows"] == 18 == report.table[-1].verdict.gained + report.table[-1].verdict.lost


def test_every_check_passes_that_needs_no_task(straight):
    report, _ = straight
    states = {check.name: check.status for check in report.checks if check.name != "forecast_kept"}
    wanted = ["no_leak", "loads_as_pretrained", "best_restored", "resume_exact", "recorded"]
    assert states == dict.fromkeys(wanted, "passed")


def test_the_model_is_for_plain_transformers_and_for_other_recipes(straight, tmp_path, models):
    _, folder = straight
    plain = transformers.AutoModelForMaskedLM.from_pretrained(folder / "model")
    first = transformers.AutoModelForMaskedLM.from_pretrained(models["pooled"])
    moved = [not torch.equal(a, b) for a, b in zip(plain.parameters(), first.parameters(), strict=True)]
    assert any(moved)
    data = {"train": tiny_rows("classification", 48), "split": SPLIT}
    further = Recipe(
        folder=tmp_path, **{**FAST, "task": "classification", "model": str(folder / "model"), "data": data}
    )
    assert dongcha.run(further.replace(train={**TRAIN, "epochs": 1})).table[-1].name == "after"


def test_its_lines_run_as_they_stand(straight, monkeypatch):
    report, folder = straight
    monkeypatch.chdir(folder)
    names = {}
    exec(report.environment["snippet"], names)
    assert isinstance(names["word"], str) and names["word"]


def test_the_screen_and_the_page_name_what_was_done(straight):
    report, folder = straight
    lines = "\n".join(screen_lines(report))
    assert "frequency alone" in lines and "after (pretrained)" in lines
    assert f"dongcha init rows.csv --model {report.folder}/model" in lines
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "The model read" in page and "Before the task" not in page and "came nearer" in page
    assert read_report(folder).pretraining["surprise"].keys() == {"general", "validation"}


def test_it_has_nothing_to_predict_and_says_what_it_is_for(straight):
    with pytest.raises(UserError, match=r"learnt no task.*model as the model of a recipe"):
        dongcha.load(straight[1])


@pytest.mark.parametrize(("moment", "count"), [("step", 3), ("step", 7), ("validated", 2), ("pretrained", 1)])
def test_a_run_that_died_goes_on_to_the_same_bytes(straight, tmp_path, models, monkeypatch, moment, count):
    report = stopped_once(monkeypatch, partial(dongcha.run, recipe(tmp_path, models["pooled"])), moment, count)
    folder = tmp_path / report.folder
    assert folder.name == straight[1].name
    assert files.hash_file(folder / "model/model.safetensors") == files.hash_file(
        straight[1] / "model/model.safetensors"
    )
    assert [row.metrics for row in report.table] == [row.metrics for row in straight[0].table]
    assert [row.verdict for row in report.table] == [row.verdict for row in straight[0].table]
    taken = [line["taken_up"] for line in files.read_lines(folder / "steps.jsonl") if line.get("step") == "pretrain"]
    assert taken == ([False, True] if moment == "pretrained" else [False])


@pytest.mark.parametrize(("name", "of"), [("model.safetensors", "pooled"), ("tokenizer.json", "joins")])
def test_a_model_on_disk_that_is_another_is_found_out(tmp_path, models, name, of):
    def spoils(moment, **facts):
        if moment == "pretrained":
            [written] = tmp_path.glob(f"runs/*/*/model/{name}")
            written.write_bytes((models[of] / name).read_bytes())

    report = dongcha.run(recipe(tmp_path, models["pooled"]), watch=spoils)
    states = {check.name: check.status for check in report.checks}
    assert states["loads_as_pretrained"] == "failed"
    assert (states["best_restored"] == "failed") == (name == "model.safetensors")


@pytest.mark.parametrize("method", ["simcse", "tsdae"])
def test_a_method_without_a_head_for_masked_words_is_judged_by_new_heads(tmp_path, models, method):
    read = {"method": method, "steps": 4}
    report = dongcha.run(recipe(tmp_path, models["pooled"], pretrain=read))
    assert [row.name for row in report.table] == ["unigram", "before_reading", "after_reading"]
    assert "gain" not in report.pretraining and report.pretraining["steps"] == 4
    states = {check.name: check.status for check in report.checks}
    assert states["loads_as_pretrained"] == "passed" and states["best_restored"] == "skipped"
    assert "cannot judge" in next(check.message for check in report.checks if check.name == "best_restored")
    assert "feature-extraction" in (tmp_path / report.folder / "README.md").read_text(encoding="utf-8")
    assert transformers.AutoModel.from_pretrained(tmp_path / report.folder / "model")


def test_where_masked_words_cannot_be_asked_for_nothing_is_judged(tmp_path, models):
    texts = [{"text": f"{row['text']}. the service was bad."} for row in TEXTS]
    read = {"method": "sentence_order", "steps": 4}
    report = dongcha.run(recipe(tmp_path, models["pooled"], pretrain=read, data={"train": texts, "split": SPLIT}))
    assert report.table == () and {c.name: c.status for c in report.checks}["loads_as_pretrained"] == "passed"


def test_from_scratch_without_a_task(tmp_path):
    shape = {"layers": 1, "hidden": 32, "vocabulary": 300}
    report = dongcha.run(recipe(tmp_path, {"scratch": shape}))
    _, before, after = (row.metrics["masked_loss"].value for row in report.table)
    assert after < before


def test_without_texts_held_out_nothing_is_said_of_them(tmp_path, models):
    data = {"train": TEXTS, "split": {"validation": 0.0, "test": 0.0}}
    report = dongcha.run(recipe(tmp_path, models["pooled"], data=data))
    assert report.table == () and report.pretraining["steps"] == 8
    assert (tmp_path / report.folder / "model/model.safetensors").is_file()


def test_further_test_sets_are_judged_beside_and_take_no_others_place(straight, tmp_path, models):
    data = {"train": TEXTS, "split": SPLIT, "tests": {"general": [{"text": "a bad room in paris"}] * 3}}
    report = dongcha.run(recipe(tmp_path, models["pooled"], data=data))
    [line] = report.slices
    assert (line["value"], line["rows"]) == ("general", 3) and len(line["before"]) == len(line["after"]) == 3
    assert report.pretraining["surprise"] == straight[0].pretraining["surprise"]


@pytest.mark.parametrize("method", ["mlm", "simcse", "tsdae", "sentence_order"])
def test_the_short_form_names_the_method(tmp_path, models, method):
    assert recipe(tmp_path, "m", pretrain=method).replace({"pretrain.steps": 5}).pretrain.method == method
    work = dongcha.run(recipe(tmp_path, models["pooled"], pretrain=method), until="plan")
    assert work["plan"].recipe.pretrain.method == method and work["plan"].recipe.pretrain.steps > 0


def test_the_recipe_that_a_run_writes_is_that_run(straight):
    report, folder = straight
    again = load_recipe(folder / "recipe.yaml")
    assert again.reads_only and again.resolved()["pretrain"] == report.recipe["pretrain"]


def test_the_heads_that_judge_before_and_after_learn_alike_whatever_time_is_left(tmp_path, models, hands):
    steps = []
    seen = hands.watch(lambda moment, **facts: steps.append(facts["step"]) if moment == "train_ends" else None)
    asked = recipe(tmp_path, models["pooled"], pretrain={"method": "simcse", "steps": 4000}, time_limit=0.4)
    hands.pace = 1.5  # slower than was forecast
    report = dongcha.run(asked, watch=seen)
    assert report.pretraining["out_of_time"] and report.pretraining["steps"] > 10
    assert steps == [100, report.pretraining["steps"], 100] and report.clock["seconds"] < 1.2 * 24


def test_a_run_that_goes_on_has_what_is_left_of_its_limit(tmp_path, models, hands):
    asked = recipe(tmp_path, models["pooled"], pretrain={**READ, "steps": 4000}, time_limit=0.4)
    with pytest.raises(Died):
        dongcha.run(asked, watch=hands.watch(dies("step", 200)))
    hands.pace = 3.0
    report = dongcha.run(asked, watch=hands.watch())
    assert report.pretraining["out_of_time"] and report.clock["attempts"] == 2
    assert 20 < report.clock["seconds"] < 1.1 * 24  # the allowance of the plan anew would end beyond the limit


def test_its_folder_serves_an_index_and_says_what_it_is_from_within(straight):
    _, folder = straight
    embedder = load_embedder(str(folder), base=folder, cache=folder)
    assert embedder.queries(["a bad room"]).shape == (1, embedder.width)
    with pytest.raises(UserError, match="learnt no task"):
        dongcha.load(folder / "model")


def test_a_time_limit_cuts_the_steps(tmp_path, models):
    asked = recipe(tmp_path, models["pooled"], pretrain={**READ, "steps": 1_000_000}, time_limit=0.5)
    plan = dongcha.run(asked, until="plan")["plan"]
    assert plan.is_cut and 1 <= plan.pretraining.steps < 1_000_000 and plan.seconds <= 31


def test_check_forecasts_and_keeps_nothing(tmp_path, models):
    work = dongcha.check(recipe(tmp_path, models["pooled"]))
    assert work["plan"].seconds > 0 and work["plan"].forecast.megabytes > 0 and "pretrain" not in work
    assert not list(tmp_path.glob("runs/reading/*"))


def test_what_nothing_would_read_is_refused():
    known = {"task": None, "data": {"train": "a.txt"}, "model": "m"}
    for more, told in (
        ({}, "nothing else to do"),
        ({"pretrain": {"corpus": "b.txt"}}, "data.train are the corpus"),
        ({"pretrain": "mlm", "train": {"epochs": 2}}, "delete train"),
        ({"pretrain": "mlm", "adapt": "head"}, "delete adapt"),
        ({"pretrain": "mlm", "data": {"train": "a.txt", "long_texts": "truncate"}}, "delete long_texts"),
    ):
        with pytest.raises(RecipeError, match=told):
            Recipe(**{**known, **more})
    with pytest.raises(RecipeError, match="names no task"):
        Recipe(data={"train": "a.txt"}, model="m", pretrain="mlm")
    resolved = Recipe(**known, pretrain="mlm").resolved()
    assert Recipe(**resolved).reads_only


def test_frequency_guesses_the_same_masks_by_counts_alone(models):
    tokenizer = load_tokenizer(models["pooled"], transformers.AutoConfig.from_pretrained(models["pooled"]))
    texts = [row["text"] for row in TEXTS[:9]]
    corpus = gather([blocks(texts, tokenizer, 0)])
    module = mlm.by_frequency(corpus, tokenizer.raw.get_vocab_size())
    ids, word = corpus.tokens["input_ids"], corpus.tokens["word"]
    counts = np.bincount(ids[word >= 0], minlength=tokenizer.raw.get_vocab_size()) + 1
    np.testing.assert_allclose(module.logits_V.exp().sum(), 1.0, rtol=1e-5)
    np.testing.assert_allclose(module.logits_V.numpy(), np.log(counts / counts.sum()), rtol=1e-5)
    objective = mlm.MaskedObjective(mlm.masking_of(models["pooled"], tokenizer))
    found = General(corpus, objective, tokenizer.pad_id, 3, len(texts)).outcome(module)
    assert found.gold.shape == found.predicted.shape == (9,)
    assert LOSS.figure(found) == pytest.approx(found.predicted.sum() / found.gold.sum())


def test_texts_are_judged_whole_however_many_blocks_they_are_cut_into(models):
    tokenizer = load_tokenizer(models["pooled"], transformers.AutoConfig.from_pretrained(models["pooled"]))
    tokenizer.max_tokens = 8
    texts = ["a bad room in paris . " * 5, "", "good"]
    cut = gather([blocks(texts, tokenizer, 0)])
    assert len(cut) > 3
    objective = mlm.MaskedObjective(mlm.masking_of(models["pooled"], tokenizer))
    module = mlm.by_frequency(cut, tokenizer.raw.get_vocab_size())
    found = General(cut, objective, tokenizer.pad_id, 3, len(texts)).outcome(module)
    assert len(found) == 3 and found.gold[1] == 0 and found.gold[0] > found.gold[2] > 0
