"""Checkpoints are whole or not there, and at every way to die one of them loads."""

import shutil

import pytest
import torch
from safetensors.torch import load_file
from toy_loop import Toy, digest, groups_of

from dongcha import files
from dongcha.errors import MachineError
from dongcha.loop import checkpoint
from dongcha.loop.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from dongcha.loop.optimizers import adamw
from dongcha.loop.state import State, copy_weights, put_weights, restore_optimizer


def at_step(step):
    """A module and its optimiser after `step` steps on made-up gradients."""
    module = Toy()
    optimizer = adamw.build(groups_of(module), adamw.Options())
    for nth in range(step):
        torch.manual_seed(nth)
        for parameter in module.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    return module, optimizer, State(step=step, best_score=0.5, losses=[(1, 0.25), (step, 1 / 3)])


def saved(folder, step, best=None):
    module, optimizer, state = at_step(step)
    save_checkpoint(folder, module, optimizer, state, best)
    return digest(module)


def loaded(folder):
    """Return (digest, state, best) of what a new process would take up, or None."""
    module = Toy(seed=9)
    optimizer = adamw.build(groups_of(module), adamw.Options())
    found = load_checkpoint(folder, module, optimizer)
    return None if found is None else (digest(module), *found)


def test_weights_moments_counters_and_best_come_back(tmp_path):
    best = copy_weights(Toy(seed=7))
    expected = saved(tmp_path, 3, best)
    found, state, found_best = loaded(tmp_path)
    assert found == expected
    assert state == State(step=3, best_score=0.5, losses=[(1, 0.25), (3, 1 / 3)])
    assert found_best.keys() == best.keys()
    assert all(torch.equal(found_best[name], best[name]) for name in best)


def test_the_optimiser_goes_on_as_if_nothing_had_been(tmp_path):
    saved(tmp_path, 3)
    module = Toy(seed=9)
    optimizer = adamw.build(groups_of(module), adamw.Options())
    load_checkpoint(tmp_path, module, optimizer)
    torch.manual_seed(3)
    for parameter in module.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    assert digest(module) == digest(at_step(4)[0])


def test_no_best_is_no_best(tmp_path):
    saved(tmp_path, 2)
    assert loaded(tmp_path)[2] is None


def test_nothing_to_load_is_none(tmp_path):
    assert loaded(tmp_path) is None
    assert loaded(tmp_path / "absent") is None


def test_a_checkpoint_without_its_marker_is_never_read(tmp_path):
    older = saved(tmp_path, 2)
    shutil.copytree(tmp_path / "step-00000002", tmp_path / "kept")
    saved(tmp_path, 5)
    (tmp_path / "kept").rename(tmp_path / "step-00000002")
    (tmp_path / "step-00000005" / files.DONE).unlink()
    assert [p.name for p in checkpoints(tmp_path)] == ["step-00000002"]
    assert loaded(tmp_path)[0] == older


def test_the_newest_is_read_whatever_its_number_of_digits(tmp_path):
    saved(tmp_path / "a", 9)
    newer = saved(tmp_path / "b", 10)
    (tmp_path / "b" / "step-00000010").rename(tmp_path / "a" / "step-00000010")
    assert loaded(tmp_path / "a")[0] == newer


def test_only_the_new_one_stays(tmp_path):
    saved(tmp_path, 2)
    saved(tmp_path, 4)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000004"]


def test_the_older_goes_only_after_the_new_stands(tmp_path, monkeypatch):
    saved(tmp_path, 2)
    stood = []
    real = shutil.rmtree

    def watched(path, **options):
        if path.name == "step-00000002":
            stood.append([p.name for p in checkpoints(tmp_path)])
        real(path, **options)

    monkeypatch.setattr(shutil, "rmtree", watched)
    saved(tmp_path, 4)
    assert stood == [["step-00000002", "step-00000004"]]


@pytest.mark.parametrize("cleans_up", [True, False])
def test_at_every_fault_the_old_or_the_new_checkpoint_loads(tmp_path, monkeypatch, cleans_up):
    """The 1st, 2nd, ... disk operation fails, until none is left to fail."""
    news = []
    for n in range(1, 100):
        folder = tmp_path / str(n)
        old = saved(folder, 2, copy_weights(Toy(seed=7)))
        with monkeypatch.context() as patch, files.fault_at(n):
            if not cleans_up:  # as when the process is killed: nobody removes what was half written
                patch.setattr(shutil, "rmtree", lambda path, **_: None)
            try:
                new, failed = saved(folder, 4), False
            except OSError:
                failed = True
            except MachineError as error:
                failed = True
                assert str(folder) in str(error)
        found, state, best = loaded(folder)
        news.append(found != old)
        assert state.step == (4 if news[-1] else 2), f"fault {n}"
        assert (best is None) == news[-1]
        if not failed:
            break
    assert found == new
    assert len(news) > 9
    assert news == sorted(news), "once the new one stands it is the one that loads"
    assert not news[0]


