"""The stage resumes exactly, whatever it trains: each way to adapt, optimiser and task, on a real (tiny) model."""

from functools import partial
from itertools import product

import pytest
from tiny_train import Parts, digest, settings_of

from dongcha.registry import find, names
from dongcha.testing import tiny_writer


class Killed(Exception):
    """Stands for a death of the process."""


def killer(moment, at):
    def watch(told, **facts):
        if told == moment and facts["step"] >= at:
            raise Killed

    return watch


TRAINING = [name for name in names("adapt") if getattr(find("adapt", name), "TRAINS", True)]
CASES = [
    *product(("classification", "tagging"), TRAINING, names("loop.optimizers"), ("fp32",)),
    *product(names("tasks"), ("full",), ("adamw",), ("bf16",)),
]


@pytest.mark.parametrize(("task", "method", "optimizer", "precision"), CASES)
def test_a_killed_training_ends_in_the_same_bits(tiny_folder, tmp_path, task, method, optimizer, precision):
    chosen = settings_of(optimizer=optimizer, checkpoint_seconds=-1.0, accumulation=2, precision=precision)
    writes = getattr(find("tasks", task).Task, "head", None) == "writer"
    encoder = partial(tiny_folder, pooling=None if task in ("tagging", "qa") else "mean")
    folder = tiny_writer(tmp_path / "writer") if writes else encoder()
    alone = Parts.make(folder, task)
    expected = alone.train(chosen, method)
    assert expected.fitted.resume.outcome == "same"
    for moment, step in (("step", 3), ("checkpoint", 6), ("validated", 7)):
        with pytest.raises(Killed):
            Parts.make(folder, task).train(chosen, method, folder=tmp_path / "kept", watch=killer(moment, step))
    again = Parts.make(folder, task)
    found = again.train(chosen, method, folder=tmp_path / "kept")
    assert digest(again.model.module) == digest(alone.model.module)
    states = [trained.fitted.state.to_json() | {"seconds": 0} for trained in (found, expected)]
    assert states[0] == states[1]
