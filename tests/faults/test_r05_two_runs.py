"""R5: one run a folder: the second is refused and told who holds it; a dead one's place is taken over."""

import signal
import threading
import time

import pytest
from killed import Fault, run, start, wait_for
from small_run import TIME, lay, no_charts, run_folder

from dongcha import files
from dongcha.testing import tiny_rows


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    no_charts(monkeypatch)


def test_r05_a_second_start_is_refused_at_once_and_told_the_owner(cli, place):
    process = start(place, "run", "recipe.yaml", fault=Fault(moment=("step", 2), hold=True))
    try:
        wait_for((place / "held").exists)
        started = time.monotonic()
        for verb in (("run", "recipe.yaml"), ("run", "recipe.yaml", "--fresh")):
            code, out, err = cli(*verb)
            assert (code, out) == (5, "")
            assert f"process {process.pid}" in err
            assert "wait for it, or stop it" in err
            assert str(run_folder(place)) in err
        assert time.monotonic() - started < TIME * 1
        code, _, err = cli("run", "recipe.yaml", "--set", "language=zh")
        assert code == 5
        assert f"进程 {process.pid}" in err
    finally:
        process.kill()
        process.join(60)
    assert cli("run", "recipe.yaml", "--quiet")[0] == 0, "a dead owner holds nothing"


def test_r05_the_refused_one_harms_nothing(cli, place):
    process = start(place, "run", "recipe.yaml", fault=Fault(moment=("step", 4), hold=True))
    try:
        wait_for((place / "held").exists)
        before = {p.name: files.manifest(p) for p in (run_folder(place) / "checkpoints").iterdir()}
        assert before
        assert cli("run", "recipe.yaml", "--quiet", "--fresh")[0] == 5
        assert cli("runs", "rm", run_folder(place))[0] in (2, 5)
        assert {p.name: files.manifest(p) for p in (run_folder(place) / "checkpoints").iterdir()} == before
    finally:
        process.kill()
        process.join(60)


def test_r05_racing_starts_give_one_result(place):
    """Five at once: those that lose are refused, or come late and are shown what the winner made."""
    places = [lay(place / str(i), "unused", tiny_rows("classification", 60)) for i in range(5)]
    found = []

    def races(own):
        text = (place / "recipe.yaml").read_text(encoding="utf-8")
        (own / "recipe.yaml").write_text(text, encoding="utf-8")
        found.append(run(own, "run", "recipe.yaml", "--workspace", str(place / "runs")))

    racers = [threading.Thread(target=races, args=(own,)) for own in places]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    codes = sorted(code for code, _ in found)
    assert codes[0] == 0, found
    assert set(codes) <= {0, 5}, found
    assert files.is_done(run_folder(place))


def test_r05_a_lock_tells_who_died_holding_it(tmp_path):
    with files.lock(tmp_path) as left:
        assert left is None
    with files.lock(tmp_path) as left:
        assert left is None, "who leaves in order leaves no name"
    with pytest.raises(ValueError, match="no reason"), files.lock(tmp_path):
        raise ValueError("no reason")
    with files.lock(tmp_path) as left:
        assert left is None
    (tmp_path / ".lock").write_text("999999999 2026-01-01T00:00:00", encoding="utf-8")
    with files.lock(tmp_path) as left:
        assert left == ("999999999", "2026-01-01T00:00:00")


def test_r05_what_a_dead_holder_left_is_cleared_and_the_rest_stays(tmp_path):
    deep = files.make_folder(tmp_path / "steps")
    (deep / ".plan-1.77.tmp").mkdir()
    (deep / ".plan-1.77.tmp" / "plan.json").write_text("{", encoding="utf-8")
    (tmp_path / ".report.json.77.tmp").write_text("{", encoding="utf-8")
    (tmp_path / ".model.77.old").mkdir()
    (tmp_path / ".model.77.old" / "a").write_text("whole", encoding="utf-8")
    (tmp_path / ".mine.tmp").write_text("mine", encoding="utf-8")
    (tmp_path / ".lock").write_text("77 then", encoding="utf-8")
    with files.lock(tmp_path):
        assert (tmp_path / "model" / "a").read_text(encoding="utf-8") == "whole", "moved aside, never replaced"
        assert {path.name for path in tmp_path.rglob("*")} == {".lock", "steps", "model", "a", ".mine.tmp"}


def test_r05_a_folder_moved_aside_goes_where_its_successor_stands(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / ".model.77.old").mkdir()
    (tmp_path / ".lock").write_text("77 then", encoding="utf-8")
    with files.lock(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {".lock", "model"}


def test_r05_taking_a_dead_ones_place_is_said(cli, place):
    code, _ = run(place, "run", "recipe.yaml", fault=Fault(moment=("step", 2)))
    assert code == -signal.SIGKILL
    pid = (run_folder(place) / ".lock").read_text(encoding="utf-8").split()[0]
    code, _, err = cli("run", "recipe.yaml")
    assert code == 0
    assert any(pid in line and "died" in line for line in err.splitlines())
