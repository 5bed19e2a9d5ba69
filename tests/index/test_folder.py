"""A folder holds the old index or the new one, whatever dies in between, and a damaged one is refused."""

import json
import shutil
from contextlib import suppress

import numpy as np
import pytest

from dongcha import files
from dongcha.errors import Busy, DataError, MachineError
from dongcha.index import Index, editing, open_index
from dongcha.index import folder as disk

ROWS = (["a", "b", "c"], ["the quiet room", "房间很干净", ""], np.eye(3, 5, dtype=np.float32) + 0.1)
MORE = (["d"], ["soup"], np.ones((1, 5), np.float32))


@pytest.fixture
def folder(tmp_path):
    Index.create(*ROWS, card={"model": "m"}).save(tmp_path / "index")
    return tmp_path / "index"


def only(folder, pattern):
    (found,) = folder.glob(pattern)
    return found


def test_what_was_saved_is_opened(folder):
    index, query = open_index(folder), np.ones((2, 5))
    fresh = Index.create(*ROWS)
    assert index.ids == fresh.ids and index.card == {"model": "m"} and index.width == 5
    assert index.texts(["b", "c"]) == ["房间很干净", ""]
    for one, other in (
        (index.exact(query), fresh.exact(query)),
        (index.search(query), fresh.search(query)),
        (index.bm25(["room", "干净"]), fresh.bm25(["room", "干净"])),
        (index.hybrid(["room", "a"], query), fresh.hybrid(["room", "a"], query)),
    ):
        assert one.ids == other.ids
        assert np.array_equal(np.concatenate(one.scores), np.concatenate(other.scores))


def test_an_empty_index_is_saved_and_opened(tmp_path):
    Index.create([], [], np.zeros((0, 5))).save(tmp_path)
    index = open_index(tmp_path)
    assert len(index) == 0
    index.add(*ROWS)
    index.save(tmp_path)
    assert len(open_index(tmp_path)) == 3


def test_an_index_that_was_opened_changes_and_is_saved_again(folder):
    index = open_index(folder)
    index.delete(["a"])
    index.add(*MORE)
    index.save(folder)
    again = open_index(folder)
    assert again.ids == ["b", "c", "d"] and again.card == {"model": "m"}
    assert again.search(np.ones((1, 5)), 1).ids == [["d"]]
    assert len(list(folder.glob("g-*"))) == 1, "the old generation is cleared"


def test_an_opened_index_goes_on_reading_when_another_is_saved_over_it(folder):
    old = open_index(folder)
    Index.create(*MORE).save(folder)
    assert old.texts(["b"]) == ["房间很干净"]
    assert old.exact(np.ones((1, 5)), 3).ids[0]


def test_what_another_saved_meanwhile_is_not_lost(folder):
    one, other = open_index(folder), open_index(folder)
    one.add(*MORE)
    one.save(folder)
    other.delete(["a"])
    with pytest.raises(DataError, match="has changed since this one was opened"):
        other.save(folder)
    assert open_index(folder).ids == ["a", "b", "c", "d"]
    other.save(folder.with_name("elsewhere"))
    one.delete(["b"])
    one.save(str(folder))
    assert open_index(folder).ids == ["a", "c", "d"], "who saved last may go on"


def test_a_save_that_failed_after_all_was_written_may_be_done_again(folder):
    index = open_index(folder)
    index.add(*MORE)
    for n in range(1, 40):
        with files.fault_at(n), suppress(MachineError, OSError):
            index.save(folder)
    index.save(folder)
    assert open_index(folder).ids == ["a", "b", "c", "d"]


def test_a_new_index_is_not_saved_over_one_that_stands(folder):
    with pytest.raises(DataError, match="already stands"):
        Index.create(*MORE).save(folder, fresh=True)
    Index.create(*MORE).save(folder.with_name("new"), fresh=True)
    assert open_index(folder).ids == ["a", "b", "c"] and open_index(folder.with_name("new")).ids == ["d"]


def test_an_index_is_edited_by_a_name_as_by_a_path(folder):
    with editing(str(folder)) as index:
        index.delete(["a"])
    index.delete(["b"])
    index.save(folder)
    assert open_index(folder).ids == ["c"]


def test_a_reader_beside_a_busy_writer_opens_what_is_in_force(folder, monkeypatch):
    """Each of the first five reads comes too late: a writer has put another generation in force."""
    sound, left = disk.refuse_damaged, [5]

    def late(place, home):
        if left[0]:
            left[0] -= 1
            monkeypatch.setattr(disk, "refuse_damaged", sound)
            with editing(folder) as index:
                index.delete(["d"]) if "d" in index else index.add(*MORE)
            monkeypatch.setattr(disk, "refuse_damaged", late)
        sound(place, home)

    monkeypatch.setattr(disk, "refuse_damaged", late)
    assert open_index(folder).ids == ["a", "b", "c", "d"] and left == [0]


