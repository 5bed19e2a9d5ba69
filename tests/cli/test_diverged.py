"""A poisoned batch through the command line: exit 1, one sentence with step and rows, weights and checkpoint kept."""

import json
import math

import pytest
from finished_runs import ROWS

from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.objectives.task import TaskObjective
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")


@pytest.fixture
def recipe(tmp_path, models):
    """A recipe file on rows of its own."""
    rows = tiny_rows("classification", ROWS)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = tmp_path / "r.yaml"
    path.write_text(
        f"task: classification\nlanguage: en\nmodel: {models['pooled']}\nthreads: 1\n"
        "data: {train: rows.jsonl, split: {validation: 0.2, test: 0.3}}\n"
        "train: {epochs: 2, learning_rate: 3e-3, batch_tokens: 256}\n",
        encoding="utf-8",
    )
    return path


def poisoned(monkeypatch, from_call):
    """Make the loss of training's batches no number from a call on; return the switch that ends it."""
    real, calls, on = TaskObjective.loss, [], [True]

    def loss(self, module, batch):
        calls.append(1)
        found = real(self, module, batch)
        return found * math.nan if on and len(calls) >= from_call else found

    monkeypatch.setattr(TaskObjective, "loss", loss)
    return on


def test_a_poisoned_batch(recipe, monkeypatch, capsys):
    timed = 4  # batches that the forecast times before step 1
    on = poisoned(monkeypatch, timed + 3)
    assert guarded(app, ["run", str(recipe)]) == 1
    told = capsys.readouterr()
    assert "stopped at step 3" in told.err
    assert ", rows " in told.err
    assert "weights of step 2 are kept" in told.err
    assert "Traceback" not in told.err
    assert not told.out
    [folder] = (recipe.parent / "runs").glob("[!.]*/*")
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-00000002"]
    assert not (folder / "model").exists()
    assert not (folder / "done.json").exists()
    on.clear()
    assert guarded(app, ["run", str(recipe)]) == 0
    assert "from step 2 of" in capsys.readouterr().err


def test_a_rate_that_explodes(recipe, capsys):
    assert guarded(app, ["run", str(recipe), "--set", "train.learning_rate=1e30"]) == 1
    told = capsys.readouterr().err
    assert "lower train.learning_rate" in told.lower()
    assert "Traceback" not in told


def test_memory_that_runs_out_anywhere_is_exit_4(recipe, monkeypatch, capsys):
    def fails(self, module, batch):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(TaskObjective, "loss", fails)
    assert guarded(app, ["run", str(recipe)]) == 4
    assert "Memory does not suffice" in capsys.readouterr().err
