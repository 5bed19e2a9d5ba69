"""R4: a run killed and resumed is the same run, bit for bit."""

import signal

import pytest
from killed import Fault, run
from small_run import STEPS, digest, lay, leftovers, run_folder

from dongcha import files
from dongcha.flow import STEPS as FLOW
from dongcha.testing import tiny_rows

ARGUMENTS = ("run", "recipe.yaml")


@pytest.fixture(scope="module")
def rows():
    return tiny_rows("classification", 60)


@pytest.fixture(scope="module")
def straight(tmp_path_factory, models, rows):
    """The folder of a run that nobody disturbed."""
    place = lay(tmp_path_factory.mktemp("straight"), models["pooled"], rows)
    assert run(place, *ARGUMENTS)[0] == 0
    return run_folder(place)


def curves(folder):
    found = files.read_json(folder / "report.json")
    return found["curves"], found["table"][-1]["metrics"], found["now_right"], found["now_wrong"]


def test_r04_killed_three_times_the_run_ends_in_the_same_bytes(tmp_path, models, rows, straight):
    place = lay(tmp_path, models["pooled"], rows)
    in_epoch, at_its_end, later = ("step", 2), ("validated", 1), ("step", 4)
    for moment in (in_epoch, at_its_end, later):
        assert run(place, *ARGUMENTS, fault=Fault(moment=moment))[0] == -signal.SIGKILL
    code, told = run(place, *ARGUMENTS)
    assert code == 0, told
    assert f"from step 6 of {STEPS}" in told
    folder = run_folder(place)
    assert folder.name == straight.name
    assert digest(folder) == digest(straight)
    assert "model/model.safetensors" in digest(folder)
    assert curves(folder) == curves(straight)
    assert leftovers(folder) == []


def test_r04_killed_while_it_evaluates(tmp_path, models, rows, straight):
    place = lay(tmp_path, models["pooled"], rows)
    until_after = ("step_begins", 1 + [step.name for step in FLOW].index("after"))
    code, _ = run(place, *ARGUMENTS, fault=Fault(moment=until_after))
    assert code == -signal.SIGKILL
    assert (run_folder(place) / "model" / files.DONE).is_file(), "training had ended"
    assert run(place, *ARGUMENTS)[0] == 0
    assert digest(run_folder(place)) == digest(straight)
