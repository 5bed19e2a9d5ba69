"""The whole flow on tiny models: it trains, proves and reports; it goes on where it stopped and gives the same bits."""

import os
import signal
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from finished_runs import FAST, ROWS, SPLIT, TRAIN, zh_tags

import dongcha
from dongcha import Recipe, files, stations
from dongcha.data.dataset import Dataset
from dongcha.errors import Busy, DataError, Stopped, UserError
from dongcha.flow import STEPS
from dongcha.report.as_json import to_json
from dongcha.steps import LOG, Work
from dongcha.testing import tiny_rows
from dongcha.train.decide import RULES
from dongcha.types import Report

pytestmark = pytest.mark.usefixtures("no_charts")

RUNS = ("reviews", "reviews_zh", "topics", "places", "places_zh")
PROOFS = (
    *("labels_aligned", "no_leak", "saved_equals_trained", "plain_transformers", "best_restored"),
    *("resume_exact", "forecast_kept", "recorded"),
)
NOISY = "forecast_kept"  # hangs on what else the machine does
PARTS = {
    *("recipe.yaml", "environment.json", "data.json", "steps.jsonl", "done.json"),
    *("report.json", "report.html", "README.md", "model", "predictions", "steps", "clock.json", ".lock"),
}
MAY_BE_EMPTY = {"pretraining", "now_right", "now_wrong", "hardest"}  # a perfect model leaves nothing to tell
BY_TASK = {  # what the report holds for some tasks only
    "confusion": {"reviews", "reviews_zh"},
    "calibration": {"reviews", "reviews_zh"},
    "main_metrics": set(),  # of several tasks alone
    "samples": set(),  # of tasks whose answers are text
}


@pytest.fixture(params=RUNS)
def any_run(request):
    return request.param, request.getfixturevalue(request.param)


def sections(models, rows=None, **more):
    rows = rows if rows is not None else tiny_rows("classification", ROWS)
    known = {"task": "classification", "data": {"train": rows, "split": SPLIT}, "model": str(models["pooled"])}
    return {**FAST, **known, **more}


def predicted(folder, split="test"):
    return pq.read_table(folder / "predictions" / f"{split}.parquet")


def weights(folder):
    return {path.name: files.hash_file(path) for path in (folder / "model").glob("*.safetensors")}


def statuses(report):
    """The status of each proof that does not hang on the machine."""
    return {check.name: check.status for check in report.checks if check.name != NOISY}


def shape(report):
    """A report without what differs from one moment to the next: times, memory, the folder."""
    told = to_json(replace(report, checks=tuple(c for c in report.checks if c.name != NOISY)))
    for row in told["table"]:
        row.update(seconds=None, megabytes=None, size_megabytes=None)
    return {key: part for key, part in told.items() if key not in ("clock", "created", "folder")}


# what a finished run is


def test_every_proof_passes(any_run):
    _, run = any_run
    assert tuple(check.name for check in run.report.checks) == PROOFS
    assert set(statuses(run.report).values()) == {"passed"}


def test_the_model_learns_what_can_be_learnt(any_run):
    name, run = any_run
    after = run.report.table[-1]
    assert after.name == "after"
    assert after.metrics[run.report.main_metric].value > 0.9, name


def test_the_table_has_baselines_then_before_then_after(any_run):
    name, run = any_run
    names = [row.name for row in run.report.table]
    assert names[-2:] == ["before", "after"]
    assert names[:-2] == (["frequent_tag"] if "places" in name else ["majority", "tfidf_linear"])
    before, after = run.report.table[-2:]
    assert before.verdict is None
    assert after.verdict.word in ("better", "worse", "even")
    assert after.seconds > 0
    assert after.size_megabytes > 0


def test_every_field_of_the_report_is_filled(any_run):
    name, run = any_run
    for field in fields(Report):
        wanted = BY_TASK.get(field.name, set(RUNS))
        if field.name not in MAY_BE_EMPTY:
            assert bool(getattr(run.report, field.name)) == (name in wanted), field.name


def test_the_clock_says_forecast_and_each_step(any_run):
    _, run = any_run
    clock = run.report.clock
    steps = [step["name"] for step in clock["steps"]]
    assert steps == [step.name for step in STEPS if step.name != "report"]
    assert clock["forecast_seconds"] > 0
    assert clock["seconds"] > 0
    assert [facts["name"] for facts in run.told("step_ends")] == [step.name for step in STEPS]


def test_curves_have_a_point_a_step_and_a_validation_an_epoch(reviews):
    curves = reviews.report.curves
    total = reviews.told("train_begins")[0]["total"]
    assert set(curves) == {"loss", "validation_loss", "accuracy", "learning_rate"}
    assert len(curves["loss"]) == len(reviews.told("step")) <= total
    assert len(curves["accuracy"]) == len(reviews.told("validated")) <= TRAIN["epochs"]


