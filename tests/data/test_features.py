"""Features in memory and on disk: the same columns, the same batches; what is cached is not made again."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha import files
from dongcha.data import features
from dongcha.data.features import Chunk, cached, gather, open_features
from dongcha.errors import MachineError

LENGTHS = st.lists(st.lists(st.integers(1, 7), min_size=0, max_size=6), min_size=1, max_size=4)


def chunk(lengths, first_row=0, seed=0):
    rng = np.random.default_rng(seed)
    size = sum(lengths)
    tokens = {
        "input_ids": rng.integers(1, 90, size).astype(np.int32),
        "word": rng.integers(-1, 5, size).astype(np.int32),
        "target": rng.integers(0, 4, size),
    }
    units = {
        "row": np.arange(len(lengths), dtype=np.int64) + first_row,
        "target": rng.random((len(lengths), 3)).astype(np.float32),
    }
    return Chunk(np.array(lengths, dtype=np.int64), tokens, units, {"rows": len(lengths), "cut_rows": 1})


def chunks(all_lengths):
    first = 0
    for seed, lengths in enumerate(all_lengths):
        yield chunk(lengths, first, seed)
        first += len(lengths)


def assert_same(one, other):
    assert np.array_equal(one.starts, other.starts)
    assert one.facts == other.facts
    for kind in ("tokens", "units"):
        ours, theirs = getattr(one, kind), getattr(other, kind)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert ours[name].dtype == theirs[name].dtype
            assert ours[name].shape == theirs[name].shape
            assert np.array_equal(ours[name], theirs[name])


@settings(max_examples=30, deadline=None)
@given(LENGTHS)
def test_on_disk_is_as_in_memory(tmp_path_factory, all_lengths):
    memory = gather(chunks(all_lengths))
    disk = gather(chunks(all_lengths), tmp_path_factory.mktemp("features"))
    assert_same(memory, disk)
    assert len(memory) == sum(len(lengths) for lengths in all_lengths)
    assert memory.facts == {"rows": len(memory), "cut_rows": len(all_lengths)}
    assert memory.lengths.tolist() == [n for lengths in all_lengths for n in lengths]
    if len(memory):
        order = np.random.default_rng(1).permutation(len(memory))
        for name, column in memory.batch(order, 9).items():
            assert np.array_equal(column, disk.batch(order, 9)[name])


def test_what_is_on_disk_is_mapped_not_read(tmp_path):
    found = gather(chunks([[3, 2], [4]]), tmp_path)
    assert isinstance(found.tokens["input_ids"].base, np.memmap) or isinstance(found.tokens["input_ids"], np.memmap)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=8), st.integers(0, 200), st.data())
def test_a_batch_holds_its_features_and_padding(lengths, pad_id, data):
    features = gather([chunk(lengths)])
    chosen = data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, unique=True))
    batch = features.batch(np.array(chosen), pad_id)
    longest = max(lengths[i] for i in chosen)
    fills = {"input_ids": pad_id, "word": -1, "target": -100}
    assert batch["mask"].dtype == bool
    for place, i in enumerate(chosen):
        inside, outside = slice(0, lengths[i]), slice(lengths[i], None)
        assert batch["mask"][place].tolist() == [True] * lengths[i] + [False] * (longest - lengths[i])
        for name, fill in fills.items():
            assert batch[name].shape == (len(chosen), longest)
            column = features.tokens[name][features.starts[i] : features.starts[i + 1]]
            assert batch[name][place, inside].tolist() == column.tolist()
            assert (batch[name][place, outside] == fill).all()
        assert batch["unit_row"][place] == i
        assert np.array_equal(batch["unit_target"][place], features.units["target"][i])


def test_cached_features_are_made_once(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return chunks([[3, 2], [4]])

    first = cached("a" * 64, tmp_path, make)
    second = cached("a" * 64, tmp_path, make)
    assert len(calls) == 1
    assert_same(first, second)
    assert_same(first, gather(chunks([[3, 2], [4]])))
    cached("b" * 64, tmp_path, make)
    assert len(calls) == 2


def test_what_another_state_of_our_code_made_is_made_anew(tmp_path, monkeypatch):
    cached("a" * 64, tmp_path, lambda: chunks([[4]]))
    monkeypatch.setattr(features, "our_code", lambda: "another")
    assert_same(cached("a" * 64, tmp_path, lambda: chunks([[5]])), gather(chunks([[5]])))


def test_the_state_of_our_code_is_that_of_its_files(tmp_path):
    (tmp_path / "data" / "checks").mkdir(parents=True)
    file = tmp_path / "data" / "checks" / "one.py"
    found = set()
    for text in ("a = 1", "a = 2"):
        file.write_text(text)
        found.add(features.our_code.__wrapped__(tmp_path))
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "page.py").write_text("b = 1")  # has no part in features
    assert len({*found, features.our_code.__wrapped__(tmp_path)}) == 2
    home = Path(features.__file__).parents[1]
    assert all((home / room).is_dir() for room in features.ROOMS)


def test_without_a_folder_nothing_is_cached():
    calls = []

    def make():
        calls.append(1)
        return chunks([[3]])

    cached("a", None, make)
    cached("a", None, make)
    assert len(calls) == 2


def test_features_that_were_cut_short_are_made_again(tmp_path):
    """A folder without its last-written marker, or whose writing failed, is no result."""

    def breaks():
        yield chunk([3, 2])
        raise RuntimeError("cut short")

    with pytest.raises(RuntimeError):
        cached("a" * 64, tmp_path, breaks)
    assert_same(cached("a" * 64, tmp_path, lambda: chunks([[4]])), gather(chunks([[4]])))
    [folder] = tmp_path.iterdir()
    (folder / files.DONE).unlink()
    assert_same(cached("a" * 64, tmp_path, lambda: chunks([[5]])), gather(chunks([[5]])))


def test_at_every_fault_the_cache_holds_all_or_nothing(tmp_path):
    expected = gather(chunks([[3, 2], [4]]))
    for n in range(1, 60):
        root, failed = tmp_path / str(n), False
        try:
            with files.fault_at(n):
                cached("a" * 64, root, lambda: chunks([[3, 2], [4]]))
        except (OSError, MachineError):
            failed = True
        kept = [folder for folder in root.glob("*") if files.is_done(folder)]
        for folder in kept:
            assert_same(open_features(folder), expected)
        assert_same(cached("a" * 64, root, lambda: chunks([[3, 2], [4]])), expected)
        if not failed:
            break
    assert kept
    assert n > 8
    assert not failed
