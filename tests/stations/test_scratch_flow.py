"""A run whose model begins from scratch: what it tells and writes out, and that a stop changes nothing."""

import re
import shutil

import pytest
import transformers
from finished_runs import FAST, TRAIN, Died, dies, saves_always

import dongcha
from dongcha import Recipe, files
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")

ROWS = tiny_rows("classification", 48)
CORPUS = [{"text": f"{row['text']}. the service was bad 北京"} for row in tiny_rows("classification", 80)]
SHAPE = {"layers": 1, "hidden": 16, "heads": 2, "vocabulary": 100, "max_tokens": 32}
READ = {"corpus": CORPUS, "steps": 6, "probe_every": 2, "learning_rate": 3e-3, "patience": None}


def recipe(folder, **more):
    known = {"name": "new", "task": "classification", "model": {"scratch": SHAPE}, "pretrain": READ}
    known["data"] = {"train": ROWS, "split": {"validation": 0.25, "test": 0.25}}
    return Recipe(folder=folder, **{**FAST, **known, "train": {**TRAIN, "epochs": 1}, **more})


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that nobody disturbed."""
    root = tmp_path_factory.mktemp("scratch")
    report = dongcha.run(recipe(root))
    return report, root / report.folder


def test_it_learns_to_read_and_then_the_task(straight):
    report, folder = straight
    assert [row.name for row in report.table][-3:] == ["before", "pretrained", "after"]
    assert all(check.status == "passed" for check in report.checks if check.name != "forecast_kept")
    _, info = transformers.AutoModelForMaskedLM.from_pretrained(folder / "pretrained", output_loading_info=True)
    assert not info["missing_keys"]
    transformers.AutoModelForSequenceClassification.from_pretrained(folder / "model")


def test_validation_texts_judge_its_reading(straight):
    told = straight[0].pretraining
    assert told["metric"] == "masked_loss"
    assert [step for step, _ in told["scores"]] == [0, 2, 4, 6]
    before, after = told["surprise"]["validation"]
    assert told["scores"][0][1] == pytest.approx(before) and told["best_step"] > 0
    assert after < before and told["gain"][0] == pytest.approx(after - before)
    page = (straight[1] / "report.html").read_text(encoding="utf-8")
    assert re.search(r"Validation texts, [a-z ]*masked[a-z ]*, by step", page)


def test_what_was_left_open_is_written_out(tmp_path):
    asked = recipe(tmp_path, model="scratch", pretrain={"corpus": CORPUS})
    resolved = dongcha.run(asked, until="plan")["plan"].recipe.resolved()
    shape, reading = resolved["model"]["scratch"], resolved["pretrain"]
    assert (shape["layers"], shape["hidden"], shape["heads"], shape["max_tokens"]) == (2, 128, 2, 128)
    assert reading["learning_rate"] == 5e-4 and reading["max_tokens"] == 128
    assert "auto" not in [*shape.values(), *reading.values()]
    assert Recipe(**{**resolved, "data": {"train": ROWS}, "pretrain": {**reading, "corpus": CORPUS}}).model


def test_another_corpus_or_seed_is_another_run(straight, tmp_path):
    names = {straight[1].name}
    for more in (
        {"pretrain": {**READ, "corpus": CORPUS[1:]}},
        {"seed": 14},
        {"model": {"scratch": {**SHAPE, "layers": 2}}},
    ):
        names.add(dongcha.run(recipe(tmp_path, **more), until="task").folder.name)
    assert len(names) == 4


@pytest.mark.parametrize(("moment", "count"), [("scratch_begins", 1), ("step", 3), ("validated", 2), ("pretrained", 1)])
def test_a_run_that_died_goes_on_to_the_same_bytes_its_cache_lost(straight, tmp_path, monkeypatch, moment, count):
    saves_always(monkeypatch)
    with pytest.raises(Died):
        dongcha.run(recipe(tmp_path), watch=dies(moment, count))
    shutil.rmtree(tmp_path / "runs" / ".cache", ignore_errors=True)
    folder = tmp_path / dongcha.run(recipe(tmp_path)).folder
    assert folder.name == straight[1].name
    for name in ("pretrained/model.safetensors", "pretrained/tokenizer.json", "model/model.safetensors"):
        assert files.hash_file(folder / name) == files.hash_file(straight[1] / name), name


def test_its_random_weights_are_asked_for_no_perplexity(tmp_path):
    checks = dongcha.run(recipe(tmp_path), until="data_checks")["data_checks"]
    found = next(check for check in checks if check.name == "gap_model")
    assert "pseudo_perplexity" not in found.figures


@pytest.mark.parametrize("task", ["tagging", "pairs", "qa", "retrieval"])
def test_other_tasks_begin_from_scratch_too(tmp_path, task):
    data = {"train": tiny_rows(task, 48), "split": {"validation": 0.25, "test": 0.25}}
    work = dongcha.run(recipe(tmp_path, task=task, data=data), until="pretrained")
    assert work["pretrained"].predictions["test"]
