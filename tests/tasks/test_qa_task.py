"""Questions: windows that carry the answer's place there and back, the best pair of places, the threshold for none."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig

from dongcha.data.features import gather
from dongcha.models.tokenizer import load_tokenizer
from dongcha.tasks._base import Lengths
from dongcha.tasks.qa import ASIDE, IN_WINDOW, MOST_TOKENS, N_BEST, Task, best_spans, best_threshold, candidates

text = st.lists(st.sampled_from(["room", "good", "bad", "paris", "房间", "好", "x1"]), min_size=1, max_size=80)


@pytest.fixture(scope="module", params=[False, True], ids=["pieces", "joined"])
def tokenizer(request, tiny_folder):
    folder = tiny_folder(joins_cjk=request.param)
    found = load_tokenizer(folder, AutoConfig.from_pretrained(folder))
    if found.joins_cjk():
        found.isolate_cjk()
    return found


def rows_of(contexts, answers, question="was it good"):
    made = [
        {"text": [context[a:b]], "answer_start": [a]} if b > a else {"text": [], "answer_start": []}
        for context, (a, b) in zip(contexts, answers, strict=True)
    ]
    return {"question": [question] * len(contexts), "context": contexts, "answers": made}


def perfect(features):
    outputs = np.full((int(features.starts[-1]), 2), -9.0, dtype=np.float32)
    places = features.starts[:-1, None] + features.units["target"]
    for side in range(2):
        outputs[places[:, side], side] = 9.0
    return outputs


@settings(max_examples=60, deadline=None)
@given(data=st.data(), words=text, long=st.sampled_from(["windows", "truncate"]))
def test_an_answer_of_whole_words_survives_the_way_in_and_out(tokenizer, data, words, long):
    context = " ".join(words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, min(len(words) - 1, first + 8)))
    start = len(" ".join(words[:first])) + (first > 0)
    end = len(" ".join(words[: last + 1]))
    rows = rows_of([context, context], [(start, end), (0, 0)])
    task = Task(lengths=Lengths(long_texts=long))
    features = gather([task.encode(rows, tokenizer, 0)])
    assert features.lengths.max() <= tokenizer.max_tokens
    held = bool((features.units["target"][features.units["row"] == 0] > 0).any())
    assert held or long == "truncate" or int(features.facts["damaged_spans"]) or len(context[start:end]) > 20
    found = task.decode(perfect(features), features, rows, 0)
    assert found[1].target["answer"] == ""
    if held:
        assert found[0].target["answers"] == rows["answers"][0]
        assert context[found[0].target["n_best"][0]["start"] :].startswith(found[0].target["answer"])


def test_every_token_of_the_context_stands_in_some_window(tokenizer):
    rows = rows_of(["room " * 90], [(0, 4)])
    features = gather([Task().encode(rows, tokenizer, 5)])
    assert len(features) > 1
    assert set(features.units["row"].tolist()) == {5}
    seen = {int(b) for b in features.tokens["begin"] if b != ASIDE}
    assert seen == {int(b) for b in tokenizer.encode(rows["context"]).begin}
    assert features.facts["window_rows"] == 1 and features.facts["cut_rows"] == 0


def test_a_long_question_leaves_room_for_the_text(tokenizer):
    rows = rows_of(["the room was good"], [(9, 12)], question="was it good " * 40)
    features = gather([Task().encode(rows, tokenizer, 0)])
    assert features.lengths.max() <= tokenizer.max_tokens
    assert Task().decode(perfect(features), features, rows, 0)[0].target["answer"] == "was"


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 60), seed=st.integers(0, 99))
def test_the_best_spans_are_those_of_all_pairs(count, seed):
    draw = np.random.default_rng(seed)
    begin = np.concatenate([[ASIDE] * 2, np.arange(count) * 3, [ASIDE]])
    end = np.where(begin == ASIDE, ASIDE, begin + 2)
    outputs = draw.normal(size=(len(begin), 2))
    pairs = [(i, j) for i, j in product(range(count), repeat=2) if i <= j < i + MOST_TOKENS]
    scores = {(i * 3, j * 3 + 2): outputs[i + 2, 0] + outputs[j + 2, 1] for i, j in pairs}
    expected = sorted(scores.items(), key=lambda item: -item[1])[:IN_WINDOW]
    found = sorted(best_spans(outputs, begin, end), key=lambda item: -item[1])
    assert [place for place, _ in found] == [place for place, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected])


def test_nothing_scores_as_in_the_window_that_believes_least_in_it(tokenizer):
    rows = rows_of(["room " * 90], [(0, 0)])
    features = gather([Task().encode(rows, tokenizer, 0)])
    outputs = np.zeros((int(features.starts[-1]), 2))
    outputs[features.starts[:-1]] = np.arange(len(features))[::-1, None]
    [(spans, nothing)] = candidates(outputs, features, rows["context"], 0)
    assert nothing == 0.0 and len(spans) == N_BEST


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-99, 99).map(lambda i: i / 8), st.sampled_from([-1.0, 0.0, 0.5, 1.0])),
        min_size=1,
        max_size=12,
    )
)
def test_the_threshold_gains_most(rows):
    margins, gains = (np.array(side) for side in zip(*rows, strict=True))
    found = best_threshold(margins, gains)
    tried = [*margins, *(margins - 1e-6), margins.max() + 1]
    assert gains[margins > found].sum() >= max(gains[margins > cut].sum() for cut in tried) - 1e-6


@pytest.mark.parametrize(
    ("margins", "gains"), [([5, 6, 8], [1, 1, 1]), ([-5, -6, -8], [-1, -1, -1]), ([2, -2], [1, -1])]
)
def test_the_threshold_is_zero_where_that_gains_most_too(margins, gains):
    assert best_threshold(np.array(margins, dtype=float), np.array(gains, dtype=float)) == 0.0


def test_blanks_at_its_ends_make_no_other_answer_and_no_answer_of_themselves():
    context = "a \n\nwas"  # tokens as byte-level tokenizers have them: blanks of their own, and before words
    begin, end = np.array([ASIDE, 0, 1, 2, 3]), np.array([ASIDE, 1, 2, 3, 7])
    outputs = np.array([[-9.0, 0.0], [0.0, 0.0], [3.0, 9.0], [2.0, 2.0], [4.0, 3.0]])
    features = SimpleNamespace(
        units={"row": np.array([0])}, starts=np.array([0, 5]), tokens={"begin": begin, "end": end}
    )
    [(spans, _)] = candidates(outputs, features, [context], 0)
    told = [span.told(context, 0.0) for span in spans]
    assert [(one["text"], one["start"], one["score"]) for one in told] == [("a", 0, 9), ("was", 4, 7), (context, 0, 3)]


def test_the_threshold_is_settled_on_validation_rows_and_kept(tokenizer):
    rows = rows_of(["the room was good"] * 2, [(4, 8), (0, 0)])
    features = gather([Task().encode(rows, tokenizer, 0)])
    outputs = perfect(features)
    one, two = features.starts[:-1]
    begin, end = features.units["target"][0]
    outputs[two] = -9.0  # of the question without answer the model believes in one too, only less than in the first's
    outputs[two + begin, 0] = outputs[two + end, 1] = 3.0
    outputs[one + begin, 0] = outputs[one + end, 1] = 9.0
    outputs[one] = -9.0
    told = [p.target["answer"] for p in Task().decode(outputs, features, rows, 0)]
    assert told == ["room", "room"]
    task = Task().settle(outputs, features, rows)
    assert 24.0 < task.threshold < 36.0
    assert [p.target["answer"] for p in task.decode(outputs, features, rows, 0)] == ["room", ""]
    assert Task.from_card(task.card() | {"max_tokens": 64}).threshold == task.threshold
    assert task.shown({"answers": {"text": [], "answer_start": []}}, "") == "-"
