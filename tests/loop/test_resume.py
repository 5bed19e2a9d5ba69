"""A run that is killed and taken up again ends in the same bits, curves and best score as one left alone."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_loop import Recorder, Toy, arbitrary_validation, digest, objective, toy_features, toy_fit, toy_settings

from dongcha import files
from dongcha.loop.checkpoint import checkpoints

LENGTHS = [2, 9, 4, 4, 7, 1, 3, 8, 5, 6, 2, 2, 9, 9]
EVERY_STEP = -1.0  # seconds between checkpoints


@pytest.fixture(autouse=True, scope="module")
def no_flush():
    """Skip fsync: no power is cut here, and it takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "fsync", lambda handle: None)
        yield


class Killed(Exception):
    """Stands for a death of the process: nothing in the loop catches it."""


def killer(moment, step):
    def at(found, facts):
        if found == moment and facts.get("step", 0) >= step:
            raise Killed

    return Recorder(at)


def prepared(folder, watch, by_token, chosen, module_seed=0):
    module = Toy(by_token, dropout=0.3, seed=module_seed)
    parts = {"objective": objective(by_token), "validate": arbitrary_validation(module), "watch": watch}
    return module, toy_fit(module, toy_features(LENGTHS, by_token), chosen, folder=folder, **parts)


def outcome(module, fitted):
    """All that a run ends with, but its seconds."""
    return digest(module), {k: v for k, v in fitted.state.to_json().items() if k != "seconds"}


RUNS = {
    "by_token": st.booleans(),
    "optimizer": st.sampled_from(["adamw", "sgd"]),
    "validate_steps": st.sampled_from([None, 2]),
    "patience": st.sampled_from([None, 1]),
    "accumulation": st.sampled_from([1, 3]),
}
DEATHS = st.lists(
    st.tuples(st.sampled_from(["step", "validated", "checkpoint"]), st.integers(1, 12)), min_size=1, max_size=3
)


@settings(max_examples=18, deadline=None)
@given(chosen=st.fixed_dictionaries(RUNS), deaths=DEATHS)
def test_a_killed_run_ends_as_one_left_alone(chosen, deaths):
    by_token = chosen["by_token"]
    plain = toy_settings(**{k: v for k, v in chosen.items() if k != "by_token"}, checkpoint_seconds=EVERY_STEP)
    module, alone = prepared(None, Recorder(), by_token, plain)
    expected = outcome(module, alone.run())
    with tempfile.TemporaryDirectory() as name:
        for nth, (moment, step) in enumerate(deaths):
            seed = nth if checkpoints(Path(name)) else 0  # once there is a checkpoint, all weights come from it
            module, fit = prepared(Path(name), killer(moment, step), by_token, plain, module_seed=seed)
            try:
                fit.run()
            except Killed:
                continue
            break
        module, fit = prepared(Path(name), Recorder(), by_token, plain, module_seed=0)
        if not checkpoints(Path(name)):
            assert [step for _, step in deaths] == [1] * len(deaths), "only a death in step 1 leaves no checkpoint"
        assert outcome(module, fit.run()) == expected


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize(
    ("moment", "at"), [("step", 3), ("checkpoint", 3), ("step", 5), ("checkpoint", 5), ("validated", 5), ("step", 6)]
)
def test_a_death_within_an_epoch_at_its_end_and_after_its_validation(tmp_path, optimizer, moment, at):
    chosen = toy_settings(optimizer=optimizer, checkpoint_seconds=EVERY_STEP)
    module, alone = prepared(None, Recorder(), False, chosen)
    expected = outcome(module, alone.run())
    assert alone.steps_by_epoch[0] == 5
    module, fit = prepared(tmp_path, killer(moment, at), False, chosen)
    with pytest.raises(Killed):
        fit.run()
    watch = Recorder()
    module, fit = prepared(tmp_path, watch, False, chosen, module_seed=5)  # other weights: all come from the disk
    assert outcome(module, fit.run()) == expected
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
    _, fit = prepared(tmp_path, Recorder(), False, chosen)
    assert 1000.0 < fit.run().state.seconds < 1100.0


def test_a_finished_run_that_is_called_again_takes_no_further_step_than_its_last_checkpoint_lacks(tmp_path):
    chosen = toy_settings(checkpoint_seconds=EVERY_STEP)
    module, fit = prepared(tmp_path, Recorder(), False, chosen)
    expected = outcome(module, fit.run())
    watch = Recorder()
    module, fit = prepared(tmp_path, watch, False, chosen, module_seed=3)
    assert outcome(module, fit.run()) == expected
    assert not watch.named("step")
