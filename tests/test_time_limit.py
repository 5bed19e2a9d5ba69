"""A run keeps its time limit: planned before the first step, at the last where the machine slips, over all attempts."""

import json
import signal
import subprocess
import sys
import time

import pytest
from finished_runs import FAST, ROWS, SPLIT, STAGE, STEP, TRAIN

import dongcha
from dongcha import Recipe, files
from dongcha.errors import RecipeError, Stopped
from dongcha.loop.clock import CLOCK
from dongcha.report.as_screen import screen_lines
from dongcha.report.limits import limits
from dongcha.stations.plan import REPORT_SECONDS
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")


def recipe_of(folder, models, limit, epochs=100_000, **train):
    data = {"train": tiny_rows("classification", ROWS), "split": SPLIT}
    known = {"task": "classification", "data": data, "model": str(models["pooled"])}
    chosen = {**TRAIN, "epochs": epochs, "early_stopping": None, **train}
    return Recipe(folder=folder, **{**FAST, **known, "train": chosen, "time_limit": limit})


def test_a_recipe_that_takes_longer_gets_the_steps_that_fit_and_its_schedule_ends_in_them(tmp_path, models, hands):
    limit = 0.25
    report = dongcha.run(recipe_of(tmp_path, models, limit, schedule="linear"), watch=hands.watch())
    clock = report.clock
    assert 0.5 * 60 * limit < clock["seconds"] <= 60 * limit, "inside, and most of it used"
    assert clock["limit_seconds"] == 60 * limit
    assert 100 < clock["cut"]["steps"] == clock["cut"]["of"] < 100_000
    assert not clock["cut"]["at_the_end"]
    rates = [rate for _, rate in report.curves["learning_rate"]]
    assert rates[-1] < 0.05 * max(rates)
    assert any("left room for" in text for text in limits(report))
    plan = files.read_json(next((tmp_path / report.folder / "steps").glob("plan-*/plan.json")))
    assert plan["settings"]["max_steps"] == clock["cut"]["of"]


def test_a_machine_that_slips_ends_training_at_its_best_and_says_so(tmp_path, models, hands):
    """Everything takes forty times as long once training has begun."""
    told = []

    def watch(moment, **facts):
        told.append((moment, facts))
        if moment == "step" and facts["step"] == 5:
            hands.pace = 40.0
        if moment == "out_of_time":
            hands.pace = 1.0

    recipe = recipe_of(tmp_path, models, 0.5)
    report = dongcha.run(recipe, watch=hands.watch(watch))
    assert report.clock["seconds"] <= 30
    assert report.clock["cut"]["at_the_end"]
    [facts] = [facts for moment, facts in told if moment == "out_of_time"]
    events = [line for line in files.read_lines(tmp_path / report.folder / "steps.jsonl") if "event" in line]
    assert [(e["event"], e["train_step"]) for e in events] == [("out_of_time", facts["step"])]
    assert f"ended the training after {facts['step']:,} of" in limits(report)[0] + limits(report)[1]
    [compared] = [check.figures for check in report.checks if check.name == "forecast_kept"]
    assert compared == {name: report.clock[name] for name in compared}, "one forecast and one fact, wherever they stand"
    [forecast] = [facts["seconds"] for moment, facts in told if moment == "forecast"]
    assert report.clock["forecast_seconds"] < forecast, "of the steps that were taken"
    status = {check.name: check.status for check in report.checks}
    assert status["best_restored"] == "passed"
    assert status["resume_exact"] == "skipped"


def test_a_limit_with_no_room_to_train_is_refused_and_tells_the_minutes(tmp_path, models, hands):
    for _ in range(2):
        with pytest.raises(RecipeError, match=r"time_limit 0.03 min .* at least [\d.]+ min") as error:
            dongcha.run(recipe_of(tmp_path, models, 0.03), watch=hands.watch())
    assert error.value.exit_code == 2


def test_attempts_add_up_and_what_the_limit_decided_is_read(tmp_path, models, hands):
    recipe = recipe_of(tmp_path, models, 0.25)
    told = []

    def stops(moment, **facts):
        told.append((moment, facts))
        if moment == "step" and facts["step"] == 7:
            signal.raise_signal(signal.SIGTERM)  # to this thread, so it is noted at once

    with pytest.raises(Stopped):
        dongcha.run(recipe, watch=hands.watch(stops))
    [folder] = (tmp_path / "runs" / "run").iterdir()
    [first] = files.read_json(folder / CLOCK)["attempts"]
    assert first >= 7 * STEP
    report = dongcha.run(recipe, watch=hands.watch(lambda moment, **facts: told.append((moment, facts))))
    forecasts = [facts for moment, facts in told if moment == "forecast"]
    assert forecasts[0] == forecasts[1], "decided once"
    assert report.clock["attempts"] == 2
    spent = report.clock["seconds"] - REPORT_SECONDS  # which no report can have measured
    assert hands.shown - 3 * STAGE <= spent <= hands.shown, "of both attempts"
    assert hands.shown <= 15
    assert {c.name: c.status for c in report.checks}["forecast_kept"] == "skipped"


def test_the_screen_shows_forecast_fact_memory_and_load(reviews):
    [line] = [line for line in screen_lines(reviews.report) if line.startswith("clock")]
    assert "forecast" in line
    assert "memory forecast" in line
    assert "load average" in line
    assert reviews.report.clock["load"]
    page = (reviews.folder / "report.html").read_text(encoding="utf-8")
    assert "Load average of the machine" in page


def test_a_real_command_is_cut_and_counts_from_its_process_start(tmp_path, models):
    """How well the limit is kept on a real machine is for the bench; here it must act, and see the whole process."""
    rows = tiny_rows("classification", ROWS)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    minutes = 0.5
    (tmp_path / "r.yaml").write_text(
        f"task: classification\nmodel: {models['pooled']}\nthreads: 1\ntime_limit: {minutes}\n"
        "data: {train: rows.jsonl, split: {validation: 0.2, test: 0.3}}\n"
        "train: {epochs: 100000, learning_rate: 3e-3, early_stopping: null, batch_tokens: 256}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-c", "from dongcha.cli import main; main()", "run", "r.yaml", "--json"]
    began = time.monotonic()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    clock = json.loads(done.stdout)["clock"]
    assert clock["seconds"] >= 0.7 * took, "the start of the process counts"
    assert clock["cut"]["steps"] < 100_000