def test_the_folder_has_all_its_parts_and_nothing_else(any_run):
    _, run = any_run
    assert {path.name for path in run.folder.iterdir()} == PARTS
    assert {path.name for path in (run.folder / "predictions").iterdir()} == {"test.parquet", "validation.parquet"}
    assert files.read_json(run.folder / "done.json")["hash"] == run.report.hash


def test_only_the_owner_may_enter_the_folder(any_run):
    _, run = any_run
    assert run.folder.stat().st_mode & 0o777 == 0o700
    for path in ("model", "predictions", "steps"):
        assert (run.folder / path).stat().st_mode & 0o777 == 0o700, path


def test_the_resolved_recipe_reads_back_with_what_was_decided(reviews):
    again = dongcha.load_recipe(reviews.folder / "recipe.yaml")
    assert again.train.epochs == TRAIN["epochs"]
    assert "auto" not in [again.resolved()["train"][key] for key in RULES]


def test_auto_is_written_out_as_numbers(finish, models):
    work = dongcha.run(Recipe(**sections(models, train={}), folder=models["pooled"].parent), until="plan")
    decided = work["plan"].recipe.train
    assert (decided.epochs, decided.learning_rate, decided.head_learning_rate) == (10, 5e-5, 1e-2)
    assert decided.batch_tokens > 16
    assert decided.head_start == "random"
    assert decided.dropout == work["model"].module.backbone.config.hidden_dropout_prob == 0.1


def test_the_loaded_model_gives_the_kept_predictions(any_run):
    name, run = any_run
    split = predicted(run.folder)
    train = run.recipe.data.train
    rows = [train[row - 1] for row in split.column("row").to_pylist()]
    target = "spans" if "places" in name else "label"
    answers = list(dongcha.load(run.folder).predict(rows))
    told = [answer[target] for answer in answers]
    assert [stations_plain(value) for value in told] == split.column("predicted").to_pylist()
    assert np.allclose([answer["confidence"] for answer in answers], split.column("confidence").to_numpy(), atol=1e-4)


def stations_plain(value):
    from dongcha.evaluate.keep import plain

    return plain(value)


def test_tags_come_back_where_tokens_came_in(places_zh):
    row = zh_tags(1)[0]
    answer = next(dongcha.load(places_zh.folder).predict([{"id": row["id"], "tokens": row["tokens"]}]))
    assert answer["id"] == "z0"
    assert answer["tags"] == row["tags"]
    assert [(s["start"], s["end"], s["label"]) for s in answer["spans"]] == [(3, 5, "LOC")]


