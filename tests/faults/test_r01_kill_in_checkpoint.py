"""R1: however a run is killed while it writes, it can go on, loses at most one interval, and leaves nothing behind."""

import random
import shutil
import signal

import pytest
from finished_runs import saves_always
from killed import Fault, run, start, wait_for
from small_run import digest, lay, leftovers, no_charts, run_cli, run_folder

import dongcha
from dongcha import files
from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.config import load_recipe
from dongcha.testing import tiny_rows

MOST = 400  # more disk operations than a small run has
DEAD = 999_999_999  # the number of a process that is no more


@pytest.fixture(scope="module")
def quick():
    """Save after every step, draw nothing."""
    with pytest.MonkeyPatch.context() as patch:
        saves_always(patch)
        no_charts(patch)
        yield patch


def train(place, until="train"):
    """Run up to the end of training; return the steps from which it went on."""
    resumed = []
    recipe = load_recipe(place / "recipe.yaml")
    dongcha.run(recipe, until=until, watch=lambda told, **facts: told == "train_resumed" and resumed.append(facts))
    return [facts["step"] for facts in resumed]


@pytest.fixture(scope="module")
def images(tmp_path_factory, models, quick):
    """What a `kill -9` at each disk operation of a training leaves: (before which path, a copy of the place)."""
    place = lay(tmp_path_factory.mktemp("place"), models["pooled"], tiny_rows("classification", 60))
    train(place, until="baselines")
    prepared = shutil.copytree(place, tmp_path_factory.mktemp("prepared") / "place")
    root, taken, real = tmp_path_factory.mktemp("images"), [], files._operation

    def keeps(path):
        taken.append((path, shutil.copytree(place, root / str(len(taken)))))
        real(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_operation", keeps)
        patch.setattr(files.os, "getpid", lambda: DEAD)
        train(place)
    return prepared, digest(run_folder(place)), taken


def last_saved(place):
    """The step of the newest checkpoint that has its marker; 0 for none."""
    found = [path for path in run_folder(place).glob("checkpoints/step-*") if files.is_done(path)]
    return max((int(path.name.removeprefix("step-")) for path in found), default=0)


def test_r01_killed_at_any_write_the_run_goes_on_from_the_last_whole_checkpoint(images):
    _, wanted, taken = images
    saves = [path for path, _ in taken if "checkpoints" in path.parts]
    assert len(saves) > 50
    steps = []
    for nth, (path, image) in enumerate(taken):
        if nth > 24 and nth % 4:  # the walk through the first save is complete, the later ones are sampled
            continue
        saved, trained = last_saved(image), any(map(files.is_done, run_folder(image).glob("steps/train-*")))
        assert train(image) == ([saved] if saved and not trained else []), path
        assert digest(run_folder(image)) == wanted, path
        assert leftovers(run_folder(image)) == [], path
        steps.append(saved)
    assert steps == sorted(steps), "a kill costs at most what came after the last save"
    assert len(set(steps)) > 5


def test_r01_a_disk_that_fails_at_the_nth_operation_leaves_a_run_that_goes_on(images, tmp_path, capsys, quick):
    prepared, wanted, _ = images
    for n in range(1, MOST, 11):  # a save has 14 or so, hence each of them is met at some save
        place = shutil.copytree(prepared, tmp_path / str(n))
        before = last_saved(place)
        with files.fault_at(n):
            code = guarded(app, ["run", str(place / "recipe.yaml"), "--until", "train", "--quiet"])
        told = capsys.readouterr().err
        if code == 0:
            break
        assert code == 4, told
        assert "disk is full" in told
        assert last_saved(place) >= before
        train(place)
        assert digest(run_folder(place)) == wanted
        assert leftovers(run_folder(place)) == []
    assert code == 0
    assert n > 50


def test_r01_a_checkpoint_without_its_marker_is_never_read(images, tmp_path):
    _, wanted, taken = images
    image = next(image for _, image in taken if last_saved(image) == 4)
    place = shutil.copytree(image, tmp_path / "place")
    newest = run_folder(place) / "checkpoints" / "step-00000004"
    shutil.copytree(newest, newest.with_name("step-00000008"))
    (newest.with_name("step-00000008") / files.DONE).unlink()
    assert train(place) == [4]
    assert digest(run_folder(place)) == wanted


@pytest.mark.parametrize("seed", range(5))
def test_r01_killed_from_outside_at_random_the_run_goes_on(images, tmp_path, capsys, quick, seed):
    prepared, wanted, _ = images
    place = shutil.copytree(prepared, tmp_path / "place")
    operation = random.Random(seed).randint(3, 150)
    process = start(place, "run", "recipe.yaml", fault=Fault(operation=operation))
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    code, *_ = run_cli(capsys, "run", place / "recipe.yaml", "--quiet")
    assert code == 0
    found = digest(run_folder(place))
    assert {name: found[name] for name in wanted if name.startswith("model")} == {
        name: value for name, value in wanted.items() if name.startswith("model")
    }
    assert leftovers(run_folder(place)) == []


def test_r01_a_signal_from_another_process(images, tmp_path, capsys, quick):
    prepared, *_ = images
    place = shutil.copytree(prepared, tmp_path / "place")
    process = start(place, "run", "recipe.yaml", fault=Fault(moment=("step", 3), hold=True))
    wait_for((place / "held").exists)
    process.kill()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert run_cli(capsys, "run", place / "recipe.yaml", "--quiet")[0] == 0
    assert run(place, "run", "recipe.yaml")[0] == 0, "a finished run is shown"
