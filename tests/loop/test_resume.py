"""A run that is killed and taken up again ends in the same bits, curves and best score as one left alone."""

import importlib
import os
import signal
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_loop import (
    Recorder,
    Toy,
    arbitrary_validation,
    digest,
    groups_of,
    objective,
    toy_features,
    toy_fit,
    toy_settings,
)

from dongcha import files
from dongcha.errors import MachineError
from dongcha.loop import checkpoint
from dongcha.loop.checkpoint import checkpoints
from dongcha.loop.proof import digest as tensors_digest
from dongcha.loop.proof import moments
from dongcha.loop.state import State
from dongcha.registry import names

LENGTHS = [2, 9, 4, 4, 7, 1, 3, 8, 5, 6, 2, 2, 9, 9]
EVERY_STEP = -1.0  # seconds between checkpoints
FROZEN = {"full": (), "no_embeddings": ("table",), "last_layers": ("table", "norm.weight"), "head": ("table", "norm")}


@pytest.fixture(autouse=True, scope="module")
def no_flush():
    """Skip fsync: no power is cut here, and it takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "fsync", lambda handle: None)
        yield


class Killed(Exception):
    """Stands for a death of the process: nothing in the loop catches it."""


def raises():
    raise Killed


def killer(moment, step, death=raises):
    def at(found, facts):
        if found == moment and facts.get("step", 0) >= step:
            death()

    return Recorder(at)


def frozen(module, adapt):
    """Freeze what a way to adapt leaves alone, as it came with the model; return the optimiser's groups."""
    original = dict(Toy(module.by_token).named_parameters())
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(not name.startswith(FROZEN[adapt] or ("-",)))
        if not parameter.requires_grad:
            parameter.data.copy_(original[name].data)
    groups = [{**g, "params": [p for p in g["params"] if p.requires_grad]} for g in groups_of(module)]
    return [group for group in groups if group["params"]]


def prepared(folder, watch, by_token, chosen, module_seed=0, adapt="full", **more):
    """Return (module, loop); `watch` is told of "validating" too, within a validation."""
    module = Toy(by_token, dropout=0.3, seed=module_seed)
    validation = arbitrary_validation(module)

    def validate():
        watch("validating", step=fit.state.step)
        return validation()

    parts = {"objective": objective(by_token), "validate": validate, "watch": watch, "groups": frozen(module, adapt)}
    fit = toy_fit(module, toy_features(LENGTHS, by_token), chosen, folder=folder, **parts, **more)
    return module, fit


def outcome(module, fit):
    """All that a run ends with, but its seconds: weights, the optimiser's state, counters and curves."""
    fitted = fit.run()
    state = {k: v for k, v in fitted.state.to_json().items() if k != "seconds"}
    return digest(module), tensors_digest(moments(fit)), state


RUNS = {
    "by_token": st.booleans(),
    "adapt": st.sampled_from(sorted(FROZEN)),
    "optimizer": st.sampled_from(names("loop.optimizers")),
    "schedule": st.sampled_from(names("loop.schedules")),
    "average": st.sampled_from(names("loop.averages")),
    "warmup": st.sampled_from([0.0, 0.3]),
    "clip_norm": st.sampled_from([None, 0.1]),
    "validate_steps": st.sampled_from([None, 2]),
    "patience": st.sampled_from([None, 1]),
    "accumulation": st.sampled_from([1, 3]),
    "max_steps": st.sampled_from([None, 8]),
}
MOMENTS = ("step", "validating", "validated", "checkpoint")
DEATHS = st.lists(st.tuples(st.sampled_from(MOMENTS), st.integers(1, 12)), min_size=1, max_size=3)
NOT_THE_LOOPS = ("by_token", "adapt")


def loop_of(chosen):
    return toy_settings(**{k: v for k, v in chosen.items() if k not in NOT_THE_LOOPS}, checkpoint_seconds=EVERY_STEP)


def end_after(folder, chosen, deaths):
    """Let a run die as listed, each time taken up by new weights; return what the last attempt ends with."""
    plain = loop_of(chosen)
    shape = {"by_token": chosen["by_token"], "adapt": chosen["adapt"], "chosen": plain}
    for nth, (moment, step) in enumerate(deaths):
        seed = nth if checkpoints(folder) else 0  # once there is a checkpoint, all that is trained comes from it
        _, fit = prepared(folder, killer(moment, step), module_seed=seed, **shape)
        try:
            fit.run()
        except Killed:
            continue
        break
    module, fit = prepared(folder, Recorder(), module_seed=9 if checkpoints(folder) else 0, **shape)
    return outcome(module, fit)