def test_a_report_speaks_the_recipes_language(reviews_zh):
    assert reviews_zh.report.language == "zh"
    page = (reviews_zh.folder / "report.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page
    assert "标签对齐" in reviews_zh.report.checks[0].message


def test_the_title_names_the_model_by_its_last_word(reviews):
    assert reviews.report.title.startswith("pooled, ")


# the same run again


def test_a_second_call_reads_the_report_and_trains_nothing(finish, reviews):
    again = finish(reviews.recipe.folder, **dict(reviews.recipe))
    assert [moment for moment, _ in again.moments] == ["reading", "already_done"]
    assert to_json(again.report) == to_json(reviews.report)


def test_another_word_on_texts_writes_the_report_anew_and_trains_nothing(tmp_path, models):
    texts_in = [row["text"] for row in tiny_rows("classification", ROWS)]

    def told(texts):
        moments = []
        recipe = Recipe(**sections(models, report={"texts": texts}), folder=tmp_path)
        report = dongcha.run(recipe, watch=lambda moment, **_: moments.append(moment))
        files_told = [(tmp_path / report.folder / name).read_text() for name in ("report.html", "report.json")]
        return "train_begins" in moments, any(text in one for text in texts_in for one in files_told)

    assert [told("shown"), told("none"), told("shown")] == [(True, True), (False, False), (False, True)]


def test_fresh_starts_anew_with_the_same_result(tmp_path, models):
    recipe = Recipe(**sections(models), folder=tmp_path)
    first = dongcha.run(recipe)
    (tmp_path / first.folder / "model" / "mine.txt").write_text("left from before")
    before = weights(tmp_path / first.folder)
    moments = []
    again = dongcha.run(recipe, watch=lambda moment, **_: moments.append(moment), fresh=True)
    assert "already_done" not in moments
    assert "train_begins" in moments
    assert not (tmp_path / again.folder / "model" / "mine.txt").exists()
    assert weights(tmp_path / again.folder) == before
    assert not any(line["taken_up"] for line in files.read_lines(tmp_path / again.folder / LOG))


def test_another_place_for_runs(tmp_path, models):
    report = dongcha.run(Recipe(**sections(models), folder=tmp_path / "recipes"), workspace=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "run" / report.hash[:8] / "report.html").is_file()
    assert not (tmp_path / "recipes").exists()


# stopping and going on


@pytest.fixture(scope="module")
def straight(finish, models):
    return finish(**sections(models))


def kept_before(name):
    """The steps that keep something and are done when the named one begins."""
    names = [step.name for step in STEPS]
    return [step.name for step in STEPS[: names.index(name)] if step.kept is not None]


class PlannedDeathError(Exception):
    """What a test makes a watch raise."""


@pytest.mark.parametrize(
    ("moment", "facts", "during"),
    [
        ("step_begins", {"name": "before"}, "before"),
        ("step", {"step": 5}, "train"),
        ("step_begins", {"name": "after"}, "after"),
        ("step_begins", {"name": "report"}, "report"),
    ],
)
def test_a_run_that_died_goes_on_to_the_same_end(tmp_path, models, straight, moment, facts, during):
    recipe = Recipe(**sections(models), folder=tmp_path)

    def dies(told, **its_facts):
        if told == moment and facts.items() <= its_facts.items():
            raise PlannedDeathError

    with pytest.raises(PlannedDeathError):
        dongcha.run(recipe, watch=dies)
    folder = tmp_path / "runs" / "run" / straight.report.hash[:8]
    assert not files.is_done(folder)
    (folder / LOG).write_text((folder / LOG).read_text() + '{"torn')
    report = dongcha.run(recipe)
    log = files.read_lines(folder / LOG)
    assert [line["step"] for line in log if line["taken_up"]] == kept_before(during)
    assert predicted(folder).equals(predicted(straight.folder))
    assert weights(folder) == weights(straight.folder)
    assert shape(report) == shape(straight.report)


def test_a_signal_saves_a_checkpoint_and_the_next_run_goes_on_from_it(tmp_path, models, straight):
    recipe = Recipe(**sections(models), folder=tmp_path)

    def stops(told, **facts):
        if told == "step" and facts["step"] == 7:
            signal.raise_signal(signal.SIGTERM)  # to this thread, so it is noted at once

    with pytest.raises(Stopped) as stopped:
        dongcha.run(recipe, watch=stops)
    assert stopped.value.exit_code == 143
    assert "after step 7" in str(stopped.value)
    folder = tmp_path / "runs" / "run" / straight.report.hash[:8]
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-00000007"]
    resumed = []
    report = dongcha.run(recipe, watch=lambda told, **facts: resumed.append(facts) if told == "train_resumed" else None)
    assert resumed == [{"step": 7, "total": straight.told("train_begins")[0]["total"]}]
    assert weights(folder) == weights(straight.folder)
    assert shape(report) == shape(straight.report)
    assert not (folder / "checkpoints").exists()


def test_two_runs_at_once_in_one_folder(tmp_path, models):
    recipe = Recipe(**sections(models), folder=tmp_path)
    refused = []

    def runs_another(told, **facts):
        if told == "step" and facts["step"] == 1:
            with pytest.raises(Busy) as busy:
                dongcha.run(recipe)
            refused.append(busy.value)

    report = dongcha.run(recipe, watch=runs_another)
    assert refused[0].exit_code == 5
    assert str(os.getpid()) in str(refused[0])
    assert set(statuses(report).values()) == {"passed"}


def test_until_stops_after_a_step_and_marks_nothing_as_done(tmp_path, models):
    work = dongcha.run(Recipe(**sections(models), folder=tmp_path), until="before")
    assert isinstance(work, Work)
    assert "before" in work
    assert "train" not in work
    assert not files.is_done(work.folder)


def test_a_step_that_is_not_there_is_refused_before_any_work(tmp_path, models):
    with pytest.raises(UserError, match="did you mean 'before'"):
        dongcha.run(Recipe(**sections(models), folder=tmp_path), until="befor")
    assert list(tmp_path.iterdir()) == []


def test_until_the_last_step_finishes_the_run(tmp_path, models):
    report = dongcha.run(Recipe(**sections(models), folder=tmp_path), until="report")
    assert isinstance(report, Report)
    assert files.is_done(tmp_path / report.folder)


# data


def test_rows_in_memory_equal_the_file(tmp_path, models):
    rows = tiny_rows("classification", ROWS)
    frame = pd.DataFrame(rows)
    frame.to_json(tmp_path / "rows.jsonl", orient="records", lines=True, force_ascii=False)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    forms = {
        "list": rows,
        "pandas": frame,
        "arrow": pa.Table.from_pylist(rows),
        "jsonl": "rows.jsonl",
        "csv": "rows.csv",
    }
    works = {
        name: dongcha.run(Recipe(**sections(models, form), folder=tmp_path), until="after")
        for name, form in forms.items()
    }
    assert len({work.run_hash for work in works.values()}) == 1
    assert len({str(work["after"]) for work in works.values()}) == 1


def test_an_extra_test_set_is_judged_beside_the_main_one(tmp_path, models):
    other = tiny_rows("classification", 30)[10:]
    data = {"train": tiny_rows("classification", ROWS), "split": SPLIT, "tests": {"out_of_domain": other}}
    report = dongcha.run(Recipe(**sections(models, data=data), folder=tmp_path))
    line = next(line for line in report.slices if line["value"] == "out_of_domain")
    assert line["rows"] == 20
    assert 0 <= line["before"][0] <= 1
    assert 0 <= line["after"][0] <= 1
    assert predicted(tmp_path / report.folder, "out_of_domain").num_rows == 20


def test_a_leak_in_a_given_split_is_a_warning_with_the_score_without_it(tmp_path, models):
    rows = tiny_rows("classification", ROWS)
    data = {"train": rows[:80], "validation": rows[80:100], "test": [*rows[100:], *rows[:3]]}
    report = dongcha.run(Recipe(**sections(models, data=data), folder=tmp_path))
    leak = next(check for check in report.checks if check.name == "no_leak")
    assert (leak.status, leak.count, leak.figures) == ("warned", 3, {"validation_rows": 0, "test_rows": 3})
    line = next(line for line in report.slices if line["value"] == "test without leaked rows")
    assert line["rows"] == 20


def test_a_leak_in_a_split_that_we_made_is_a_failure(tmp_path, models, monkeypatch):
    read = stations.begin.__globals__["read_rows"]

    def leaking(*args, **kwargs):
        splits = read(*args, **kwargs)
        train, test = splits.by_name["train"], splits.by_name["test"]
        mixed = Dataset("test", test.source, test.table, np.append(test.indices, train.indices[:2]))
        return replace(splits, by_name={**splits.by_name, "test": mixed})

    monkeypatch.setitem(stations.begin.__globals__, "read_rows", leaking)
    report = dongcha.run(Recipe(**sections(models), folder=tmp_path))
    leak = next(check for check in report.checks if check.name == "no_leak")
    assert (leak.status, leak.count) == ("failed", 2)


@pytest.mark.parametrize("task", ["classification", "tagging"])
def test_without_validation_rows(tmp_path, models, task):
    data = {"train": tiny_rows(task, ROWS), "split": {"validation": 0.0, "test": 0.3}}
    report = dongcha.run(Recipe(**sections(models, task=task, data=data), folder=tmp_path))
    assert statuses(report) == {
        name: "skipped" if name == "best_restored" else "passed" for name in PROOFS if name != NOISY
    }
    assert not (tmp_path / report.folder / "predictions" / "validation.parquet").exists()
    assert report.table[-1].name == "after"


@pytest.mark.parametrize("task", ["classification", "tagging"])
def test_without_a_test_set(tmp_path, models, task):
    data = {"train": tiny_rows(task, ROWS), "split": {"validation": 0.3, "test": 0.0}}
    report = dongcha.run(Recipe(**sections(models, task=task, data=data), folder=tmp_path))
    assert report.table == ()
    assert set(statuses(report).values()) == {"passed"}
    assert report.main_metric == {"classification": "accuracy", "tagging": "f1"}[task]
    assert (tmp_path / report.folder / "report.html").is_file()
    assert next(dongcha.load(tmp_path / report.folder).predict(["the room"]))


# check, and what is refused


def test_check_trains_nothing_and_leaves_nothing_but_the_cache(tmp_path, models):
    pd.DataFrame(tiny_rows("classification", ROWS)).to_csv(tmp_path / "rows.csv", index=False)
    work = dongcha.check(Recipe(**sections(models, "rows.csv"), folder=tmp_path))
    assert work["plan"].seconds > 0
    assert "train" not in work
    assert not work.folder.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "runs"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {".cache"}


def test_a_refused_run_leaves_nothing_but_the_cache(tmp_path, models):
    rows = [row | {"label": "good"} for row in tiny_rows("classification", 20)]
    pd.DataFrame(rows).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.csv.*'?good'?.*only label"):
        dongcha.run(Recipe(**sections(models, "rows.csv"), folder=tmp_path))
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {".cache"}


def test_a_refused_run_leaves_what_an_earlier_one_kept(tmp_path, models, monkeypatch):
    recipe = Recipe(**sections(models), folder=tmp_path)
    folder = dongcha.run(recipe, until="before").folder
    kept = sorted(path.name for path in (folder / "steps").iterdir())
    monkeypatch.setattr(dongcha.flow, "STEPS", (replace(STEPS[0], verb=refuses), *STEPS[1:]))
    with pytest.raises(DataError):
        dongcha.run(recipe)
    assert sorted(path.name for path in (folder / "steps").iterdir()) == kept


def refuses(work):
    raise DataError("refused")
