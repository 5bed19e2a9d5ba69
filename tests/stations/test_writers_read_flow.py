"""Runs of models that write: they read by what they are, alone or before a task, and what they wrote still writes."""

from functools import partial

import pytest
import torch
import transformers
from finished_runs import FAST, TRAIN, stopped_once

import dongcha
from dongcha import Recipe, files
from dongcha.errors import ModelError, RecipeError
from dongcha.pretrain._fits import fitting
from dongcha.report import screen_lines
from dongcha.report.pretrain import looks_line, pretrain_lines
from dongcha.testing import tiny_rows, tiny_writer

pytestmark = pytest.mark.usefixtures("no_charts")

TEXTS = [{"text": f"{row['text']}. the service was bad 北京 {i}"} for i, row in enumerate(tiny_rows("regression", 40))]
ROWS = tiny_rows("generation", 30)
READ = {"steps": 8, "probe_every": 2, "patience": None, "learning_rate": 3e-3}
SPLIT = {"validation": 0.2, "test": 0.3}
METHODS = {"llama": "causal", "t5": "span_corruption"}


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    root = tmp_path_factory.mktemp("writers")
    return {kind: tiny_writer(root / kind, kind=kind) for kind in ("llama", "t5", "bart", "gpt2")}


def recipe(folder, model, **more):
    known = {"name": "reading", "task": None, "model": str(model), "pretrain": READ}
    known |= {"data": {"train": TEXTS, "split": SPLIT}, "threads": 1, "language": "en"}
    return Recipe(folder=folder, **{**known, **more})


def before_a_task(folder, model, **more):
    data = {"train": ROWS, "split": SPLIT}
    known = {"task": "generation", "data": data, "pretrain": {"corpus": TEXTS, **READ}}
    known |= {"train": {**TRAIN, "epochs": 1}, "evaluate": {"decoding": {"max_new_tokens": 6}}}
    return recipe(folder, model, **known, **more)


@pytest.fixture(scope="module", params=METHODS)
def alone(request, tmp_path_factory, writers):
    """A run without a task that nobody disturbed."""
    root = tmp_path_factory.mktemp("alone")
    report = dongcha.run(recipe(root, writers[request.param]))
    return request.param, report, root / report.folder


@pytest.fixture(scope="module")
def tasked(tmp_path_factory, writers):
    """A run that reads before a task that writes."""
    root = tmp_path_factory.mktemp("tasked")
    report = dongcha.run(before_a_task(root, writers["llama"]))
    return report, root / report.folder


def test_the_way_to_read_is_that_of_the_model_and_written_out(alone):
    kind, report, _ = alone
    assert report.recipe["pretrain"]["method"] == METHODS[kind] == report.pretraining["method"]
    assert report.recipe["pretrain"]["max_tokens"] == {"llama": 160, "t5": 128}[kind]
    assert report.main_metric == "token_loss" and [*report.table[0].metrics] == ["token_loss", "perplexity"]
    assert [row.name for row in report.table] == ["unigram", "before_reading", "after_reading"]
    frequency, before, after = (row.metrics["token_loss"].value for row in report.table)
    assert after < before and frequency < before  # random weights know less than frequencies do
    assert report.table[-1].verdict.word == "better"
    assert report.pretraining["surprise"].keys() == {"general", "validation"}


def test_every_check_passes_that_needs_no_task(alone):
    _, report, _ = alone
    states = {check.name: check.status for check in report.checks if check.name != "forecast_kept"}
    wanted = ["no_leak", "loads_as_pretrained", "best_restored", "resume_exact", "recorded"]
    assert states == dict.fromkeys(wanted, "passed")


def test_plain_transformers_has_what_learnt_and_its_lines_run(alone, writers, monkeypatch):
    kind, report, folder = alone
    auto = transformers.AutoModelForCausalLM if kind == "llama" else transformers.AutoModelForSeq2SeqLM
    plain, first = (auto.from_pretrained(path) for path in (folder / "model", writers[kind]))
    assert not any(torch.equal(a, b) for a, b in zip(plain.parameters(), first.parameters(), strict=True))
    monkeypatch.chdir(folder)
    names = {}
    exec(report.environment["snippet"], names)
    assert isinstance(names["text"], str)
    kinds = {"llama": "text-generation", "t5": "text2text-generation"}
    assert kinds[kind] in (folder / "README.md").read_text(encoding="utf-8")


def test_the_screen_and_the_page_speak_of_tokens(alone):
    _, report, folder = alone
    assert "loss per token" in "\n".join(screen_lines(report))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "loss per token on general text" in page and "masked" not in " ".join(pretrain_lines(report.pretraining))
    assert looks_line(report.pretraining).startswith("Validation texts, loss per token, by step: 0: ")