def damage(path, how):
    content = path.read_bytes()
    changed = {"cut": content[:-1], "a bit": content[:-1] + bytes([content[-1] ^ 1]), "empty": b""}
    path.write_bytes(changed[how])


@pytest.mark.parametrize("file", ["last.safetensors", "optimizer.safetensors", "best.safetensors", "state.json"])
@pytest.mark.parametrize("how", ["cut", "a bit", "empty"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_it(tmp_path, file, how):
    older = saved(tmp_path, 2, copy_weights(Toy(seed=7)))
    shutil.copytree(tmp_path / "step-00000002", tmp_path / "kept")
    saved(tmp_path, 4, copy_weights(Toy(seed=7)))
    (tmp_path / "kept").rename(tmp_path / "step-00000002")
    damage(tmp_path / "step-00000004" / file, how)
    told = []
    module = Toy(seed=9)
    optimizer = adamw.build(groups_of(module), adamw.Options())
    state, _ = load_checkpoint(tmp_path, module, optimizer, lambda moment, **facts: told.append((moment, facts)))
    assert (digest(module), state.step) == (older, 2)
    assert told == [("checkpoint_damaged", {"path": str(tmp_path / "step-00000004")})]


def test_where_all_are_damaged_there_is_none(tmp_path):
    saved(tmp_path, 2)
    (tmp_path / "step-00000002" / files.DONE).write_text("{}")
    assert loaded(tmp_path) is None


@pytest.mark.parametrize("how", ["cut", "lost", "another shape"])
def test_a_new_checkpoint_that_does_not_read_back_leaves_the_old_one(tmp_path, monkeypatch, how):
    old = saved(tmp_path, 2)
    real = checkpoint.save_file

    def lies(tensors, path):
        if how == "another shape":
            tensors = {name: tensor.reshape(-1) for name, tensor in tensors.items()}
        real(tensors if how != "lost" else dict(list(tensors.items())[1:]), path)
        if how == "cut":
            damage(path, how)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", lies)
        with pytest.raises(MachineError, match="does not read back") as error:
            saved(tmp_path, 4)
    assert error.value.exit_code == 4
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000002"]
    assert loaded(tmp_path)[0] == old


def test_what_dead_processes_left_goes_with_the_next_save(tmp_path):
    (tmp_path / ".step-00000001.99.tmp").mkdir(parents=True)
    (tmp_path / ".step-00000002.99.old").mkdir()
    saved(tmp_path, 3)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000003"]


def test_tied_weights_survive(tmp_path):
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(5, 3)
            self.out = torch.nn.Linear(3, 5, bias=False)
            self.out.weight = self.table.weight

    torch.manual_seed(0)
    module = Tied()
    optimizer = adamw.build(groups_of(module), adamw.Options())
    module.table.weight.grad = torch.ones(5, 3)
    optimizer.step()
    save_checkpoint(tmp_path, module, optimizer, State(step=1), copy_weights(module))
    again = Tied()
    other = adamw.build(groups_of(again), adamw.Options())
    _, best = load_checkpoint(tmp_path, again, other)
    assert torch.equal(again.table.weight, module.table.weight)
    assert again.out.weight is again.table.weight
    assert {*best} == {"table.weight"}, "what is shared is kept once"
    assert torch.equal(best["table.weight"], module.table.weight)


def test_frozen_weights_are_no_part_of_a_checkpoint(tmp_path):
    module, again = Toy(seed=1), Toy(seed=1)
    for one in (module, again):
        next(one.parameters()).requires_grad_(False)
    frozen = next(name for name, _ in module.named_parameters())
    trained = [{"params": [p for p in module.parameters() if p.requires_grad]}]
    optimizer = adamw.build(trained, adamw.Options())
    for group in trained:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    best = copy_weights(module)
    folder = save_checkpoint(tmp_path, module, optimizer, State(step=1), best)
    assert frozen not in best and frozen not in load_file(folder / "last.safetensors")
    other = adamw.build([{"params": [p for p in again.parameters() if p.requires_grad]}], adamw.Options())
    load_checkpoint(tmp_path, again, other)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), again.parameters(), strict=True))
    with pytest.raises(KeyError):
        put_weights(module, {frozen: torch.zeros(1)})


@pytest.mark.parametrize(("fused", "expected"), [(True, "meta"), (False, "cpu")])
def test_counters_come_back_where_the_optimiser_wants_them(fused, expected):
    """A fused step on an accelerator takes its counters there; the meta device stands for one."""
    module = torch.nn.Linear(2, 2, device="meta")
    optimizer = torch.optim.AdamW(module.parameters(), fused=fused)
    restore_optimizer(optimizer, {"weight|step": torch.tensor(3.0), "weight|exp_avg": torch.zeros(2, 2)}, module)
    state = optimizer.state[module.weight]
    assert (state["step"].device.type, state["exp_avg"].device.type) == (expected, "meta")
