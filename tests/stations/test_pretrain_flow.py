"""A whole run that reads texts first: its rows, what it tells, what it keeps, and that a stop changes nothing."""

from functools import partial

import pytest
import transformers
from finished_runs import FAST, TRAIN, stopped_once

import dongcha
from dongcha import Recipe, files
from dongcha.report import read_report
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")

ROWS = tiny_rows("classification", 48)
CORPUS = [{"text": f"{row['text']}. the service was bad 北京"} for row in ROWS]
READ = {"method": "mlm", "corpus": CORPUS, "steps": 6, "alone_steps": 4, "probe_every": 2, "patience": None}


def recipe(folder, model, **more):
    known = {"name": "reading", "task": "classification", "model": str(model), "pretrain": READ}
    known["data"] = {"train": ROWS, "split": {"validation": 0.25, "test": 0.25}}
    return Recipe(folder=folder, **{**FAST, **known, "train": {**TRAIN, "epochs": 2}, **more})


@pytest.fixture(scope="module")
def straight(tmp_path_factory, models):
    """A run that nobody disturbed, with the moments it told."""
    root, told = tmp_path_factory.mktemp("reading"), []
    report = dongcha.run(recipe(root, models["pooled"]), watch=lambda moment, **facts: told.append((moment, facts)))
    return report, root / report.folder, told


def test_the_table_has_the_pretrained_backbone_between_before_and_after(straight):
    report, _, _ = straight
    assert [row.name for row in report.table][-3:] == ["before", "pretrained", "after"]
    assert [row.verdict is None for row in report.table][-3:] == [True, False, False]
    assert all(check.status == "passed" for check in report.checks if check.name != "forecast_kept")


def test_test_sentences_in_the_corpus_are_counted_whatever_the_task_makes_of_them(tmp_path, models):
    """A relation's model reads its sentence with marks; what the corpus holds is the sentence."""
    places = {"head": {"start": 0, "end": 1}, "tail": {"start": 2, "end": 3}}
    rows = [{"text": f"a b is {i}", "label": "xy"[i % 2], **places} for i in range(40)]
    corpus = [{"text": row["text"]} for row in rows[:9]] + CORPUS
    data = {"train": rows[9:], "validation": rows[:4], "test": rows[4:9]}
    work = recipe(tmp_path, models["pooled"], task="relation", data=data, pretrain={**READ, "corpus": corpus})
    assert dongcha.run(work, until="corpus")["corpus"].repeated == 9


