"""R2: a full disk ends a run with exit 4 and one sentence; the last good checkpoint still loads."""

import re
import shutil
from types import SimpleNamespace

import pytest
from killed import Fault, can_mount, run
from small_run import STEPS, digest, lay, leftovers, run_folder

from dongcha import files
from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.locale import speaking
from dongcha.testing import tiny_rows

NUMBERS = re.compile(r"\(?(?:at least )?([\d,]+) bytes needed, (?:[^)]*? )?([\d,]+) free")


@pytest.fixture
def place(tmp_path, models):
    return lay(tmp_path / "place", models["pooled"], tiny_rows("classification", 60))


@pytest.fixture(scope="module")
def wanted(tmp_path_factory, models):
    """The result of a run that had all the room it wanted."""
    place = lay(tmp_path_factory.mktemp("straight"), models["pooled"], tiny_rows("classification", 60))
    assert run(place, "run", "recipe.yaml")[0] == 0
    return digest(run_folder(place))


def last_step(folder):
    steps = [path for path in folder.glob("checkpoints/step-*") if files.is_done(path)]
    return max((int(path.name[5:]) for path in steps), default=0)


def test_r02_a_file_that_may_not_grow_ends_the_run_and_the_checkpoint_before_it_loads(place, wanted):
    assert run(place, "run", "recipe.yaml", fault=Fault(moment=("step", 3)))[0] == -9
    folder = run_folder(place)
    assert last_step(folder) == 2
    size = (folder / "checkpoints" / "step-00000002" / "last.safetensors").stat().st_size
    code, told = run(place, "run", "recipe.yaml", fault=Fault(largest_file=size // 2))
    assert code == 4, told
    last = told.strip().splitlines()[-1]
    assert last.startswith(f"dongcha: {folder}")
    assert "step-00000003" in last
    needed, free = (int(n.replace(",", "")) for n in NUMBERS.search(last).groups())
    assert needed >= size // 2
    assert free > 0
    assert "ulimit" in last, "the disk is not called full where a limit is at work"
    assert last_step(folder) == 2
    assert leftovers(folder) == []
    code, told = run(place, "run", "recipe.yaml")
    assert code == 0
    assert f"from step 2 of {STEPS}" in told
    assert digest(folder) == wanted


def test_r02_a_small_disk(place, wanted, tmp_path):
    """The workspace lies on a tmpfs that fills while the run writes; it is seen by that process alone."""
    if not can_mount():
        pytest.skip("a process here may not mount a tmpfs of its own")
    home = tmp_path / "small"
    home.mkdir()
    arguments = ("run", "recipe.yaml", "--workspace", str(home))
    codes = set()
    for kilobytes in (16, 150, 300, 500):
        code, told = run(place, *arguments, fault=Fault(disk=(str(home), kilobytes << 10)))
        last = told.strip().splitlines()[-1]
        codes.add(code)
        assert code == 4, (kilobytes, told)
        assert "disk is full" in last or "training would fill" in last
        assert str(home) in last, last
        needed, free = (int(n.replace(",", "")) for n in NUMBERS.search(last).groups())
        assert 0 <= free < kilobytes << 10
        assert needed > 0
    assert codes == {4}
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("number", [28, 27, 122])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_r02_a_library_that_raises_no_os_error_is_understood(tmp_path, number, language):
    with speaking(language), pytest.raises(files.MachineError) as full, files.new_folder(tmp_path / "x", 12345):
        raise RuntimeError(f"Error while serializing: I/O error: something (os error {number})")
    assert full.value.exit_code == 4
    assert "12345" in str(full.value)
    assert str(tmp_path / "x") in str(full.value)
    assert list(tmp_path.iterdir()) == []


def test_r02_errors_of_another_kind_stay_what_they_are(tmp_path):
    with pytest.raises(RuntimeError, match="os error 2"), files.new_folder(tmp_path / "x"):
        raise RuntimeError("No such file (os error 2)")


def test_r02_a_result_that_finds_no_room_is_exit_4_too(place, models, capsys, monkeypatch):
    """`predict --output` writes outside any run."""
    code, _ = run(place, "run", "recipe.yaml")
    assert code == 0
    out = place / "out.csv"
    with files.fault_at(1):
        code = guarded(app, ["predict", str(run_folder(place)), str(place / "rows.jsonl"), "-o", str(out)])
    told = capsys.readouterr().err
    assert code == 4
    assert str(place) in told
    assert "disk is full" in told
    assert not list(place.glob("*out.csv*"))


def test_r02_too_little_room_is_refused_before_the_first_step(place, capsys, monkeypatch):
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000, total=real(path).total))
    code = guarded(app, ["run", str(place / "recipe.yaml")])
    told = capsys.readouterr().err
    assert code == 4
    assert "two checkpoints" in told
    assert "--workspace" in told
    assert not (run_folder(place) / "model").exists()