@pytest.mark.parametrize(("moment", "count"), [("step", 5), ("validated", 2), ("pretrained", 1)])
def test_a_run_that_died_goes_on_to_the_same_bytes(alone, tmp_path, writers, monkeypatch, moment, count):
    kind, whole, folder = alone
    report = stopped_once(monkeypatch, partial(dongcha.run, recipe(tmp_path, writers[kind])), moment, count)
    again = tmp_path / report.folder
    ours, theirs = (files.hash_file(place / "model/model.safetensors") for place in (again, folder))
    assert ours == theirs and again.name == folder.name
    assert [row.metrics for row in report.table] == [row.metrics for row in whole.table]


def test_before_a_task_the_loss_of_its_answers_judges_and_the_reader_has_a_row(tasked):
    report, folder = tasked
    names = [row.name for row in report.table]
    assert names[-4:] == ["before_untrained", "pretrained_untrained", "after_free", "after"]
    against = {row.name: row.against for row in report.table}
    assert against["pretrained_untrained"] == against["after"] == "before_untrained"
    told = report.pretraining
    assert (told["method"], told["metric"], told["surprise_by"]) == ("causal", "answer_loss", "token_loss")
    assert [step for step, _ in told["scores"]] == [0, 2, 4, 6, 8] and told["scores"][0][1] > told["scores"][-1][1]
    assert "pretrained (as it came)" in "\n".join(screen_lines(report))
    assert pretrain_lines(told)[0].startswith("loss per token on validation answers -")
    assert looks_line(told).startswith("Validation answers, loss per token, by step: 0: ")
    assert all(check.status == "passed" for check in report.checks if check.name != "forecast_kept")
    transformers.AutoModelForCausalLM.from_pretrained(folder / "pretrained")


def test_an_encoder_and_decoder_reads_before_its_task_too(tmp_path, writers):
    work = dongcha.run(before_a_task(tmp_path, writers["t5"]), until="pretrained")
    assert work["pretrain"].told["metric"] == "answer_loss" and work["pretrained"].predictions["test"]


def test_reading_leaves_low_rank_changes_to_the_task(tmp_path, writers):
    pytest.importorskip("peft")
    work = dongcha.run(before_a_task(tmp_path, writers["llama"], adapt={"method": "lora", "rank": 2}), until="pretrain")
    assert work["pretrain"].told["parameters"] == 35232  # all of them


def test_a_decoder_that_learns_to_classify_is_probed_as_ever(tmp_path, writers):
    data = {"train": tiny_rows("classification", 40), "split": SPLIT}
    sections = {**FAST, "task": "classification", "data": data, "pretrain": {"corpus": TEXTS, **READ}}
    asked = Recipe(folder=tmp_path, model=str(writers["llama"]), **sections)
    work = dongcha.run(asked, until="pretrained")
    assert work["recipe"].pretrain.method == "causal" and work["pretrain"].told["metric"] == "accuracy"
    assert work["pretrained"].predictions["test"]


def test_what_is_left_open_before_an_encoder_is_masked_words(tmp_path, models):
    work = dongcha.run(recipe(tmp_path, models["pooled"]), until="task")
    assert work["recipe"].pretrain.method == "mlm"


@pytest.mark.parametrize(
    ("kind", "method", "message"),
    [
        ("llama", "mlm", "mlm does not fit .*, a decoder, .*; what fits here: causal, sentence_order, simcse, tsdae"),
        ("gpt2", "span_corruption", "a decoder, .*; what fits here: causal, "),
        ("t5", "causal", "an encoder with a decoder, .*; what fits here: span_corruption."),
        ("pooled", "causal", "an encoder, which reads .*; what fits here: mlm, sentence_order, simcse, tsdae"),
    ],
)
def test_a_method_for_other_models_is_refused_with_those_that_fit(tmp_path, writers, models, kind, method, message):
    asked = recipe(tmp_path, (writers | models)[kind], pretrain={"method": method})
    with pytest.raises(RecipeError, match=f"^pretrain.method: .*{message}"):
        dongcha.run(asked)


def test_before_a_task_that_writes_a_method_must_keep_the_output_layer(tmp_path, writers):
    asked = before_a_task(tmp_path, writers["llama"]).replace({"pretrain.method": "simcse"})
    with pytest.raises(RecipeError, match=r"simcse does not fit .*; what fits here: causal\.$"):
        dongcha.run(asked)
    assert fitting("encoder", task_writes=True) == []


def test_a_tokenizer_without_sentinels_is_refused(tmp_path, writers):
    with pytest.raises(ModelError, match=r"no sentinels .*; take a model of the T5 kind, or delete pretrain"):
        dongcha.run(recipe(tmp_path, writers["bart"]))


def test_an_option_that_the_way_found_has_not_is_refused(tmp_path, writers):
    asked = recipe(tmp_path, writers["llama"], pretrain={**READ, "masked": 0.2})
    with pytest.raises(RecipeError, match=r"there is no key pretrain\.masked"):
        dongcha.run(asked)