def test_it_tells_what_was_gained_and_forgotten(straight):
    report, folder, told = straight
    found = report.pretraining
    assert found == dict(told[[moment for moment, _ in told].index("pretrained")][1])
    assert found["steps"] == found["of"] == 6
    assert [step for step, _ in found["scores"]] == [0, 2, 4, 6]
    assert set(found["surprise"]) == {"general", "validation"}
    low, value, high = (found["gain"][i] for i in (1, 0, 2))
    assert low <= value <= high
    assert read_report(folder).pretraining["gain"] == found["gain"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    said = ("What was read", "Before the task the model read", "loss of masked words on general text")
    assert all(one in page for one in said)


def test_what_was_left_open_is_written_out(straight):
    report, _, _ = straight
    section = report.recipe["pretrain"]
    assert section["learning_rate"] == 5e-5 and section["max_tokens"] == 64
    assert all(value != "auto" for value in section.values())


def test_the_pretrained_folder_is_a_model_for_other_recipes(straight, tmp_path):
    _, folder, _ = straight
    transformers.AutoModelForMaskedLM.from_pretrained(folder / "pretrained")
    again = dongcha.run(recipe(tmp_path, folder / "pretrained", pretrain=None), until="before")
    assert again["before"].predictions["test"]


@pytest.mark.parametrize(("moment", "count"), [("step", 3), ("step", 7), ("validated", 2), ("pretrained", 1)])
def test_a_run_that_died_goes_on_to_the_same_bytes(straight, tmp_path, models, monkeypatch, moment, count):
    report = stopped_once(monkeypatch, partial(dongcha.run, recipe(tmp_path, models["pooled"])), moment, count)
    folder = tmp_path / report.folder
    assert folder.name == straight[1].name
    for name in ("pretrained", "model"):
        ours, theirs = (files.hash_file(place / name / "model.safetensors") for place in (folder, straight[1]))
        assert ours == theirs, name
    taken = [line["taken_up"] for line in files.read_lines(folder / "steps.jsonl") if line.get("step") == "pretrain"]
    assert taken == ([False, True] if moment == "pretrained" else [False])


def test_where_forgetting_cannot_be_told_it_says_so(straight, models, tmp_path):
    from dongcha.report.pretrain import pretrain_lines

    told = straight[0].pretraining
    assert not any("not told" in line for line in pretrain_lines(told))
    pairs = {**READ, "method": "sentence_order"}
    found = dongcha.run(recipe(tmp_path, models["pooled"], pretrain=pairs), until="pretrain")["pretrain"].told
    assert found["surprise"] == {}
    assert any("not told" in line for line in pretrain_lines(found))


@pytest.mark.parametrize("method", ["mlm", "sentence_order", "simcse", "tsdae"])
def test_no_method_reads_beyond_max_tokens(tmp_path, models, method):
    (tmp_path / "law.txt").write_text("the room was good and clean " * 9 + ". the service was bad " * 9 + ".\n")
    read = {"method": method, "corpus": str(tmp_path / "law.txt"), "max_tokens": 16}
    features = dongcha.run(recipe(tmp_path, models["pooled"], pretrain=read), until="corpus")["corpus"].features
    assert features.lengths.max() <= 16 and features.starts[-1] > 100  # nothing is left out


def test_without_validation_rows_all_steps_are_taken(tmp_path, models):
    data = {"train": ROWS, "split": {"validation": 0.0, "test": 0.25}}
    told = dongcha.run(recipe(tmp_path, models["pooled"], data=data), until="pretrain")["pretrain"].told
    assert told["steps"] == 6 and "gain" not in told
    assert set(told["surprise"]) == {"general"}


def test_the_tasks_own_texts_are_those_of_training_alone(tmp_path, models):
    work = dongcha.run(recipe(tmp_path, models["pooled"], pretrain={**READ, "corpus": None}), until="corpus")
    assert len(work["corpus"].features) == len(work["splits"].by_name["train"])
    assert work["corpus"].repeated == 0


def test_texts_that_are_judged_on_are_counted_in_a_corpus(tmp_path, models):
    work = dongcha.run(recipe(tmp_path, models["pooled"], pretrain={**READ, "corpus": ROWS}), until="corpus")
    assert work["corpus"].repeated == 24


def test_a_time_limit_leaves_pretraining_at_most_half(tmp_path, models):
    asked = recipe(tmp_path, models["pooled"], pretrain={**READ, "steps": 100_000}, time_limit=0.5)
    plan = dongcha.run(asked, until="plan")["plan"]
    assert plan.pretraining.decided["max_steps"] < 100_000
    assert plan.pretraining.total <= plan.pretraining.most_seconds + plan.pretraining.a_step <= 15.0
    assert plan.settings.max_steps is None or plan.settings.max_steps >= 1


def test_check_reads_the_corpus_and_forecasts_it(tmp_path, models):
    work = dongcha.check(recipe(tmp_path, models["pooled"]))
    assert "corpus" in work and "pretrain" not in work
    assert work["plan"].costs.pretraining > 0


@pytest.mark.parametrize("task", ["tagging", "pairs", "qa", "retrieval"])
def test_other_tasks_are_probed_by_their_own_head(tmp_path, models, task):
    data = {"train": tiny_rows(task, 48), "split": {"validation": 0.25, "test": 0.25}}
    asked = recipe(tmp_path, models["pooled"], task=task, data=data, pretrain={**READ, "corpus": None})
    work = dongcha.run(asked, until="pretrained")
    assert len(work["pretrain"].told["scores"]) == 4
    assert work["pretrained"].predictions["test"]


def test_several_tasks_are_probed_together(tmp_path, models):
    rows = [row | {"spans": [{"start": 4, "end": 8, "label": "THING"}]} for row in ROWS]
    data = {"train": rows, "split": {"validation": 0.25, "test": 0.25}}
    tasks = [{"task": "classification"}, {"task": "tagging"}]
    asked = recipe(tmp_path, models["pooled"], task=None, tasks=tasks, data=data, pretrain={**READ, "corpus": None})
    work = dongcha.run(asked, until="pretrained")
    assert len(work["pretrain"].told["scores"]) == 4
    assert set(work["pretrained"].predictions["test"][0].target) >= {"label", "spans"}


def test_a_grown_vocabulary_is_read_by_and_before_stays_the_model_as_it_came(straight, models, tmp_path):
    plain, _, _ = straight
    corpus = [{"text": f"spotless {row['text']}"} for row in ROWS]
    told = []
    report = dongcha.run(
        recipe(tmp_path, models["pooled"], pretrain={**READ, "corpus": corpus, "new_pieces": 8}),
        watch=lambda moment, **facts: told.append((moment, facts)),
    )
    assert all(check.status == "passed" for check in report.checks if check.name != "forecast_kept")
    grown = report.pretraining["grown"]
    assert dict(told)["grown"]["first"] == grown["first"] and "spotless" in grown["first"]
    assert grown["tokens"][1] < grown["tokens"][0]
    before = [next(row for row in one.table if row.name == "before") for one in (plain, report)]
    assert before[0].metrics == before[1].metrics
    saved = tmp_path / report.folder / "model"
    sizes = [transformers.AutoConfig.from_pretrained(path).vocab_size for path in (models["pooled"], saved)]
    assert sizes[1] == sizes[0] + grown["pieces"]
    assert transformers.AutoTokenizer.from_pretrained(saved).tokenize("spotless") == ["spotless"]
    assert f"{grown['pieces']} new pieces (" in (saved.parent / "report.html").read_text(encoding="utf-8")
