"""R3: a poisoned batch takes no step: exit 1, step and rows named, the last good weights kept, never called best."""

import math
import re

import pytest
import torch
from finished_runs import saves_always
from small_run import STEPS, no_charts, run_folder

from dongcha import files
from dongcha.loop.checkpoint import STATE
from dongcha.objectives.task import TaskObjective
from dongcha.tasks import _rows

FORECAST = 4  # batches that are timed before step 1
POISONED = 5  # the step whose batch is poisoned: the second of the second epoch


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    no_charts(monkeypatch)


class Huge(torch.autograd.Function):
    """Pass a loss on; answer with a gradient that is not finite."""

    @staticmethod
    def forward(ctx, loss):
        return loss.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * math.inf


POISONS = {
    "nan": lambda loss: loss * math.nan,
    "inf": lambda loss: loss * math.inf,
    "gradient": Huge.apply,
}


@pytest.fixture(params=POISONS)
def poisoned(request, monkeypatch):
    """Poison the loss, or the gradient, of one batch; note its rows; return the switch that ends it."""
    real, calls, on = TaskObjective.loss, [], [True]
    batch_rows = []

    def loss(self, module, batch):
        calls.append(1)
        found = real(self, module, batch)
        if on and len(calls) == FORECAST + POISONED:
            batch_rows.append(batch["input_ids"].shape[0])
            return POISONS[request.param](found)
        return found

    monkeypatch.setattr(TaskObjective, "loss", loss)
    return on, batch_rows


def test_r03_no_step_is_taken_on_what_is_no_number(cli, place, poisoned):
    on, size = poisoned
    code, out, err = cli("run", place / "recipe.yaml")
    assert (code, out) == (1, "")
    last = err.strip().splitlines()[-1]
    assert f"stopped at step {POISONED}" in last
    named = [int(row) for row in re.search(r"rows ([\d, ]+)", last)[1].split(",")]
    assert len(named) == min(size[0], 8)
    assert f"weights of step {POISONED - 1} are kept" in last
    folder = run_folder(place)
    [kept] = (folder / "checkpoints").iterdir()
    assert kept.name == f"step-{POISONED - 1:08d}"
    state = files.read_json(kept / STATE)
    assert state["best_step"] < POISONED, "never called best"
    assert max(step for step, _ in state["losses"]) == POISONED - 1, "the curve has a gap, not a made-up number"
    assert all(math.isfinite(value) for _, value in state["losses"])
    assert not (folder / "model").exists()
    on.clear()
    code, _, err = cli("run", place / "recipe.yaml")
    assert code == 0
    assert f"from step {POISONED - 1} of {STEPS}" in err


def test_r03_the_checkpoint_that_stood_is_not_written_over(cli, place, poisoned, monkeypatch):
    saves_always(monkeypatch)
    assert cli("run", place / "recipe.yaml", "--quiet")[0] == 1
    [kept] = (run_folder(place) / "checkpoints").iterdir()
    assert kept.name == f"step-{POISONED - 1:08d}"
    assert files.is_done(kept)


def test_r03_in_chinese(cli, place, poisoned):
    code, _, err = cli("run", place / "recipe.yaml", "--set", "language=zh")
    assert code == 1
    assert f"第 {POISONED} 步" in err
    assert f"第 {POISONED - 1} 步的权重已存" in err


def test_r03_the_rows_named_are_those_of_the_file(cli, place, poisoned, monkeypatch):
    seen, real = [], _rows.read_splits
    monkeypatch.setattr(_rows, "read_splits", lambda *a, **k: seen.append(real(*a, **k)) or seen[-1])
    *_, err = cli("run", place / "recipe.yaml", "--quiet")
    named = {int(row) for row in re.search(r"rows ([\d, ]+)", err)[1].split(",")}
    assert named <= set(seen[0].by_name["train"].column("__row__"))
    assert "rows.jsonl" in err
