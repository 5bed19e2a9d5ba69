"""The bench of further reading: each job is a recipe that holds; one whose model is not given is left out, and said."""

import json
import sys
from dataclasses import replace

import pytest

from bench import pretraining
from bench.pretraining import BENCH, JOBS, page

ROW = {"text": "a", "label": "b", "query": "c", "positive": "d", "category": "e", "area": "f"}


@pytest.fixture
def sets(tmp_path, monkeypatch):
    for job in JOBS:
        (tmp_path / job.folder).mkdir(exist_ok=True)
        for name in pretraining.SPLITS:
            (tmp_path / job.folder / f"{name}.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    monkeypatch.setattr(pretraining, "DATA", tmp_path)
    return tmp_path


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_each_job_is_a_recipe_that_holds(job, sets):
    found = job.recipe(job.model, 1)
    assert (found.name, found.pretrain.method, found.reads_only) == (job.name, job.method, job.task is None)


def test_a_job_whose_model_is_not_at_hand_is_left_out_and_said(sets, monkeypatch, capsys):
    run = {"metric": "mae", "table": [], "told": {"steps": 1, "surprise": {}}, "rows": {"train": 1, "test": 1}}
    run |= {"clock": {"seconds": 60.0}, "machine": {"threads": 1}}
    seen = []
    bench = replace(BENCH, measure=lambda job, *_: seen.append(job.name) or run, home=sets / "results")
    monkeypatch.setattr(sys, "argv", ["pretraining", "--e5", str(sets)])
    bench.main("")
    said = capsys.readouterr().out
    assert "left out, for want of the folder of gemma-3-270m, trimmed: law-decoder" in said
    assert seen == [job.name for job in JOBS if job.model != "gemma"]
    assert f"{len(seen)} of {len(JOBS)} runs" in (sets / "results.md").read_text(encoding="utf-8")
    bench.main("")
    assert len(seen) == len({*seen}), "a run that is over is not run again"


def test_a_page_shows_what_was_there():
    row = {"name": "before_reading", "figure": [2.0, 1.0, 3.0]}
    other = {"name": "after_reading", "figure": [1.0, 0.5, 1.5], "against": "before_reading"}
    other |= {"difference": [1.0, 0.5, 1.5], "p_value": 0.01}
    told = {"steps": 4, "best_step": 2, "surprise": {"general": [1.0, 1.25]}}
    run = {"metric": "token_loss", "table": [row, other], "told": told, "rows": {"train": 9, "test": 3}}
    text = page([(JOBS[0], run | {"clock": {"seconds": 90.0}, "machine": {"threads": 1}})])
    assert "2.000 [1.000, 3.000] | – | 1.000 [0.500, 1.500] (+1.000 [+0.500, +1.500], p = 0.0100)" in text
    assert "1.00 → 1.25 | – | 4, 2 | 2 |" in text
