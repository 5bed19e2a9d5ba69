"""Verbs with a model that writes: a recipe from `init`, a run, an answer as it is written."""

import json
import sys
from dataclasses import replace

import pytest

import dongcha
from dongcha.cli import app, main
from dongcha.cli._door import guarded
from dongcha.config import Recipe, load_recipe
from dongcha.config.sections import Decoding
from dongcha.models.at_hand import WRITER
from dongcha.report.texts import as_allowed
from dongcha.testing import tiny_rows, tiny_writer
from dongcha.train import forecast
from dongcha.types import Report

pytestmark = pytest.mark.usefixtures("no_charts")
FAST = {"epochs": 1, "learning_rate": 3e-3, "batch_tokens": 400}
SOURCE = "room clean 1"


@pytest.fixture(scope="module")
def writing(tmp_path_factory):
    """A run of translation by a tiny decoder."""
    folder = tmp_path_factory.mktemp("writing")
    given = {"data": {"train": tiny_rows("translation", 30)}, "model": str(tiny_writer(folder / "writer"))}
    recipe = Recipe(name="phrases", task="translation", folder=folder, threads=1, train=FAST, **given)
    report = dongcha.run(recipe)
    assert isinstance(report, Report)
    return folder / report.folder, report


@pytest.fixture
def predict(capsys, writing):
    def run(*arguments, model=None):
        code = guarded(app, ["predict", str(model or writing[0]), *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_a_stream_prints_the_answer_alone(predict):
    _, whole, _ = predict("--text", SOURCE)
    code, streamed, err = predict("--text", SOURCE, "--stream")
    assert (code, err) == (0, "")
    assert streamed.strip() == json.loads(whole)["target"]


def test_a_stream_needs_one_text_and_a_model_that_writes(predict, reviews, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"source": SOURCE}) + "\n", encoding="utf-8")
    code, out, err = predict(rows, "--stream")
    assert (code, out) == (2, "") and "--text" in err
    code, out, err = predict("--text", "good", "--stream", model=reviews.folder)
    assert (code, out) == (2, "") and "classification" in err


@pytest.mark.parametrize(
    "others", [("-o", "a.jsonl"), ("--unsure-below", "0.5"), ("--output", "a.csv", "--unsure-below", "0")]
)
def test_a_stream_goes_to_no_file_and_is_not_withheld(predict, tmp_path, monkeypatch, others):
    monkeypatch.chdir(tmp_path)
    code, out, err = predict("--text", SOURCE, "--stream", *others, model=tmp_path / "none")
    assert (code, out) == (2, "") and "--stream" in err
    assert ("--output" in err, "--unsure-below" in err) == ("-o" in others or "--output" in others, "0" in others[-1])
    assert [*tmp_path.iterdir()] == []


def test_of_several_samples_one_is_streamed(writing):
    predictor = dongcha.load(writing[0])
    several = Decoding(max_new_tokens=9, temperature=1.0, samples=3)
    told = []
    answer = replace(predictor, task=replace(predictor.task, decoding=several)).stream(SOURCE, told.append)
    assert {*answer} == {"target", "confidence"} and "".join(told).strip() == answer["target"]


def test_the_report_shows_a_row_as_the_model_reads_it_and_hides_it_where_asked(writing):
    folder, report = writing
    (sample,) = report.samples
    assert sample["text"].startswith("原文：") and sample["text"].endswith("\n译文：")
    assert sample["gold"] in (folder / "report.html").read_text(encoding="utf-8")
    assert report.recipe["evaluate"]["decoding"]["max_new_tokens"] > 0  # what auto was, written out
    assert {row.name for row in report.table} == {"copy_source", "before_untrained", "after"}
    assert {*report.curves} == {"loss", "validation_loss", "learning_rate"}  # writing is looked at by its loss
    hidden = as_allowed(replace(report, recipe={**report.recipe, "report": {"texts": "none"}}))
    assert hidden.samples == ({"row": sample["row"]},)


def test_init_proposes_a_model_that_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = "".join(json.dumps(row) + "\n" for row in tiny_rows("translation", 30))
    (tmp_path / "pairs.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["dongcha", "init", "pairs.jsonl"])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr()
    assert left.value.code == 0 and WRITER in told.err
    recipe = load_recipe(tmp_path / "pairs.yaml")
    assert (recipe.task, recipe.model, recipe.adapt.method) == ("translation", WRITER, "lora")


def test_columns_of_training_are_tags_in_answers_too(tmp_path, capsys):
    tones = ("warm", "cold")
    rows = [{"prompt": f"room {i}", "completion": f"{tones[i % 2]} room", "tone": tones[i % 2]} for i in range(24)]
    data = {"train": rows, "columns": {"attributes": ["tone"]}}
    given = {"model": str(tiny_writer(tmp_path / "writer")), "evaluate": {"decoding": {"max_new_tokens": 12}}}
    report = dongcha.run(
        Recipe(name="toned", task="generation", folder=tmp_path, threads=1, data=data, train=FAST, **given)
    )
    figures = {row.name: {*row.metrics} for row in report.table}
    assert {"after_free", "after"} <= {*figures} and "attributes_held" in figures["after"]
    assert report.samples[0]["text"].startswith("tone: ")
    asked = tmp_path / "asked.jsonl"
    own = [{"tone": "warm"}, {"attributes": {"tone": "warm"}}, {"tone": "cold"}, {}]
    asked.write_text("".join(json.dumps({"prompt": "room 3"} | one) + "\n" for one in own), encoding="utf-8")
    assert guarded(app, ["predict", str(tmp_path / report.folder), str(asked)]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    sure = [one["confidence"] for one in said]
    assert said[0] == said[1] and len({sure[0], sure[2], sure[3]}) == 3
    (tmp_path / "table.csv").write_text("prompt,tone\nroom 3,warm\n", encoding="utf-8")
    assert guarded(app, ["predict", str(tmp_path / report.folder), str(tmp_path / "table.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[0].lstrip("\ufeff") == "prompt,tone,predicted_completion,confidence"
    (answer,) = dongcha.load(tmp_path / report.folder).predict([{"prompt": "room 3", "tone": "warm"}])
    assert answer["completion"] == said[0]["completion"]


def test_a_batch_too_large_for_one_pass_is_computed_in_parts_and_nothing_is_remarked(tmp_path, monkeypatch):
    monkeypatch.setattr(forecast, "PASS_MEGABYTES", 0.25)
    given = {"data": {"train": tiny_rows("translation", 30)}, "model": str(tiny_writer(tmp_path / "writer"))}
    recipe = Recipe(name="parts", task="translation", folder=tmp_path, threads=1, train=FAST, **given)
    told = []
    work = dongcha.run(recipe, until="plan", watch=lambda moment, **facts: told.append((moment, facts)))
    config = work["model"].module.backbone.config
    assert work["plan"].settings.accumulation == forecast.parts_for(config, FAST["batch_tokens"]) > 1
    assert not any("parts" in remark for remark in dict(told)["forecast"]["remarks"])
