"""The bench of one model for two tasks: recipes that hold, rows with overlapping slots left out, a bar to miss."""

import json

import pytest

from bench import joint
from bench.joint import JOINT, KINDS, PARTS, page

NUM_ROWS = 60


@pytest.fixture
def sets(tmp_path, monkeypatch):
    spans = [{"start": 0, "end": 2, "label": "a"}, {"start": 2, "end": 3, "label": "b"}]
    row = {"text": "订张票", "intent": "BOOK", "spans": spans}
    overlapping = row | {"spans": [spans[0], {"start": 1, "end": 3, "label": "b"}]}
    (tmp_path / joint.SET).mkdir()
    for name in joint.SPLITS:
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (row, overlapping))
        (tmp_path / joint.SET / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(joint, "DATA", tmp_path)


def run(intent, slots):
    counts = {"intent": [[right, 1] for right in intent], "slots": [[hits, 2, 2] for hits in slots]}
    return {
        "counts": counts,
        "rows": {"train": 9, "test": NUM_ROWS},
        "clock": {"seconds": 60.0},
        "machine": {"threads": 1},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_recipe_that_holds(kind, sets):
    found = joint.recipe(kind, "e5", 1, 1)
    assert [row["intent"] for row in found.data.train] == ["BOOK"]  # the other's slots overlap
    assert (found.name, found.seed, len(found.tasks or ())) == (f"smp2019-{kind}", 1, 2 if kind == JOINT else 0)


def test_the_bar_is_met_by_the_same_answers_and_missed_by_worse_ones():
    good, bad = [1] * NUM_ROWS, [1, 1, 0] * (NUM_ROWS // 3)
    hits = [2, 1] * (NUM_ROWS // 2)
    runs = {(kind, seed): run(good, hits) for kind in KINDS for seed in (0, 1)}
    same = page([*runs.items()])
    assert same.count("met / 达到") == len(PARTS) and "seeds 0, 1, recipes" in same and "6 of 9 runs" in same
    worse = page([*(runs | {(JOINT, seed): run(bad, hits) for seed in (0, 1)}).items()])
    assert worse.count("**missed") == 1 and "1.000 [1.000, 1.000] | 0.667" in worse


def test_seeds_that_lack_a_kind_are_left_out():
    runs = {(kind, 0): run([1] * NUM_ROWS, [2] * NUM_ROWS) for kind in KINDS}
    assert "seeds 0, recipes" in page([*runs.items(), ((JOINT, 1), run([0] * NUM_ROWS, [0] * NUM_ROWS))])
