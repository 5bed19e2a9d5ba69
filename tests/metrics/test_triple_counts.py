"""Triples are counted by hand here: strict ones whole, relaxed ones by overlap, each gold one for one found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.metrics import Outcome
from dongcha.metrics import triples as family

NORA, DOOR, ROOM = (0, 9, "PER"), (21, 29, "OBJ"), (35, 39, "OBJ")
SHORT, TYPELESS, WIDE = (0, 4, "PER"), (0, 9, "ORG"), (0, 29, "PER")
MADE = (DOOR, "made_by", NORA)

# gold, found; then strict hits, relaxed hits, found and gold triples counted by hand
CASES = {
    "both empty": ([[]], [[]], 0, 0, 0, 0),
    "exact": ([[MADE]], [[MADE]], 1, 1, 1, 1),
    "missed": ([[MADE]], [[]], 0, 0, 0, 1),
    "invented": ([[]], [[MADE]], 0, 0, 1, 0),
    "a shorter head": ([[MADE]], [[(DOOR, "made_by", SHORT)]], 0, 1, 1, 1),
    "another type": ([[MADE]], [[(DOOR, "made_by", TYPELESS)]], 0, 1, 1, 1),
    "turned round": ([[MADE]], [[(NORA, "made_by", DOOR)]], 0, 0, 1, 1),
    "another relation": ([[MADE]], [[(DOOR, "sold_by", NORA)]], 0, 0, 1, 1),
    "neighbours do not overlap": ([[(NORA, "r", DOOR)]], [[((9, 12, "PER"), "r", DOOR)]], 0, 0, 1, 1),
    "another row": ([[MADE], []], [[], [MADE]], 0, 0, 1, 1),
    "said twice": ([[MADE]], [[MADE, MADE]], 1, 1, 1, 1),
    "one gold answers for one": ([[MADE]], [[(DOOR, "made_by", SHORT), (DOOR, "made_by", (5, 9, "PER"))]], 0, 1, 2, 1),
    "paired so that most are": (
        [[(NORA, "r", ROOM), (SHORT, "r", ROOM)]],
        [[(SHORT, "r", ROOM), ((5, 9, "PER"), "r", ROOM)]],
        *(1, 2, 2, 2),
    ),
    "one makes room for another": (
        [[(NORA, "r", ROOM), (DOOR, "r", ROOM)]],
        [[(WIDE, "r", ROOM), ((5, 9, "PER"), "r", ROOM)]],
        *(0, 2, 2, 2),
    ),
    "one wide span for two": ([[(NORA, "r", ROOM), (DOOR, "r", ROOM)]], [[(WIDE, "r", ROOM)]], 0, 1, 1, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_triples_are_counted_as_by_hand(case):
    gold, found, strict, relaxed, num_found, num_gold = CASES[case]
    figure = {name: metric.figure(Outcome(gold, found)) for name, metric in family.metrics().items()}
    for kind, hits in (("strict", strict), ("relaxed", relaxed)):
        assert figure[f"{kind}_precision"] == pytest.approx(hits / num_found if num_found else 0)
        assert figure[f"{kind}_recall"] == pytest.approx(hits / num_gold if num_gold else 0)
        total = num_found + num_gold
        assert figure[f"{kind}_f1"] == pytest.approx(2 * hits / total if total else 0)


ENTITY = st.sampled_from([(start, start + size, kind) for start in range(5) for size in range(1, 5) for kind in "XY"])
TRIPLES = st.sets(st.tuples(ENTITY, st.sampled_from("rs"), ENTITY), max_size=5)


@settings(max_examples=50, deadline=None)
@given(gold=TRIPLES, found=TRIPLES)
def test_relaxed_is_never_less_and_alike_from_both_sides(gold, found):
    strict, relaxed = family.strict_hits(gold, found), family.relaxed_hits(gold, found)
    assert strict <= relaxed <= min(len(gold), len(found))
    assert relaxed == family.relaxed_hits(found, gold)
    assert family.relaxed_hits(gold, gold) == len(gold)
