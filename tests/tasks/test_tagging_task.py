"""Tagging: spans go through words, tokens and windows and come back; what cannot is counted, no more and no less."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.dataset import Dataset
from dongcha.data.features import gather
from dongcha.models.tokenizer import load_tokenizer
from dongcha.tasks._base import Lengths
from dongcha.tasks.tagging import IGNORED, Task, words_of

LABELS = ("LOC", "ORG", "人名")
SURE = 20.0
few = settings(max_examples=50, deadline=None)

ENGLISH = st.text(alphabet="abcdefgh'-.,é", min_size=1, max_size=7)
CHINESE = st.text(alphabet="我们在北京上海猫服务很好，", min_size=1, max_size=3)
ODD = st.sampled_from(["\u200b", "🐈", "U.S.", "ﬁ", "\x07", "3.5", "ｅ", "e\u0301"])
PIECES = st.lists(ENGLISH | CHINESE | ODD, min_size=0, max_size=9)


@pytest.fixture(scope="session")
def tokenizers(tiny_folder):
    """`pieces`, `joins` (tokens of several Chinese characters), `apart` (the same, kept apart), each of 64 tokens."""
    found = {}
    for name, joins in (("pieces", False), ("joins", True), ("apart", True)):
        folder = tiny_folder(joins_cjk=joins)
        found[name] = load_tokenizer(folder, transformers.AutoConfig.from_pretrained(folder))
    found["apart"].isolate_cjk()
    return found


@st.composite
def worded_rows(draw):
    """Rows with words given; spans run from word to word and do not overlap."""
    rows = {"text": [], "__words__": [], "spans": []}
    for _ in range(draw(st.integers(1, 3))):
        pieces, glue = draw(PIECES), draw(st.sampled_from([" ", ""]))
        text, words = "", []
        for piece in pieces:
            text += glue if text else ""
            words.append({"start": len(text), "end": len(text) + len(piece)})
            text += piece
        spans, at = [], 0
        while at < len(words):
            size = draw(st.integers(0, 3))
            last = min(at + size, len(words)) - 1
            if size:
                label = draw(st.sampled_from(LABELS))
                spans.append({"start": words[at]["start"], "end": words[last]["end"], "label": label})
            at = max(last, at) + 1
        for name, value in (("text", text), ("__words__", words), ("spans", spans)):
            rows[name].append(value)
    return rows


@st.composite
def free_rows(draw):
    """Rows of text; spans run from any character to any other and do not overlap."""
    rows = {"text": [], "spans": []}
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from([" ", "", "  "])).join(draw(PIECES))
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        pairs = [pair for pair in itertools.pairwise(cuts) if draw(st.booleans())]
        labels = [draw(st.sampled_from(LABELS)) for _ in pairs]
        rows["text"].append(text)
        rows["spans"].append(
            [{"start": a, "end": b, "label": label} for (a, b), label in zip(pairs, labels, strict=True)]
        )
    return rows


def perfect(features, task):
    """Logits that answer every target right, and say nothing elsewhere."""
    targets = features.tokens["target"]
    outputs = np.zeros((len(targets), task.num_outputs), np.float32)
    known = np.flatnonzero(targets >= 0)
    outputs[known, targets[known]] = SURE
    return outputs


def triples(spans):
    return [(s["start"], s["end"], s["label"]) for s in spans]


def round_trip(rows, tokenizer, **lengths):
    task = Task(labels=LABELS, lengths=Lengths(long_texts="windows", **lengths))
    features = gather([task.encode(rows, tokenizer, 0)])
    return features, task.decode(perfect(features, task), features, rows, 0)


@pytest.mark.parametrize("name", ["pieces", "apart", "joins"])
@few
@given(rows=worded_rows())
def test_spans_of_given_words_come_back_and_the_damaged_are_counted(tokenizers, name, rows):
    check_round_trip(rows, tokenizers[name])


@pytest.mark.parametrize("name", ["pieces", "apart", "joins"])
@few
@given(rows=free_rows())
def test_spans_of_any_characters_come_back_or_are_counted_as_damaged(tokenizers, name, rows):
    check_round_trip(rows, tokenizers[name])


def check_round_trip(rows, tokenizer):
    features, predictions = round_trip(rows, tokenizer)
    assert [p.row for p in predictions] == list(range(len(rows["text"])))
    lost = 0
    for spans, prediction in zip(rows["spans"], predictions, strict=True):
        gold, found = triples(spans), triples(prediction.target["spans"])
        assert found == sorted(found)
        lost += len(set(gold) - set(found))
    assert features.facts["damaged_spans"] == lost
    assert features.facts["spans"] == sum(len(spans) for spans in rows["spans"])
    if not lost:
        expected = [triples(spans) for spans in rows["spans"]]
        assert [triples(p.target["spans"]) for p in predictions] == expected


PLAIN = st.lists(st.sampled_from(["paris", "the", "room", "U.S.", "abc", "3.5"]) | CHINESE, min_size=1, max_size=20)


@pytest.mark.parametrize("name", ["pieces", "apart"])
@few
@given(pieces=PLAIN, data=st.data())
def test_ordinary_words_lose_nothing(tokenizers, name, pieces, data):
    """What people write in English and Chinese, cut anywhere between two of its words, comes back whole."""
    text = " ".join(pieces)
    words = words_of({"text": [text]}).offsets(0).tolist()
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(words))), min_size=1, max_size=5)))
    spans = [
        {"start": words[i][0], "end": words[j - 1][1], "label": LABELS[i % 3]}
        for i, j in zip(chosen, [*chosen[1:], len(words)], strict=True)
    ]
    features, [prediction] = round_trip({"text": [text], "spans": [spans]}, tokenizers[name])
    assert triples(prediction.target["spans"]) == triples(spans)
    assert features.facts["damaged_spans"] == 0


def test_chinese_pieces_that_straddle_a_span_are_counted_and_apart_they_are_saved(tokenizers):
    rows = {"text": ["我们在北京上海", "服务很好"], "spans": [[{"start": 3, "end": 5, "label": "LOC"}], []]}
    rows["spans"][1] = [{"start": 1, "end": 2, "label": "ORG"}, {"start": 2, "end": 4, "label": "LOC"}]
    assert round_trip(rows, tokenizers["joins"])[0].facts["damaged_spans"] == 3
    features, predictions = round_trip(rows, tokenizers["apart"])
    assert features.facts["damaged_spans"] == 0
    assert [triples(p.target["spans"]) for p in predictions] == [triples(spans) for spans in rows["spans"]]


def test_words_come_back_as_tags_only_where_words_came_in(tokenizers):
    text = "the paris room"
    words = [{"start": 0, "end": 3}, {"start": 4, "end": 9}, {"start": 10, "end": 14}]
    spans = [{"start": 4, "end": 14, "label": "LOC"}]
    _, [prediction] = round_trip({"text": [text], "__words__": [words], "spans": [spans]}, tokenizers["pieces"])
    assert prediction.target["tags"] == ["O", "B-LOC", "I-LOC"]
    _, [prediction] = round_trip({"text": [text], "spans": [spans]}, tokenizers["pieces"])
    assert "tags" not in prediction.target


@few
@given(rows=worded_rows(), data=st.data())
def test_rows_that_came_as_text_among_rows_of_tokens_keep_nobody_from_his_words(rows, data):
    """Where tasks with data of their own meet, rows of another task have no tokens."""
    given_words = [words if data.draw(st.booleans()) else None for words in rows["__words__"]]
    mixed = words_of(rows | {"__words__": given_words})
    for i, words in enumerate(given_words):
        found = words_of({"text": [rows["text"][i]]}).offsets(0).tolist()
        expected = found if words is None else [[word["start"], word["end"]] for word in words]
        assert mixed.offsets(i).tolist() == expected


def first_subwords_by_loop(encoded, rows):
    """For each row, for each token: the first word that it touches, if no token before it touched that word first."""
    found = []
    for row, words in enumerate(rows["__words__"]):
        taken, of_row = set(), []
        for token in range(encoded.starts[row], encoded.starts[row + 1]):
            begin, end = encoded.begin[token], encoded.end[token]
            touched = [i for i, w in enumerate(words) if w["start"] < end and w["end"] > begin and end > begin]
            of_row.append(touched[0] if touched and touched[0] not in taken else -1)
            taken.update(touched[:1])
        found.append(of_row)
    return found


@few
@given(rows=worded_rows(), max_tokens=st.integers(8, 24), long_texts=st.sampled_from(["windows", "truncate"]))
def test_a_word_has_its_target_on_its_first_subword_in_one_window_and_nowhere_else(
    tiny_folder, rows, max_tokens, long_texts
):
    tokenizer = load_tokenizer(tiny_folder(), transformers.AutoConfig.from_pretrained(tiny_folder()))
    tokenizer.max_tokens = max_tokens
    task = Task(labels=LABELS, lengths=Lengths(long_texts=long_texts))
    features = gather([task.encode(rows, tokenizer, 10)])
    word, target = features.tokens["word"], features.tokens["target"]
    assert np.array_equal(word >= 0, target != IGNORED)
    assert features.lengths.max() <= max_tokens
    for edge in (features.starts[:-1], features.starts[1:] - 1):  # the special tokens
        assert (word[edge] == -1).all()
    rows_of = np.repeat(features.units["row"], features.lengths) - 10
    carried = list(zip(rows_of[word >= 0].tolist(), word[word >= 0].tolist(), strict=True))
    assert len(carried) == len(set(carried)), "no word counts twice"
    encoded = tokenizer.encode(rows["text"])
    expected = first_subwords_by_loop(encoded, rows)
    room = tokenizer.room if long_texts == "truncate" else 10**6
    assert carried == [(row, w) for row, found in enumerate(expected) for w in found[:room] if w >= 0]
    whole = 0 if long_texts == "windows" else int((encoded.lengths > tokenizer.room).sum())
    assert features.facts["cut_rows"] == whole


@pytest.mark.parametrize("name", ["pieces", "apart"])
@few
@given(rows=worded_rows(), max_tokens=st.integers(8, 20), seed=st.integers(0, 1000))
def test_windows_of_a_long_text_joined_answer_as_the_whole(tiny_folder, tokenizers, name, rows, max_tokens, seed):
    """Whatever scores a model gives each word, where the text was cut changes nothing."""
    task = Task(labels=LABELS, lengths=Lengths(long_texts="windows"))
    tokenizer = tokenizers[name]
    scores = 3 * np.random.default_rng(seed).normal(size=(3, 64, task.num_outputs)).astype(np.float32)

    def answers(limit):
        before, tokenizer.max_tokens = tokenizer.max_tokens, limit
        try:
            features = gather([task.encode(rows, tokenizer, 0)])
        finally:
            tokenizer.max_tokens = before
        row = np.repeat(features.units["row"], features.lengths)
        return len(features), task.decode(scores[row, features.tokens["word"]], features, rows, 0)

    (_, short), (whole, long) = answers(max_tokens), answers(10_000)
    assert whole == len(rows["text"])
    assert short == long


def test_a_long_text_has_windows_or_is_cut_as_asked(tokenizers):
    rows = {
        "text": [" ".join(["paris"] * 200), "the room"],
        "spans": [[{"start": 1194, "end": 1199, "label": "LOC"}], []],
    }
    features, predictions = round_trip(rows, tokenizers["pieces"])
    assert len(features) > 3
    assert features.facts["window_rows"] == 1
    assert features.facts["cut_rows"] == 0
    assert [triples(p.target["spans"]) for p in predictions] == [[(1194, 1199, "LOC")], []]
    task = Task(labels=LABELS, lengths=Lengths(long_texts="truncate"))
    features = gather([task.encode(rows, tokenizers["pieces"], 0)])
    assert len(features) == 2
    assert features.facts["cut_rows"] == 1
    predictions = task.decode(perfect(features, task), features, rows, 0)
    assert [p.target["spans"] for p in predictions] == [[], []]


def test_rows_without_gold_have_no_target(tokenizers):
    task = Task(labels=LABELS)
    chunk = task.encode({"text": ["the room", ""]}, tokenizers["pieces"], 5)
    assert "target" not in chunk.tokens
    assert chunk.units["row"].tolist() == [5, 6]
    assert "spans" not in chunk.facts
    features = gather([chunk])
    found = task.decode(np.zeros((len(chunk.tokens["word"]), 7), np.float32), features, {"text": ["the room", ""]}, 5)
    assert [p.row for p in found] == [0, 1]
    assert found[1].target["spans"] == []
    assert found[1].confidence == 1.0


def test_a_span_label_that_training_never_saw_is_damaged_not_guessed(tokenizers):
    rows = {"text": ["the paris room"], "spans": [[{"start": 4, "end": 9, "label": "NEW"}]]}
    features, [prediction] = round_trip(rows, tokenizers["pieces"])
    assert features.facts["damaged_spans"] == 1
    assert prediction.target["spans"] == []


def test_confidence_is_the_least_of_the_words_and_each_span_has_its_own(tokenizers):
    rows = {"text": ["paris room good"], "spans": [[{"start": 0, "end": 10, "label": "LOC"}]]}
    task = Task(labels=("LOC",))
    features = gather([task.encode(rows, tokenizers["pieces"], 0)])
    probs = {0: [0.1, 0.8, 0.1], 1: [0.3, 0.0, 0.7], 2: [0.6, 0.2, 0.2]}
    outputs = np.zeros((len(features.tokens["word"]), 3), np.float32)
    for place, word in enumerate(features.tokens["word"]):
        if word >= 0:
            outputs[place] = np.log(np.array(probs[int(word)]) + 1e-9)
    [prediction] = task.decode(outputs, features, rows, 0)
    assert prediction.target["spans"] == [{"start": 0, "end": 10, "label": "LOC", "confidence": 0.7}]
    assert prediction.confidence == pytest.approx(0.6, abs=1e-6)


def test_the_labels_are_those_of_training_and_the_card_brings_the_task_back():
    spans = [[{"start": 0, "end": 1, "label": "LOC"}], [], None, [{"start": 1, "end": 2, "label": "人名"}]]
    dataset = Dataset("train", "memory", pa.table({"text": ["ab"] * 4, "spans": spans}))
    task = Task.learn(dataset, Lengths(max_tokens=32, long_texts="windows"))
    assert task.labels == ("LOC", "人名")
    assert task.tags == ("O", "B-LOC", "I-LOC", "B-人名", "I-人名")
    assert task.class_weights(dataset) == ()
    assert Task.from_card({**task.card(), "max_tokens": 32}) == task


def test_gold_and_predicted_are_laid_side_by_side_and_shown(tokenizers):
    rows = {"text": ["the paris room"], "spans": [[{"start": 4, "end": 9, "label": "LOC"}]]}
    _, predictions = round_trip(rows, tokenizers["pieces"])
    task = Task(labels=LABELS)
    outcome = task.outcome(rows, predictions)
    assert outcome.gold == outcome.predicted == [[(4, 9, "LOC")]]
    assert next(iter(task.metrics.values())).figure(outcome) == 1.0
    assert task.shown(predictions[0].target, rows["text"][0]) == "paris=LOC"
    assert task.shown({"spans": []}, "") == "-"
