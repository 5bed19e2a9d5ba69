"""Out of memory, a batch is computed in twice as many parts from that step on; the step is told, kept, and replayed."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from toy_loop import Recorder, Toy, arbitrary_validation, digest, objective, toy_features, toy_fit, toy_settings

from dongcha import files
from dongcha.errors import MachineError, is_out_of_memory
from dongcha.loop.checkpoint import checkpoints
from dongcha.loop.journal import HALVED, Journal
from dongcha.loop.memory import memory_errors
from dongcha.models.heads._base import HeadSpec
from dongcha.objectives.contrast import ContrastObjective
from dongcha.objectives.task import TaskObjective

LENGTHS = [2, 9, 4, 4, 7, 1, 3, 8, 5, 6, 2, 2, 9, 9]
TORCH_SAYS = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to ..."
)
ERRORS = {"torch": RuntimeError(TORCH_SAYS), "python": MemoryError(), "device": torch.OutOfMemoryError("CUDA")}


class Tight:
    """An objective that fails on more than `rows` rows at once, after some of the work, from a step on."""

    def __init__(self, rows, error=ERRORS["torch"], from_call=0):
        self.inner, self.rows, self.error, self.calls, self.from_call = objective(), rows, error, 0, from_call

    def weight(self, batch):
        return self.inner.weight(batch)

    def loss(self, module, batch):
        self.calls += 1
        loss = self.inner.loss(module, batch)
        if self.calls > self.from_call and len(batch["mask"]) > self.rows:
            loss.backward()  # a gradient is left behind
            raise self.error
        return loss


def trained(rows=100, dropout=0.0, folder=None, watch=None, seed=0, log=None, **changed):
    """Train a toy; return (module, fitted)."""
    module = Toy(dropout=dropout, seed=seed)
    from_call = changed.pop("from_call", 0)
    error = changed.pop("error", ERRORS["torch"])
    validate = arbitrary_validation(module) if changed.pop("validated", True) else None
    parts = {"objective": Tight(rows, error, from_call), "validate": validate}
    fit = toy_fit(
        module,
        toy_features(LENGTHS),
        toy_settings(**changed),
        folder=folder,
        watch=watch or Recorder(),
        journal=Journal(log),
        **parts,
    )
    return module, fit.run()


@pytest.mark.parametrize("error", ERRORS)
def test_a_batch_that_does_not_fit_is_halved_for_good(tmp_path, error):
    watch, log = Recorder(), tmp_path / "steps.jsonl"
    _, fitted = trained(rows=2, watch=watch, log=log, error=ERRORS[error])
    told = watch.named("halved")
    assert [facts["accumulation"] for facts in told] == [2 ** (n + 1) for n in range(len(told))]
    assert told[0]["step"] == 1
    kept = [(e["train_step"], e["accumulation"]) for e in Journal(log).events(HALVED)]
    assert kept == [(facts["step"], facts["accumulation"]) for facts in told]
    assert fitted.state.halved == [step for step, _ in kept]
    assert fitted.state.step == fitted.total_steps == len(watch.named("step")), "no step is lost or taken twice"


@settings(max_examples=8, deadline=None)
@given(rows=st.integers(1, 3), from_call=st.integers(0, 8), accumulation=st.integers(1, 2))
def test_without_dropout_the_halved_run_is_the_unhalved_one_within_rounding(rows, from_call, accumulation):
    known = {"optimizer": "sgd", "accumulation": accumulation, "validated": False}
    whole, _ = trained(**known)
    halved, fitted = trained(rows=rows, from_call=from_call, **known)
    assume(fitted.state.halved)
    for (name, one), other in zip(whole.state_dict().items(), halved.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5, msg=name)


def test_one_row_that_does_not_fit_ends_the_run_with_a_sentence(tmp_path):
    with pytest.raises(MachineError, match=r"step 1, not even for one row") as error:
        trained(rows=0, log=tmp_path / "steps.jsonl")
    assert error.value.exit_code == 4


def test_a_batch_whose_rows_are_told_from_one_another_is_never_parted(monkeypatch):
    monkeypatch.setattr(Tight, "is_whole", True, raising=False)
    with pytest.raises(MachineError, match=r"step 1 .*cannot be computed in parts"):
        trained(rows=1)


@pytest.mark.parametrize(
    ("head", "loss", "whole"), [("embedding", "in_batch", True), ("embedding", "cosine_error", False)]
)
def test_losses_say_whether_they_are_of_a_batch_as_a_whole(head, loss, whole):
    assert TaskObjective(HeadSpec(name=head, num_outputs=1, loss=loss)).is_whole == whole
    assert ContrastObjective().is_whole


def test_another_runtime_error_is_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes"):
        trained(rows=0, error=RuntimeError("shapes do not match"))


def test_memory_that_runs_out_in_the_optimiser_ends_the_run(monkeypatch):
    def fails(self, closure=None):
        raise ERRORS["torch"]

    monkeypatch.setattr(torch.optim.AdamW, "step", fails)
    with pytest.raises(MachineError, match="step 1"):
        trained()


class Killed(Exception):
    """Stands for a death of the process."""


def dies_at(moment, step):
    def at(found, facts):
        if found == moment and facts["step"] >= step:
            raise Killed

    return Recorder(at)


@pytest.mark.parametrize("every", [-1.0, 1e9])
@pytest.mark.parametrize(("moment", "step"), [("halved", 2), ("step", 2), ("step", 4), ("validated", 5)])
def test_a_resume_halves_at_the_same_steps_and_ends_in_the_same_bits(tmp_path, every, moment, step):
    known = {"dropout": 0.3, "checkpoint_seconds": every}
    expected, fitted = trained(rows=2, from_call=1, log=tmp_path / "alone.jsonl", **known)
    assert fitted.state.halved[0] == 2
    log, folder = tmp_path / "steps.jsonl", tmp_path / "checkpoints"
    with pytest.raises(Killed):
        trained(rows=2, from_call=1, log=log, folder=folder, watch=dies_at(moment, step), **known)
    from_call = 0 if checkpoints(folder) else 1  # memory is short from step 2 on
    again, after = trained(rows=2, from_call=from_call, log=log, folder=folder, **known)
    assert digest(again) == digest(expected)
    assert after.state.halved == fitted.state.halved
    assert len(files.read_lines(log)) == len(fitted.state.halved)


def test_with_memory_in_plenty_after_the_death_the_log_decides(tmp_path):
    expected, fitted = trained(rows=2, from_call=1, dropout=0.3)
    log, folder = tmp_path / "steps.jsonl", tmp_path / "checkpoints"
    with pytest.raises(Killed):
        trained(rows=2, from_call=1, log=log, folder=folder, watch=dies_at("validated", 15), dropout=0.3)
    again, after = trained(rows=100, log=log, folder=folder, dropout=0.3)
    assert digest(again) == digest(expected)
    assert after.state.halved == fitted.state.halved


class Wide(torch.nn.Module):
    """A toy whose activations are large: 32 KiB a token and layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.by_token = False
        self.table = torch.nn.Embedding(16, 8)
        self.up, self.down = torch.nn.Linear(8, 8192), torch.nn.Linear(8192, 3)

    def forward(self, input_ids, mask):
        hidden = torch.tanh(torch.tanh(self.up(self.table(input_ids))))
        return (self.down(hidden) * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def wide_run(log=None):
    """Train on batches of 64 rows of 64 tokens: about 400 MB for a whole batch."""
    module = Wide()
    chosen = toy_settings(epochs=2, batch_tokens=4096, optimizer="sgd", learning_rate=0.01)
    parts = {"objective": objective(), "journal": Journal(log)}
    fitted = toy_fit(module, toy_features([64] * 128), chosen, **parts).run()
    return module, fitted


def test_a_limit_of_the_system_halves_the_batch_and_keeps_the_result(tmp_path):
    """RLIMIT_AS in a child: 150 MB more than it has. Tensors of this size are never taken from the heap."""
    torch.set_num_threads(1)
    expected, unhalved = wide_run()
    assert not unhalved.state.halved
    pid = os.fork()
    if pid == 0:
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            most = pages * resource.getpagesize() + 150 * 2**20
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            module, _ = wide_run(tmp_path / "steps.jsonl")
            save_file(module.state_dict(), tmp_path / "weights.safetensors")
            os._exit(0)
        finally:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    events = Journal(tmp_path / "steps.jsonl").events(HALVED)
    assert events[0]["train_step"] == 1
    assert events[-1]["accumulation"] >= 4
    for name, tensor in load_file(tmp_path / "weights.safetensors").items():
        torch.testing.assert_close(tensor, expected.state_dict()[name], rtol=1e-3, atol=1e-5, msg=name)


def test_the_errors_of_allocators_are_known():
    assert all(is_out_of_memory(error) for error in ERRORS.values())
    assert is_out_of_memory(np._core._exceptions._ArrayMemoryError((1,), np.dtype("f4")))
    assert not is_out_of_memory(RuntimeError("index out of range"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_a_real_allocation_beyond_the_machine_is_told_in_one_sentence():
    with pytest.raises(MachineError, match="Memory does not suffice"), memory_errors():
        torch.empty(1 << 60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="other"), memory_errors():
        raise RuntimeError("other")
