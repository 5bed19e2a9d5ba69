"""Translations: chrF and BLEU are sacreBLEU's own, on every corpus; weights are repetitions."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.errors import MissingExtra
from dongcha.judge.intervals import interval
from dongcha.judge.paired import compare
from dongcha.metrics import Outcome, Wanted
from dongcha.metrics import translation as family
from dongcha.metrics._written import library

sacrebleu = pytest.importorskip(
    "sacrebleu.metrics", reason="sacrebleu is not installed (pip install dongcha[generate])"
)

# written texts and, by row, their references
ENGLISH = (
    ["The cat sat on the mat.", "It rained all day, again.", "", "Hello"],
    [["The cat sits on the mat."], ["It was raining all day long."], ["Nobody came."], ["Hello there, world!"]],
)
SEVERAL = (
    ["The cat sat on the mat.", "He said “yes” twice - no more.", "3.5 per cent of 1,000"],
    [
        ["The cat sits on the mat.", "A cat was sitting on the mat.", "On the mat sat the cat."],
        ["He said yes twice.", 'Twice he said "yes".', "He said “yes” two times, no more."],
        ["3.5% of 1,000", "35 in 1000", "three point five per cent of a thousand"],
    ],
)
CHINESE = (
    ["今天天气很好，我们去公园。", "他在2024年加入OpenAI公司", "", "不知道"],
    [["今天天气真好，我们去公园吧。"], ["他于2024年加入了OpenAI。"], ["没有人来。"], ["我不知道。"]],
)
NOTHING = (["", ""], [["one two three four"], ["five six seven eight"]])
NO_MATCH = (["aaa bbb ccc ddd"], [["xyz uvw rst opq"]])
SHORT = (["two words", "one"], [["two words", "two"], ["one", "only one"]])
CORPORA = {"english": ENGLISH, "several": SEVERAL, "nothing": NOTHING, "no match": NO_MATCH, "short": SHORT}

words = st.lists(st.sampled_from(["blue", "sky", "red", "sea", "，", "天", "。", "3.5"]), max_size=7).map(" ".join)
rows = st.lists(st.tuples(words, words, words), min_size=1, max_size=5)


def outcome_of(written, references):
    return Outcome([Wanted(tuple(one)) for one in references], list(written))


def theirs(written, references, language="en"):
    turned = [list(one) for one in zip(*references, strict=True)]
    tokenizer = "zh" if language == "zh" else "13a"
    scorers = {"chrf": sacrebleu.CHRF(), "bleu": sacrebleu.BLEU(tokenize=tokenizer)}
    return {name: scorer.corpus_score(list(written), turned).score / 100 for name, scorer in scorers.items()}


def ours(written, references, language="en"):
    found = {name: metric.figure(outcome_of(written, references)) for name, metric in family.metrics(language).items()}
    return {name: found[name] for name in ("chrf", "bleu")}


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_figure_is_sacrebleus(name):
    assert ours(*CORPORA[name]) == pytest.approx(theirs(*CORPORA[name]), abs=1e-13)


def test_a_chinese_corpus_figure_is_sacrebleus():
    found = ours(*CHINESE, language="zh")
    assert found == pytest.approx(theirs(*CHINESE, language="zh"), abs=1e-13)
    assert 0.2 < found["bleu"] < found["chrf"] * 3 < 3
    assert family.metrics("en")["bleu"].figure(outcome_of(*CHINESE)) < found["bleu"]


@settings(max_examples=60, deadline=None)
@given(rows=rows, language=st.sampled_from(["en", "zh"]))
def test_any_corpus_figure_is_sacrebleus(rows, language):
    written, *references = zip(*rows, strict=True)
    corpus = (written, list(zip(*references, strict=True)), language)
    assert ours(*corpus) == pytest.approx(theirs(*corpus), abs=1e-13)


def test_a_rows_score_is_that_of_its_sentence():
    written, references = SEVERAL[0] + SHORT[0], SEVERAL[1] + SHORT[1]
    bleu, chrf = sacrebleu.BLEU(effective_order=True), sacrebleu.CHRF()
    for name, scorer in (("bleu", bleu), ("chrf", chrf)):
        wanted = [scorer.sentence_score(w, r).score / 100 for w, r in zip(written, references, strict=True)]
        found = family.metrics()[name].row_scores(outcome_of(written, references))
        assert found.tolist() == pytest.approx(wanted, abs=1e-13)


def test_chrf_by_hand():
    # runs of 1: 2 shared of 2 and 3; of 2: 1 of 1 and 2; longer ones are not written
    found = family.metrics()["chrf"].figure(outcome_of(["ab"], [["abc"]]))
    precision, recall = 1.0, (2 / 3 + 1 / 2) / 2
    assert found == pytest.approx(5 * precision * recall / (4 * precision + recall))


@settings(max_examples=30, deadline=None)
@given(rows=rows, weights=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_rows_weight_is_how_often_it_stands_there(rows, weights):
    repeats = np.array(weights[: len(rows)])
    whole = outcome_of([w for w, *_ in rows], [r for _, *r in rows])
    for metric in family.metrics().values():
        weighed = metric.weighing(metric.counts(whole))(repeats[None].astype(float))[0]
        repeated = metric.figure(whole.take(np.repeat(np.arange(len(rows)), repeats)))
        assert weighed == pytest.approx(repeated, nan_ok=True)


def test_rows_twice_give_the_same_figure_and_no_rows_none():
    once = outcome_of(*ENGLISH)
    for metric in family.metrics().values():
        assert metric.figure(once.take(np.arange(4).repeat(2))) == pytest.approx(metric.figure(once))
        assert np.isnan(metric.figure(Outcome([], [])))


def test_a_row_without_reference_says_nothing():
    written, references = ENGLISH
    more = outcome_of([*written, "whatever"], [*references, []])
    for metric in family.metrics().values():
        assert metric.figure(more) == metric.figure(outcome_of(written, references))
        assert metric.row_scores(more)[-1] == 0


def test_exact_match_lets_white_space_be():
    outcome = outcome_of([" the  sea\n", "The sea", "sky", ""], [["red", "the sea"], ["the sea"], ["sky"], [""]])
    metric = family.metrics()["exact_match"]
    assert metric.row_scores(outcome).tolist() == [1, 0, 1, 1]
    assert interval(metric, outcome, 0).value == 0.75


def test_intervals_and_paired_tests_hold():
    references = [["The cat sits on the mat."], ["It was raining all day long."]] * 20
    good, bad = (
        outcome_of(said * 20, references) for said in (["The cat sat on a mat.", "It rained all day."], ["x"] * 2)
    )
    for name in ("chrf", "bleu"):
        metric = family.metrics()[name]
        found = interval(metric, good, 1)
        assert found.low <= found.value <= found.high
        assert found.value == pytest.approx(theirs(good.predicted, references)[name])
        verdict = compare(metric, bad, good, 1)
        assert (verdict.word, verdict.gained) == ("better", 40)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(MissingExtra, match=r"sacrebleu.*dongcha\[generate\]"):
        library("sacrebleu.metrics")