def test_nothing_is_pickled(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.suffix in (".json", ".npy", ".arrow", ".usearch") or path.name == ".lock"
            assert path.suffix != ".npy" or np.load(path, allow_pickle=False) is not None


def operations(folder, work):
    """Let each disk operation of a piece of work fail once, on a copy of its own; yield the copies."""
    n = 0
    while True:
        n += 1
        copy = folder.with_name(f"copy-{n}")
        shutil.copytree(folder, copy)
        try:
            with files.fault_at(n):
                work(copy)
        except (MachineError, OSError) as error:
            yield n, copy, error
            continue
        return


def change(folder):
    index = open_index(folder)
    index.delete(["a"])
    index.add(*MORE)
    index.save(folder)


def test_whatever_write_fails_the_old_index_or_the_new_one_stands(folder):
    seen = set()
    for n, copy, _ in operations(folder, change):
        ids = tuple(open_index(copy).ids)
        assert ids in (("a", "b", "c"), ("b", "c", "d")), n
        seen.add(ids)
        change(copy) if ids[0] == "a" else open_index(copy).save(copy)
        assert open_index(copy).ids == ["b", "c", "d"], "work goes on after a fault"
        assert len(list(copy.glob("g-*"))) == 1
    assert seen == {("a", "b", "c"), ("b", "c", "d")}


def test_a_first_save_that_fails_leaves_a_place_to_save_again(tmp_path):
    (tmp_path / "empty").mkdir()
    index = Index.create(*ROWS)
    for _, copy, _ in operations(tmp_path / "empty", index.save):
        if not (copy / "index.json").exists():
            with pytest.raises(DataError, match=r"no index: it has no index\.json"):
                open_index(copy)
        index.save(copy)
        assert open_index(copy).ids == ["a", "b", "c"]


def rewrite(folder, **changes):
    path = folder / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


DAMAGE = {
    "no folder": (shutil.rmtree, "no such folder"),
    "no index.json": (lambda f: (f / "index.json").unlink(), "it has no index.json"),
    "index.json cut": (lambda f: (f / "index.json").write_text('{"form'), "damaged at .*index.json"),
    "index.json of another kind": (lambda f: (f / "index.json").write_text("[]"), "damaged at .*index.json"),
    "a later form": (lambda f: rewrite(f, format=2), "form 2, of a later version"),
    "a generation out of the folder": (lambda f: rewrite(f, generation="../../etc"), "damaged at .*index.json"),
    "a generation that is not there": (lambda f: rewrite(f, generation="g-" + "0" * 16), "the file is missing"),
    "another number of rows": (lambda f: rewrite(f, rows=4), "damaged at"),
    "another width": (lambda f: rewrite(f, width=4), "damaged at"),
    "a key that is missing": (lambda f: rewrite(f, card=None), "damaged at"),
    "no marker": (lambda f: only(f, "g-*/done.json").unlink(), "done.json .the file is missing"),
    "a marker of another kind": (lambda f: only(f, "g-*/done.json").write_text("{}"), "damaged at"),
    "a file lost": (lambda f: only(f, "g-*/vectors.npy").unlink(), "vectors.npy .the file is missing"),
    "a bit of the graph": (lambda f: flip(only(f, "g-*/graph.usearch")), "graph.usearch .the file is not as"),
    "a bit of the texts": (lambda f: flip(only(f, "g-*/rows.arrow")), "rows.arrow .the file is not as"),
    "a bit of the terms": (lambda f: flip(only(f, "g-*/lexicon/terms.json")), "terms.json .the file is not as"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_folder_is_refused_in_one_sentence(name, folder):
    act, message = DAMAGE[name]
    act(folder)
    with pytest.raises(DataError, match=message):
        open_index(folder)


def test_a_folder_of_other_things_is_not_written_over(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds other things"):
        Index.create(*ROWS).save(tmp_path)
    with pytest.raises(DataError, match="is a file"):
        Index.create(*ROWS).save(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_that_another_holds_is_not_written(folder):
    with files.lock(folder), pytest.raises(Busy):
        Index.create(*ROWS).save(folder)
    assert open_index(folder).ids == ["a", "b", "c"]


def test_folders_are_for_their_owner_alone(folder):
    assert folder.stat().st_mode & 0o777 == 0o700