@settings(max_examples=50, deadline=None)
@given(chosen=st.fixed_dictionaries(RUNS), deaths=DEATHS)
def test_a_killed_run_ends_as_one_left_alone(chosen, deaths):
    expected = outcome(*prepared(None, Recorder(), chosen["by_token"], loop_of(chosen), adapt=chosen["adapt"]))
    with tempfile.TemporaryDirectory() as name:
        assert end_after(Path(name), chosen, deaths) == expected


PLAIN = {"by_token": False, "adapt": "full"}
EACH = [
    *({"optimizer": name} for name in names("loop.optimizers")),
    *({"schedule": name, "warmup": 0.3} for name in names("loop.schedules")),
    *({"average": name} for name in names("loop.averages")),
    *({"accumulation": parts} for parts in (1, 2, 5)),
    *({"adapt": name} for name in FROZEN),
    {"validate_steps": 2},
    {"max_steps": 7},
]


@pytest.mark.parametrize("setting", EACH, ids=lambda setting: " ".join(f"{k}={v}" for k, v in setting.items()))
@pytest.mark.parametrize("deaths", [[("step", 3), ("validating", 5), ("checkpoint", 6)], [("validated", 4)]])
def test_each_setting_resumes_exactly(tmp_path, setting, deaths):
    chosen = {**PLAIN, **setting}
    expected = outcome(*prepared(None, Recorder(), False, loop_of(chosen), adapt=chosen["adapt"]))
    assert end_after(tmp_path, chosen, deaths) == expected


def in_a_child(work):
    """Run work in a forked process; return how it ended: 0, or minus the signal's number."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("optimizer", names("loop.optimizers"))
@pytest.mark.parametrize(
    "deaths",
    [
        [("step", 2), ("validating", 5), ("step", 9)],
        [("checkpoint", 3), ("validated", 10), ("validating", 15)],
        [("half a checkpoint", 1), ("half a checkpoint", 3)],
    ],
)
def test_a_process_killed_by_the_system_is_taken_up_exactly(tmp_path, monkeypatch, optimizer, deaths):
    chosen = toy_settings(optimizer=optimizer, accumulation=2, checkpoint_seconds=EVERY_STEP)
    expected = outcome(*prepared(None, Recorder(), False, chosen))

    def attempt(moment, step):
        if moment == "half a checkpoint":
            left = [step]
            write = files.write_json

            def killed_on_the_way(path, value):
                left[0] -= path.name == files.DONE
                if not left[0]:
                    dies()
                write(path, value)

            monkeypatch.setattr(files, "write_json", killed_on_the_way)
        prepared(tmp_path, killer(moment, step, dies), False, chosen)[1].run()

    for moment, step in deaths:
        assert in_a_child(lambda m=moment, s=step: attempt(m, s)) == -signal.SIGKILL
    assert (
        outcome(*prepared(tmp_path, Recorder(), False, chosen, module_seed=int(bool(checkpoints(tmp_path)))))
        == expected
    )
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_run_that_any_write_failed_goes_on_to_the_same_end(tmp_path):
    """The 1st, 2nd, ... disk operation fails, until none is left to fail."""
    chosen = toy_settings(epochs=1, checkpoint_seconds=EVERY_STEP)
    expected = outcome(*prepared(None, Recorder(), False, chosen))
    for n in range(1, 1000):
        folder = tmp_path / str(n)
        _, fit = prepared(folder, Recorder(), False, chosen)
        try:
            with files.fault_at(n):
                fit.run()
        except (OSError, MachineError):
            again = prepared(folder, Recorder(), False, chosen, module_seed=3 if checkpoints(folder) else 0)
            assert outcome(*again) == expected, n
        else:
            break
    assert n > 40


# broken on purpose: what the tests above, and the proof in every run, must see


def forgets_a_moment(monkeypatch):
    """Bring the gradient's mean back as zeros."""
    real, lost = checkpoint.restore_optimizer, ("|exp_avg", "|velocity")

    def without(optimizer, tensors, module):
        real(optimizer, {k: torch.zeros_like(v) if k.endswith(lost) else v for k, v in tensors.items()}, module)

    monkeypatch.setattr(checkpoint, "restore_optimizer", without)


