"""Bytes on disk: whole or absent, whatever fails and wherever; names that are safe; one holder of a folder."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha import files
from dongcha.errors import Busy, MachineError, UserError

ROOT = Path(__file__).parents[1]
FIRST, SECOND = b"the first", b"the second, which is longer"


def faults(most=60):
    """Count disk operations up, for tests that walk every way to die."""
    return range(1, most)


def left(folder):
    """What a reader would find: all names but those of temporary files."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


# writing


def test_a_file_is_whole_or_the_old_one_at_every_fault(tmp_path):
    path = tmp_path / "deep" / "a.bin"
    files.write_bytes(path, FIRST)
    for n in faults():
        try:
            with files.fault_at(n):
                files.write_bytes(path, SECOND)
            break
        except MachineError as error:
            assert error.exit_code == 4
            assert "a.bin" in str(error)
            assert str(len(SECOND)) in str(error)
            assert path.read_bytes() in (FIRST, SECOND)
            assert [p.name for p in path.parent.iterdir()] == ["a.bin"], "no temporary file is left"
            files.write_bytes(path, FIRST)
    assert n > 3
    assert path.read_bytes() == SECOND


def test_other_errors_are_not_called_a_full_disk(tmp_path):
    with pytest.raises(IsADirectoryError):
        files.write_bytes(files.make_folder(tmp_path / "folder"), FIRST)
    assert left(tmp_path) == ["folder"]


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.lists(st.integers() | st.text() | st.none(), max_size=3), max_size=4))
def test_json_reads_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "a.json"
    if any("\ud800" <= c <= "\udfff" for c in repr(value)):
        return
    files.write_json(path, value)
    assert files.read_json(path) == value


def test_json_is_readable_and_holds_no_nan(tmp_path):
    files.write_json(tmp_path / "a.json", {"名": "酒店"})
    assert "酒店" in (tmp_path / "a.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "b.json", float("nan"))
    assert left(tmp_path) == ["a.json"]


def test_folders_are_the_owners_alone(tmp_path):
    assert files.make_folder(tmp_path / "a").stat().st_mode & 0o777 == 0o700
    with files.new_folder(tmp_path / "b"):
        pass
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o700


# lines


def test_lines_append_and_a_torn_one_costs_only_itself(tmp_path):
    path = tmp_path / "log.jsonl"
    assert files.read_lines(path) == []
    files.append_line(path, {"n": 1})
    with path.open("ab") as handle:
        handle.write('{"n": 2, "text": "酒'.encode()[:-1])  # cut within a letter
    assert files.read_lines(path) == [{"n": 1}]
    files.append_line(path, {"n": 3})
    files.append_line(path, {"n": 4})
    assert files.read_lines(path) == [{"n": 1}, {"n": 3}, {"n": 4}]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=5), st.data())
def test_a_log_cut_anywhere_reads_its_whole_lines(tmp_path_factory, texts, data):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    for text in texts:
        files.append_line(path, text.encode("utf-8", "replace").decode())
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = files.read_lines(path)
    assert whole == [text.encode("utf-8", "replace").decode() for text in texts][: len(whole)]
    files.append_line(path, "last")
    assert files.read_lines(path) == [*whole, "last"]


# folders


def fill(target, content):
    with files.new_folder(target) as new:
        (new / "a.txt").write_text(content)
        (new / "sub").mkdir()
        (new / "sub" / "b.txt").write_text(content)


def test_a_folder_is_whole_or_the_old_one_at_every_fault(tmp_path):
    target = tmp_path / "model"
    fill(target, "old")
    for n in faults():
        try:
            with files.fault_at(n):
                fill(target, "new")
            break
        except MachineError:
            found = {(target / name).read_text() for name in ("a.txt", "sub/b.txt")}
            assert found in ({"old"}, {"new"}), f"half a folder at {n}"
            assert files.is_done(target)
            fill(target, "old")
            assert left(tmp_path) == ["model"]
    assert n > 6
    assert (target / "a.txt").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_new_folder_at_every_fault_is_whole_or_absent(tmp_path):
    for n in faults():
        target = tmp_path / str(n)
        try:
            with files.fault_at(n):
                fill(target, "new")
            break
        except MachineError:
            assert not target.exists() or files.is_done(target)
    assert files.is_done(target)


