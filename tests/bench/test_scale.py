"""Rows that are the same each time, stages measured apart, exponents that are slopes, a page that flags the steep."""

import itertools
import json

import pytest

from bench import _joins, _scale_page, scale
from bench._machine import machine
from bench._stages import Stages
from bench._walk import walk
from dongcha.data.checks import ORDER
from dongcha.data.duplicates import exact_groups
from dongcha.data.near_duplicates import near_pairs

EN = "the {} of the {} market rose on {} after a long debate about the price of oil in {}"
ZH = "{}的酒店房间非常干净，服务也很周到，早餐的种类很多，{}下次出差还会选择这里，推荐{}"


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A folder of two sets of texts that differ enough for their halves to be told apart."""
    folder = tmp_path_factory.mktemp("sets")
    words = [f"{a}{b}" for a, b in itertools.product(("north", "silver", "river", "copper", "winter"), range(40))]
    names = ["".join(pair) for pair in itertools.permutations("杭州上海北京广深圳成都重庆武汉", 3)]
    made = {
        "news_en": [{"text": EN.format(*words[i : i + 4]), "label": "x"} for i in range(0, 196)],
        "hotel_zh": [{"text": ZH.format(*names[5 * i : 5 * i + 3])} for i in range(200)],
        "short_zh": [{"text": "短"}, {"tokens": ["没", "有"]}],
    }
    for name, rows in made.items():
        (folder / name).mkdir()
        (folder / name / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def test_rows_are_the_same_each_time_and_hold_what_was_planted(sets):
    rows = list(_joins.joined_rows(400, sets))
    assert rows[:150] == list(_joins.joined_rows(150, sets))
    assert {row["label"] for row in rows} == {"news_en", "hotel_zh"}
    texts = [row["text"] for row in rows]
    earlier = [set(texts[:place]) for place in range(400)]
    assert all(texts[place] in earlier[place] for place in range(_joins.EXACT, 400, _joins.EVERY))
    near = [place for place in range(_joins.NEAR, 400, _joins.EVERY) if texts[place] not in earlier[place]]
    found = {place for pair in near_pairs(texts)[0].tolist() for place in pair}
    assert len(near) >= 19
    assert len(found & set(near)) >= 0.9 * len(near)


def test_a_text_is_a_first_and_a_second_half_of_one_language(sets):
    halves = _joins.halves_of(sets)
    firsts, seconds = ({half for h in halves.values() for half in getattr(h, side)} for side in ("first", "second"))
    for place, row in enumerate(_joins.joined_rows(9, sets)):
        own = halves[_joins.LANGUAGES[place % 2]]
        assert any(row["text"] == first + row["text"][len(first) :] for first in own.first)
        assert any(row["text"].endswith(second) for second in own.second)
    assert len(firsts) == len(seconds) or firsts.isdisjoint(seconds)


def test_exponents_are_slopes():
    assert _scale_page.exponent([10, 100, 1000], [2, 20, 200]) == pytest.approx(1.0)
    assert _scale_page.exponent([10, 100, 1000], [1, 100, 10_000]) == pytest.approx(2.0)
    assert _scale_page.exponent([10], [2]) is None
    assert _scale_page.exponent([10, 100], [0, 2]) is None


def size_of(rows, power=1.0, **changed):
    def stage(seconds, peak):
        return {"seconds": 2 * seconds, "cpu_seconds": seconds, "peak_megabytes": peak}

    stages = {"start": stage(4, 500), "read": stage(rows / 1e4, 500 + rows / 1e4), "check labels": stage(1, 501)}
    stages["check gap"] = stage((rows / 1e4) ** power, 510 + rows / 1e4)
    whole = {"rows": rows, "stages": stages, "seconds": 9.0, "cpu_seconds": 5.0, "peak_megabytes": 510 + rows / 1e4}
    about = {"load": [1, 2], "settings": {"OMP_NUM_THREADS": "1"}, "machine": machine(1, scale.PACKAGES)}
    check = {"name": "labels", "status": "passed", "message": "Fine."}
    return whole | about | {"checks": [check], "process_seconds": 700.0, "halted_seconds": 200.0} | changed


def page_of(*sizes):
    growth, gates = _scale_page.growth(sizes), _scale_page.gates(sizes)
    return _scale_page.page({"sizes": sizes, "growth": growth, "gates": gates})


def test_the_page_flags_what_grows_faster_than_its_rows():
    even = page_of(size_of(10_000), size_of(100_000), size_of(1_000_000))
    assert "None is steeper" in even
    assert "8.3 minutes (bar 10;" in even, "the seconds in which the process was stopped are left out"
    assert ": met." in even
    steep = page_of(*(size_of(rows, power=1.5) for rows in (10_000, 1_000_000)))
    assert "| check / 检查 `gap` | **1.50** | **1.50** |" in steep
    assert "on the last step: check / 检查 `gap`" in steep
    missed = page_of(size_of(1_000_000, peak_megabytes=2001.0))
    assert "**missed**" in missed
    assert "A million" not in page_of(size_of(1000))


def test_a_stage_has_seconds_and_a_peak_of_its_own():
    stages = Stages()
    for _ in range(2):
        with stages.stage("large"):
            assert len(bytearray(b"x") * 200_000_000)
        stages.timed("small", sum)([1, 2])
    large, small = stages.figures["large"], stages.figures["small"]
    assert large["cpu_seconds"] > small["cpu_seconds"] >= 0
    assert large["peak_megabytes"] >= small["peak_megabytes"] > 10


def test_rows_go_through_all_steps_up_to_the_checks(sets, tmp_path, tiny_folder):
    _joins.write_rows(tmp_path / "rows.jsonl", 300, sets)
    stages = Stages()
    checks = walk(tmp_path / "rows.jsonl", tmp_path / "work", str(tiny_folder()), stages)
    assert list(stages.figures) == [
        *("read", "split", "fingerprint", "labels", "model", "tokenise"),
        *(f"check {name}" for name in ORDER),
    ]
    texts = [row["text"] for row in _joins.joined_rows(300, sets)]
    repeats = next(check for check in checks if check.name == "duplicates").figures
    assert sum(found["repeats"] for found in repeats.values()) == 300 - exact_groups(texts).max() - 1
