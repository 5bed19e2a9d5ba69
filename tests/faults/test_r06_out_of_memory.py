"""R6: out of memory, a batch is computed in twice as many parts, the effective batch and the result stay.

The real exhausted memory, in a child with RLIMIT_AS, is in tests/loop/test_memory.py.
"""

import re

import pytest
import torch
from safetensors.torch import load_file
from small_run import run_folder

from dongcha import files
from dongcha.loop.journal import HALVED
from dongcha.models import model as models
from dongcha.objectives.task import TaskObjective

FORECAST = 4  # batches that are timed before step 1
PLAIN = ("run", "recipe.yaml", "--set", "train.dropout=0.0", "--set", "train.early_stopping=null", "--fresh")


def with_room_for(monkeypatch, rows, spared=0):
    """Let memory suffice for so many rows at once, but for the first `spared` batches."""
    real, calls = TaskObjective.loss, []

    def loss(self, module, batch):
        calls.append(1)
        if len(calls) > spared and len(batch["input_ids"]) > rows:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        return real(self, module, batch)

    monkeypatch.setattr(TaskObjective, "loss", loss)


def weights(place):
    """All weights of the run's model, by name."""
    found = (load_file(path) for path in sorted((run_folder(place) / "model").glob("*.safetensors")))
    return {name: tensor for part in found for name, tensor in part.items()}


@pytest.mark.parametrize("spared", [0, FORECAST + 3], ids=["before step 1", "at step 4"])
def test_r06_the_batch_is_halved_and_the_result_stays(cli, place, monkeypatch, spared):
    assert cli(*PLAIN)[0] == 0
    whole = weights(place)
    with_room_for(monkeypatch, 3, spared)
    code, _, err = cli(*PLAIN)
    assert code == 0, err
    events = [line for line in files.read_lines(run_folder(place) / "steps.jsonl") if line.get("event") == HALVED]
    if spared:
        assert [event["train_step"] for event in events] == [4, 4]
        assert [event["accumulation"] for event in events] == [2, 4]
    else:
        assert not events, "the plan knew before the first step"
    assert re.search(r"in (2|4) parts", err)
    halved = weights(place)
    assert halved.keys() == whole.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(halved[name], tensor, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("spared", [0, FORECAST + 3])
def test_r06_it_gives_up_at_one_row_with_a_clear_sentence(cli, place, monkeypatch, spared):
    with_room_for(monkeypatch, 0, spared)
    code, out, err = cli(*PLAIN)
    assert (code, out) == (4, "")
    assert "Memory does not suffice" in err.strip().splitlines()[-1]
    assert f"step {4 if spared else 1}" in err


@pytest.mark.parametrize("rows", [2, 0], ids=["halved", "not even one"])
def test_r06_inference_is_halved_told_once_and_says_the_same(cli, place, monkeypatch, rows):
    assert cli(*PLAIN)[0] == 0
    whole, scores = weights(place), files.read_json(run_folder(place) / "report.json")["table"]
    real = models.run

    def run(module, batch):
        if len(batch["input_ids"]) > rows:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        return real(module, batch)

    monkeypatch.setattr(models, "run", run)
    code, _, err = cli(*PLAIN)
    if not rows:
        assert code == 4 and "not even for one text" in err
        return
    assert code == 0, err
    assert err.count("tokens at once") == 1
    for name, tensor in weights(place).items():
        torch.testing.assert_close(tensor, whole[name], rtol=1e-3, atol=1e-5)
    for row, other in zip(files.read_json(run_folder(place) / "report.json")["table"], scores, strict=True):
        for name, figure in row["metrics"].items():
            assert figure == pytest.approx(other["metrics"][name]), (row["name"], name)