def test_the_old_folder_stands_until_the_new_one_is_filled(tmp_path):
    target = tmp_path / "model"
    fill(target, "old")
    with files.new_folder(target) as new:
        (new / "a.txt").write_text("new")
        assert (target / "a.txt").read_text() == "old"
        assert not files.is_done(new)
    assert (target / "a.txt").read_text() == "new"
    assert not (target / "sub").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_folder_alone(tmp_path, error):
    fill(tmp_path / "model", "old")
    with pytest.raises(error), files.new_folder(tmp_path / "model") as new:
        (new / "a.txt").write_text("half")
        raise error
    assert (tmp_path / "model" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_marker_names_every_file_by_its_digest(tmp_path):
    fill(tmp_path / "model", "x")
    marker = files.read_json(tmp_path / "model" / files.DONE)
    assert set(marker["files"]) == {"a.txt", "sub/b.txt"}
    assert marker["files"] == files.manifest(tmp_path / "model")
    (tmp_path / "model" / "a.txt").write_text("y")
    assert marker["files"] != files.manifest(tmp_path / "model")


# hashes


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_a_values_hash_knows_no_order_of_keys(value):
    assert files.hash_value(value) == files.hash_value(dict(reversed(value.items())))
    assert files.hash_value(value) != files.hash_value({**value, "more": 1, "than": 2, "before": value})


# names and paths

SAFE = ["酒店评论", "run", "Лето-2026", "a.b_c-d", "1", "é", "conx", "x" * 64, "ñandú", "カタカナ"]
UNSAFE = [
    *("", " ", ".", "..", "../x", "..\\x", "a/b", "a\\b", "/etc/passwd", "C:\\x", "~", "-rf", ".hidden"),
    *("a\0b", "a#b", "a?b", "a%2e%2e", "%2e%2e%2f", "a:b", "a*b", "a|b", "a<b", 'a"b', "a b", " a", "a ", "a\n"),
    *("CON", "con", "nul", "NUL.txt", "com1", "LPT9", "aux.model.yaml", "x" * 65),
    *("．．", "．．／x", "a／b", "a＼b", "‥", "\u202ea", "a\u200bb", "\ufeffa", "e\u0301", "🙂", "a\u2028b"),
]


@pytest.mark.parametrize("name", SAFE)
def test_a_safe_name_is_itself(name):
    assert files.safe_name(name) == name


@pytest.mark.parametrize("name", UNSAFE, ids=ascii)
def test_an_unsafe_name_is_refused_or_made_whole(name):
    try:
        found = files.safe_name(name)
    except UserError as error:
        assert error.exit_code == 2
    else:
        assert found == "é", "only a letter and its accent become one"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=70))
def test_a_name_that_is_let_through_is_one_step_below_its_root(name):
    try:
        safe = files.safe_name(name)
    except UserError:
        return
    assert Path(safe).name == safe
    assert safe not in (".", "..")
    assert "/" not in safe
    assert "\\" not in safe
    assert files.inside(Path("/root-of-all"), safe) == Path("/root-of-all") / safe


def test_inside(tmp_path):
    root = files.make_folder(tmp_path / "root")
    (tmp_path / "outside").mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "within").symlink_to(root / "a")
    assert files.inside(root, "a", "b.txt") == root / "a" / "b.txt"
    assert files.inside(root, "a", "..", "b") == root / "b"
    assert files.inside(root, "within") == root / "a"
    for parts in (("..",), ("..", "outside"), ("/etc/passwd",), ("a", "..", "..", "x"), ("link", "x"), ("link",)):
        with pytest.raises(UserError, match="outside"):
            files.inside(root, *parts)
    assert left(tmp_path / "outside") == []


# locks


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path):
    with files.lock(tmp_path):
        started = time.monotonic()
        with pytest.raises(Busy) as busy, files.lock(tmp_path):
            pass
        assert time.monotonic() - started < 10, "ten times the figure of R5"
    assert busy.value.exit_code == 5
    assert str(os.getpid()) in str(busy.value)
    with files.lock(tmp_path):
        pass


def test_a_lock_ends_with_its_holder_however_that_dies(tmp_path):
    code = "import os, pathlib, sys; from dongcha import files; held = files.lock(pathlib.Path(sys.argv[1])); "
    code += "held.__enter__(); os._exit(9)"
    died = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False, timeout=60)
    assert died.returncode == 9
    with files.lock(tmp_path):
        pass


RACER = """
import sys, time
from pathlib import Path
from dongcha import files
from dongcha.errors import Busy
root = Path(sys.argv[1])
(root / f"ready-{sys.argv[2]}").touch()
while not (root / "go").exists():
    time.sleep(0.002)
try:
    with files.lock(root / "folder"):
        print("won", flush=True)
        while not (root / "over").exists():
            time.sleep(0.01)
except Busy as error:
    print(f"lost {error}", flush=True)
"""


def test_of_twenty_racing_starts_exactly_one_wins(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path), str(i)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for i in range(20)
    ]
    try:
        wait_for(lambda: len(list(tmp_path.glob("ready-*"))) == 20)
        (tmp_path / "go").touch()
        said = {}
        wait_for(lambda: sum(racer.poll() is not None for racer in racers) >= 19)
        (tmp_path / "over").touch()
        said = [racer.communicate(timeout=60)[0].split(" ", 1) for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
    winners = [racer.pid for racer, words in zip(racers, said, strict=True) if words[0].strip() == "won"]
    assert len(winners) == 1
    assert sum(words[0] == "lost" for words in said) == 19
    named = [words[1] for words in said if words[0] == "lost"]
    assert all(f"{winners[0]}" in text for text in named), "each loser is told who won"


def test_the_name_that_a_dead_holder_left_is_not_the_owner(tmp_path):
    with files.lock(tmp_path):
        handle = (tmp_path / ".lock").open("r+", encoding="utf-8")
        handle.write("999999999 2020-01-01T00:00:00")
        handle.flush()
        late = threading.Timer(0.1, lambda: (handle.seek(0), handle.truncate(), handle.write("1 now"), handle.close()))
        late.start()
        with pytest.raises(Busy, match="now"), files.lock(tmp_path):
            pass
        late.join()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_a_fault_is_planted_once_and_only_inside_its_block(tmp_path):
    with files.fault_at(100):
        files.write_text(tmp_path / "a", "x")
    with pytest.raises(MachineError), files.fault_at(1):
        files.write_text(tmp_path / "b", "x")
    files.write_text(tmp_path / "c", "x")
    assert left(tmp_path) == ["a", "c"]
    assert json.dumps("x") == '"x"'
