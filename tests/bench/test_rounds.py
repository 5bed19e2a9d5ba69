"""Rounds and stretches: who runs when, which seconds and tokens count, how ratios are taken."""

from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from bench import _rows, speed
from bench._rounds import faster, in_turns, ratios, sooner
from bench._rows import Steps


@given(st.integers(1, 6), st.integers(1, 12))
@settings(max_examples=50)
def test_everyone_runs_once_a_round_and_every_place_is_shared(num_names, rounds):
    names = [f"way {i}" for i in range(num_names)]
    found = list(in_turns(names, rounds))
    assert Counter(found) == Counter((turn, name) for turn in range(rounds) for name in names)
    assert [turn for turn, _ in found] == sorted(turn for turn, _ in found)
    begins = [found[turn * num_names][1] for turn in range(rounds)]
    assert begins == [names[turn % num_names] for turn in range(rounds)]


def test_a_stretch_leaves_out_the_warm_steps_and_the_tail(monkeypatch):
    steps, times = Steps(), iter([0.0, 5.0, 6.0, 7.0, 50.0])
    monkeypatch.setattr(_rows.time, "perf_counter", lambda: next(times))
    for tokens in (1000, 1000, 10, 20, 1000):
        steps.end(tokens)
    assert steps.stretch(tail=1) == (30, 2.0)
    assert steps.stretch() == (1030, 45.0)


def test_ratios_are_taken_within_a_round():
    rates = {"ours": [10.0, 20.0, 90.0], "peer": [10.0, 10.0, 30.0]}
    assert ratios(rates["ours"], rates["peer"]) == [1.0, 2.0, 3.0]
    assert faster(rates, "peer") == 2.0  # the ratio of the medians is 2 too; of 90 and 10 it would not be
    assert faster({"ours": [1.0, 8.0, 9.0], "peer": [1.0, 2.0, 9.0]}, "peer") == 1.0
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [1.0, 2.0])


def test_inference_is_held_against_the_quickest_of_each_round():
    seconds = {"ours": [1.0, 2.0], "pipeline_none": [4.0, 9.0], "pipeline_simple": [5.0, 6.0]}
    assert sooner(seconds) == 3.5


def test_gates_are_none_where_nothing_was_measured():
    assert [gate["measured"] for gate in speed.gates({})] == [None] * len(speed.BARS)
    rates = {"ours": [10.0, 20.0, 30.0], "hf_grouped": [10.0, 10.0, 10.0], "hf_default": [5.0, 4.0, 30.0]}
    part = {"tokens_per_second": rates, "share_of_peak": [0.5, 0.7, 0.6]}
    found = {gate["gate"]: gate["measured"] for gate in speed.gates({"minilm": part})}
    assert found == {"default": 2.0, "grouped": 2.0, "peak": 0.6, "e5_grouped": None, "pipeline": None}
    assert speed.gates({"e5": part})[3]["measured"] == 2.0


def test_the_bars_are_the_ones_set():
    assert speed.BARS == {"default": 2.4, "grouped": 1.4, "peak": 0.55, "e5_grouped": 2.0, "pipeline": 2.5}
