"""Training rows without targets, told by descriptions: the same model as of labelled ones, and no word about labels."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from finished_runs import FAST
from safetensors.numpy import load_file

import dongcha
from dongcha import Recipe
from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.config import yaml_text
from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError, RecipeError, UserError
from dongcha.report import screen_lines
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")

GOLD = ("label", "spans", "answer", "score")
TRAIN, VALIDATION, TEST = slice(0, 60), slice(60, 120), slice(120, 160)
TOLD = {
    "classification": {"good": ["good and clean", "quiet"], "bad": "bad and dirty"},
    "tagging": {"LOC": ["a city", "a place"]},
    "choice": None,
}
PLAIN = {"validation": 0, "test": 0}


def stripped(rows):
    return [{name: value for name, value in row.items() if name not in GOLD} for row in rows]


ROWS = {task: tiny_rows(task, 160) for task in TOLD}


def sections(models, task="classification", *, data=None, **more):
    told = TOLD[task]
    way = {"method": "zero_shot"} | ({"descriptions": told} if told else {})
    rows = {"train": stripped(ROWS[task][TRAIN])} | ({"pairs": "apart"} if task == "choice" else {})
    known = {"task": task, "data": rows | (data or {}), "adapt": way, "model": str(models["pooled"])}
    return {**FAST, "train": {}, **known, **more}


def judged(task, *names):
    parts = {"validation": VALIDATION, "test": TEST}
    return {name: ROWS[task][parts[name]] for name in names}


def statuses(report):
    return {check.name: check.status for check in report.checks if check.name != "forecast_kept"}


def answers(run):
    return (run.folder / "predictions" / "test.parquet").read_bytes()


@pytest.fixture(scope="module")
def alone(finish, models):
    return finish(**sections(models))


@pytest.fixture(scope="module")
def tested(finish, models):
    return finish(**sections(models, data=judged("classification", "validation", "test")))


@pytest.mark.parametrize("task", TOLD)
@pytest.mark.parametrize("given", [("test",), ("validation", "test")])
def test_labels_of_training_rows_change_nothing(task, given, finish, models):
    """The very same model and answers, whether the training rows have their targets or not."""
    data = judged(task, *given)
    labelled = {"train": ROWS[task][TRAIN], "split": {name: 0 for name in PLAIN if name not in given}}
    one, two = (finish(**sections(models, task, data=data | more)) for more in ({}, labelled))
    for name in ("model.safetensors", "head.safetensors"):
        if (one.folder / "model" / name).is_file():
            ours, theirs = (load_file(run.folder / "model" / name) for run in (one, two))
            assert all(np.array_equal(ours[tensor], theirs[tensor]) for tensor in theirs)
    assert json.loads((one.folder / "model/task.json").read_bytes()) == json.loads(
        (two.folder / "model/task.json").read_bytes()
    )
    assert answers(one) == answers(two)
    assert one.report.table[-1].metrics == two.report.table[-1].metrics


def test_the_table_has_what_can_be_without_labels(tested, finish, models):
    assert [row.name for row in tested.report.table] == ["zero_shot"]
    figure = tested.report.table[0].metrics["accuracy"]
    assert figure.low <= figure.value <= figure.high and figure.value > 0.8
    choice = finish(**sections(models, "choice", data=judged("choice", "test")))
    assert [row.name for row in choice.report.table] == ["random_choice", "longest_choice", "zero_shot"]


def test_it_is_said_that_the_rows_have_no_labels(tested, alone):
    for run in (tested, alone):
        assert any(
            "no baseline or layer that learns from labels" in text for text in run.told("forecast")[0]["remarks"]
        )
        assert "what labelling would buy is not known" in (run.folder / "README.md").read_text(encoding="utf-8")
        assert run.report.data["train"]["unlabelled"] and run.report.data["train"]["labels"] == {}


def test_without_a_test_file_the_run_ends_well_and_nothing_is_judged(alone):
    assert alone.report.table == () and "holds no score" in (alone.folder / "README.md").read_text(encoding="utf-8")
    assert [*alone.report.data] == ["train"]
    skipped = {"labels_aligned", "best_restored", "resume_exact"}
    assert {name for name, status in statuses(alone.report).items() if status == "skipped"} == skipped
    assert {*statuses(alone.report).values()} == {"skipped", "passed"}
    said = {answer["label"] for answer in dongcha.load(alone.folder).predict(["good and clean", "bad and dirty"])}
    assert said == {"good", "bad"}
    assert screen_lines(alone.report)


def test_labels_that_nobody_described_are_told_and_count_as_wrong(finish, models):
    rows = [row | {"label": {"good": "good", "bad": "poor"}[row["label"]]} for row in ROWS["classification"][TEST]]
    run = finish(**sections(models, data={"test": rows}))
    found = {check.name: check for check in run.report.data_checks}
    assert (found["labels"].status, found["labels_across_splits"].status) == ("skipped", "warned")
    assert found["labels_across_splits"].figures["test"]["unseen"] == ["poor"]
    assert "not described" in found["labels_across_splits"].message
    assert 0.3 < run.report.table[-1].metrics["accuracy"].value <= 0.5


def test_further_test_sets_are_judged_too(finish, models):
    rows = ROWS["classification"]
    run = finish(**sections(models, data={"test": rows[TEST], "tests": {"other": rows[VALIDATION]}}))
    assert [line["value"] for line in run.report.slices if line["slice"] == "test"] == ["other"]


def test_rows_of_several_labels_are_known_by_the_sets_that_judge(finish, models):
    rows = [row | {"label": [row["label"]]} for row in ROWS["classification"][TEST]]
    run = finish(**sections(models, data={"test": rows}))
    assert run.report.main_metric == "micro_f1"


def test_repeats_between_texts_with_and_without_labels_are_no_contradiction(finish, models):
    rows = ROWS["classification"]
    run = finish(**sections(models, data={"test": rows[:30]}))
    leak = next(check for check in run.report.data_checks if check.name == "leak")
    assert leak.figures["train/test"]["texts"] == 30
    assert leak.figures["train/test"]["conflicts"] == leak.figures["train/test"]["disagreements"] == 0


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"data": {"split": {"test": 0.3}}}, RecipeError, "data.split.test: .*none of them can judge"),
        ({"data": {"split": {"validation": {"per_label": 5}}}}, RecipeError, "data.split.validation: .*can judge"),
        ({"data": {"split": {"train": 0.5}}}, RecipeError, "data.split.train: .*can judge"),
        ({"data": {"split": {"by_time": "id"}}}, RecipeError, "data.split.by_time: .*can judge"),
        ({"data": {"columns": {"label": "topic"}}}, DataError, "wants label from a column 'topic'"),
        ({"data": {"test": stripped(ROWS["classification"][TEST])}}, DataError, "wants label from a column 'label'"),
        ({"adapt": "zero_shot"}, DataError, "nothing to know the labels from"),
        ({"adapt": {"method": "zero_shot", "descriptions": {"good": "clean"}}}, DataError, "describe the others"),
        ({"adapt": "full"}, DataError, "wants label from a column 'label'"),
        ({"train": {"class_weights": "balanced"}}, RecipeError, "needs one label a row"),
    ],
)
def test_what_needs_labels_is_refused(more, error, said, models, tmp_path):
    with pytest.raises(error, match=said):
        dongcha.run(Recipe(folder=tmp_path, **sections(models, **more)))


@pytest.mark.parametrize("task", ["pairs", "regression", "retrieval"])
def test_tasks_that_no_description_serves_want_their_targets(task, models, tmp_path):
    names = {*GOLD, "positive", "negatives"}
    rows = [{name: value for name, value in row.items() if name not in names} for row in tiny_rows(task, 40)]
    data = {"train": rows} | ({"pairs": "apart"} if task == "pairs" else {})
    with pytest.raises(UserError, match="the task wants"):
        dongcha.check(Recipe(folder=tmp_path, **sections(models) | {"task": task, "data": data, "adapt": "zero_shot"}))


def test_a_default_split_cuts_nothing_from_them(models, tmp_path):
    work = dongcha.check(Recipe(folder=tmp_path, **sections(models)))
    assert [*work["splits"].by_name] == ["train"]
    assert not [check for check in work["data_checks"] if check.status == "failed"]


def test_every_data_check_runs_on_them(models, tmp_path):
    work = dongcha.check(Recipe(folder=tmp_path, **sections(models, "tagging")), deep=True)
    assert {check.status for check in work["data_checks"]} <= {"passed", "warned", "skipped"}


def test_a_stopped_run_goes_on_and_a_finished_one_is_read(models, tmp_path, tested):
    recipe = Recipe(folder=tmp_path, **sections(models, data=judged("classification", "validation", "test")))
    assert dongcha.run(recipe, until="before")["before"] is None
    work = dongcha.run(recipe, until="train")
    assert work["before"] is None
    report = dongcha.run(recipe)
    assert [row.metrics for row in report.table] == [row.metrics for row in tested.report.table]
    told = []
    again = dongcha.run(recipe, watch=lambda moment, **facts: told.append(moment))
    assert "already_done" in told and asdict(again)["table"] == asdict(report)["table"]


@pytest.mark.parametrize("model", ["pooled", "native"])
def test_pretraining_comes_before_without_a_judge(model, finish, models):
    more = {"pretrain": {"method": "simcse", "steps": 2}, "model": str(models[model])}
    run = finish(**sections(models, data=judged("classification", "validation", "test"), **more))
    assert [row.name for row in run.report.table] == ["zero_shot"]
    assert "gain" not in run.report.pretraining and run.report.pretraining["steps"] == 2
    assert load_file(run.folder / "model" / "head.safetensors")["bias"].any(), "the head is that of the descriptions"


@pytest.mark.parametrize("verb", ["check", "run"])
def test_the_command_line_serves_a_file_of_texts(verb, models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.txt").write_text("\n".join(row["text"] for row in ROWS["classification"][TRAIN]), "utf-8")
    way = {"method": "zero_shot", "descriptions": TOLD["classification"]}
    known = {"task": "classification", "data": {"train": "texts.txt"}, "model": str(models["pooled"]), "adapt": way}
    (tmp_path / "recipe.yaml").write_text(yaml_text(known | {"threads": 1}), encoding="utf-8")
    assert guarded(app, [verb, "recipe.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"check": "forecast", "run": "table"}[verb] in found


@pytest.mark.parametrize(
    ("row", "columns", "is_labelled"),
    [
        ({"text": "in paris"}, {}, False),
        ({"tokens": ["in", "paris"]}, {}, False),
        ({"text": "in paris", "spans": [{"start": 3, "end": 8, "label": "LOC"}]}, {}, True),
        ({"tokens": ["in", "paris"], "tags": ["O", "B-LOC"]}, {}, True),
        ({"tokens": ["in", "paris"], "ner": ["O", "B-LOC"]}, {"tags": "ner"}, True),
        ({"text": "in paris", "head": {"start": 0, "end": 2}, "tail": {"start": 3, "end": 8}}, {}, True),
    ],
)
def test_gold_is_wanted_where_a_file_has_it_in_whatever_form(row, columns, is_labelled, tmp_path):
    options = ReadOptions(columns=columns)
    how = {"base": tmp_path, "options": options, "cache": None}
    found = load([row], ("text", "spans"), need_gold=None, **how)
    assert ("spans" in found.columns) == is_labelled
    if is_labelled:
        assert found.arrow().equals(load([row], ("text", "spans"), **how).arrow())


def test_labels_that_begin_late_in_a_file_are_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("dongcha.data.sources.base.BATCH", 4)
    rows = [{"text": f"room {i}"} | ({"label": "good"} if i > 5 else {}) for i in range(9)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    how = {"base": tmp_path, "options": ReadOptions(), "cache": None, "need_gold": None}
    with pytest.raises(DataError, match=r"row 5: .*those before have none"):
        load("rows.jsonl", ("text", "label"), **how)