def reseeds_off_by_one(monkeypatch):
    fit = importlib.import_module("dongcha.loop.fit")  # in the package, the name is the function's
    real, read, resumed = fit.step_seed, State.from_json.__func__, []
    monkeypatch.setattr(State, "from_json", classmethod(lambda cls, values: resumed.append(1) or read(cls, values)))
    monkeypatch.setattr(fit, "step_seed", lambda seed, step, part: real(seed, step + bool(resumed), part))


BREAKS = {"a moment is not restored": forgets_a_moment, "reseeding is off by one": reseeds_off_by_one}


@pytest.mark.parametrize("optimizer", names("loop.optimizers"))
@pytest.mark.parametrize("broken", BREAKS)
def test_what_is_broken_is_seen(tmp_path, monkeypatch, broken, optimizer):
    chosen = {**PLAIN, "optimizer": optimizer}
    expected = outcome(*prepared(None, Recorder(), False, loop_of(chosen)))
    with monkeypatch.context() as patch:
        BREAKS[broken](patch)
        assert end_after(tmp_path / "broken", chosen, [("step", 7)]) != expected
    assert end_after(tmp_path / "sound", chosen, [("step", 7)]) == expected


@pytest.mark.parametrize("optimizer", names("loop.optimizers"))
@pytest.mark.parametrize("broken", BREAKS)
def test_the_proof_in_every_run_sees_it_too(monkeypatch, broken, optimizer):
    chosen = loop_of({"optimizer": optimizer})
    assert prepared(None, Recorder(), False, chosen, proves=True)[1].run().resume.outcome == "same"
    BREAKS[broken](monkeypatch)
    assert prepared(None, Recorder(), False, chosen, proves=True)[1].run().resume.outcome == "differs"


@pytest.mark.parametrize("optimizer", names("loop.optimizers"))
@pytest.mark.parametrize(
    ("moment", "at"), [("step", 3), ("checkpoint", 3), ("step", 5), ("checkpoint", 5), ("validated", 5), ("step", 6)]
)
def test_a_death_within_an_epoch_at_its_end_and_after_its_validation(tmp_path, optimizer, moment, at):
    chosen = toy_settings(optimizer=optimizer, checkpoint_seconds=EVERY_STEP)
    module, alone = prepared(None, Recorder(), False, chosen)
    expected = outcome(module, alone)
    assert alone.steps_by_epoch[0] == 5
    module, fit = prepared(tmp_path, killer(moment, at), False, chosen)
    with pytest.raises(Killed):
        fit.run()
    watch = Recorder()
    module, fit = prepared(tmp_path, watch, False, chosen, module_seed=5)  # other weights: all come from the disk
    assert outcome(module, fit) == expected
    [resumed] = watch.named("train_resumed")
    assert resumed["step"] == (at - 1 if moment == "step" else at)
    assert watch.named("step")[0]["step"] == resumed["step"] + 1


def test_seconds_of_before_the_death_are_counted(tmp_path):
    chosen = toy_settings(checkpoint_seconds=EVERY_STEP)
    _, fit = prepared(tmp_path, killer("checkpoint", 4), False, chosen)
    with pytest.raises(Killed):
        fit.run()
    [last] = checkpoints(tmp_path)
    path = last / "state.json"
    files.write_json(path, files.read_json(path) | {"seconds": 1000.0})
    files.write_json(last / files.DONE, {"files": files.manifest(last)})
    _, fit = prepared(tmp_path, Recorder(), False, chosen)
    assert 1000.0 < fit.run().state.seconds < 1100.0


def test_a_finished_run_that_is_called_again_takes_no_further_step_than_its_last_checkpoint_lacks(tmp_path):
    chosen = toy_settings(checkpoint_seconds=EVERY_STEP)
    module, fit = prepared(tmp_path, Recorder(), False, chosen)
    expected = outcome(module, fit)
    watch = Recorder()
    module, fit = prepared(tmp_path, watch, False, chosen, module_seed=3)
    assert outcome(module, fit) == expected
    assert not watch.named("step")
