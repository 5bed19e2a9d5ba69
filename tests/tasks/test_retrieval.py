"""Queries and what answers them: what becomes a feature, what is mined, what is said, and a run from end to end."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import dongcha
from dongcha.config import Recipe
from dongcha.data.features import gather
from dongcha.data.load import ReadOptions, load
from dongcha.data.splits import Splits, read_splits
from dongcha.errors import DataError, MissingExtra
from dongcha.models.heads.embedding import NEGATIVE, POSITIVE, QUERY, in_batch
from dongcha.models.source import Source
from dongcha.tasks._model import learn, model_for
from dongcha.tasks._predict import lay_flat, ready
from dongcha.tasks.retrieval import Passages, Task
from dongcha.testing import tiny_rows
from dongcha.types import Prediction

CORPUS = [{"doc": name, "text": f"the room in {name} was good"} for name in ("paris", "london", "beijing", "shanghai")]
JUDGED = [
    {"query": "paris room", "relevant": [{"doc": "london", "grade": 1}, {"doc": "paris", "grade": 3}]},
    {"query": "a room", "relevant": [{"doc": "beijing", "grade": 0}]},
]
NAMED = {name: i for i, name in enumerate(doc["doc"] for doc in CORPUS)}


def read(rows, fields=Task.fields, name="train"):
    return load(rows, fields, base=Path(), options=ReadOptions(), cache=None, name=name)


def built(folder, rows, corpus=None, others=None, **sections):
    recipe = Recipe(task="retrieval", data={"train": rows}, model=str(folder), **sections)
    documents = None if corpus is None else read(corpus, ("doc", "text"), "corpus")
    dataset = read(rows)
    sets = {"train": dataset} | {name: read(more, name=name) for name, more in (others or {}).items()}
    task = learn(recipe, Splits(sets, frozenset(), 0, documents))
    columns = {name: dataset.column(name) for name in dataset.columns}
    return task, model_for(recipe, task, Source("tiny", folder, ""), dataset), columns


def test_each_query_stands_before_each_of_its_answers_the_best_first(tiny_folder):
    task, model, rows = built(tiny_folder(), JUDGED, CORPUS)
    chunk = task.encode(rows, model.tokenizer, 5)
    target = chunk.units["target"].tolist()
    assert [(row, side, number) for row, _, side, number, _ in target] == [
        (5, QUERY, -1),
        (5, POSITIVE, NAMED["paris"]),
        (5, QUERY, -1),
        (5, POSITIVE, NAMED["london"]),
        (6, QUERY, -1),  # all that was judged of it is wrong
    ]
    groups = chunk.units["group"]
    assert groups[0] == groups[1] != groups[2] == groups[3] != groups[4]
    assert "target" not in task.encode({"query": rows["query"]}, model.tokenizer, 0).units


def test_without_a_corpus_the_answers_of_all_rows_are_searched(tiny_folder):
    rows = [{"query": "a", "positive": "x y", "negatives": ["z", "x y"]}, {"query": "b", "positive": "x y"}]
    task, model, columns = built(tiny_folder(), rows)
    assert (task.passages.ids, task.passages.texts) == (("1", "2"), ("x y", "z"))
    target = task.encode(columns, model.tokenizer, 0).units["target"]
    assert target[:, 2:4].tolist() == [
        [QUERY, -1],
        [POSITIVE, 0],
        [NEGATIVE, 1],
        [NEGATIVE, 0],
        [QUERY, -1],
        [POSITIVE, 0],
    ]


@pytest.mark.parametrize(
    ("rows", "corpus", "said"),
    [
        (JUDGED, None, "data.corpus"),
        ([{"query": "a", "relevant": ["pariss"]}], CORPUS, "row 1.*no document pariss; did you mean paris"),
        (JUDGED, [*CORPUS, CORPUS[0]], r"row 5: doc .paris. is that of row 1"),
        ([{"query": "a", "relevant": [{"doc": "paris", "grade": -1}]}], CORPUS, "row 1.*grade"),
        ([{"query": "a", "relevant": [{"grade": 1}]}], CORPUS, "row 1.*doc"),
        ([{"query": "a", "positive": " "}], None, "row 1.*positive"),
        ([{"query": "a"}], None, "positive"),
    ],
)
def test_rows_that_name_nothing_are_refused(tiny_folder, rows, corpus, said):
    with pytest.raises(DataError, match=said):
        built(tiny_folder(), rows, corpus)


def test_mined_negatives_are_near_and_not_judged(tiny_folder):
    task, model, rows = built(tiny_folder(), JUDGED, CORPUS)
    task = ready(task, model)
    numbers = [NAMED[name] for name in ("paris", "london", "beijing", "shanghai")]
    vectors = np.zeros((4, 4), dtype=np.float32)
    cosines = {"paris": 0.9, "london": 0.2, "beijing": 0.88, "shanghai": 0.5}  # beijing: as near as the best answer
    for i, number in enumerate(numbers):
        vectors[number, i] = 1
    query = np.array([[cosines[name] for name in NAMED]], dtype=np.float32)
    task = task.over(task.passages.ids, task.passages.texts, vectors)
    one = {name: values[:1] for name, values in rows.items()}
    features = type("Features", (), {"units": {"row": np.zeros(1, int)}})
    assert task.mine(query, features, one, 3).mined == {"paris room": [NAMED["shanghai"]]}
    mined = task.mine(query, features, one, 3)
    target = mined.encode(one, model.tokenizer, 0).units["target"]
    assert target[:, 3].tolist() == [-1, NAMED["paris"], NAMED["shanghai"], -1, NAMED["london"], NAMED["shanghai"]]


def test_what_another_row_of_the_same_query_calls_right_is_not_mined(tiny_folder):
    rows = [{"query": "a room", "relevant": ["paris"]}, {"query": "a room", "relevant": ["london"]}]
    task, _, columns = built(tiny_folder(), rows, CORPUS)
    task = task.over(task.passages.ids, task.passages.texts, np.eye(4, dtype=np.float32))
    features = type("Features", (), {"units": {"row": np.arange(2)}})
    found = task.mine(np.array([[0.9, 0.5, 0.2, 0.3]] * 2, dtype=np.float32), features, columns, 2).mined
    assert found == {"a room": [NAMED["shanghai"], NAMED["beijing"]]}


def test_a_query_of_several_rows_is_judged_by_the_answers_of_them_all(tiny_folder):
    rows = [{"query": "a", "positive": "x"}, {"query": "b", "positive": "z"}, {"query": "a", "positive": "y"}]
    task, model, columns = built(tiny_folder(), rows)
    features = gather([task.encode(columns, model.tokenizer, 0)])
    found = [Prediction(i, {"relevant": [{"doc": "1"}, {"doc": "3"}]}, 1.0) for i in range(3)]
    assert task.metrics["ndcg_10"].row_scores(task.outcome(columns, found)).tolist() == [1.0, 0.0, 1.0]
    perfect = task.outcome(columns, task.perfect(features, columns))
    assert task.metrics["ndcg_10"].row_scores(perfect).tolist() == [1.0, 1.0, 1.0]


def mined(task, rows, cosines, count=3, places=None):
    """Mine for the first row, given the cosine of its query to each passage; `places` says where each one's text is."""
    width = len(task.passages.ids)
    vectors = np.eye(width, dtype=np.float32)[list(range(width)) if places is None else places]
    task = task.over(task.passages.ids, task.passages.texts, vectors)
    query = np.array([cosines], dtype=np.float32)
    features = type("Features", (), {"units": {"row": np.zeros(1, int)}})
    (found,) = task.mine(query, features, {name: values[:1] for name, values in rows.items()}, count).mined.values()
    return [task.passages.ids[number] for number in found]


def test_answers_of_rows_that_are_judged_are_not_mined(tiny_folder):
    """Training would learn that the answer to a test row is no answer."""
    rows = [{"query": f"q{i}", "positive": f"x{i}"} for i in range(3)]
    judged = [{"query": "t", "positive": "secret", "negatives": ["kept back"]}, {"query": "u", "positive": "x1"}]
    for name in ("validation", "test", "far"):
        task, _, columns = built(tiny_folder(), rows, others={name: judged})
        assert task.passages.texts == ("x0", "x1", "x2", "secret", "kept back")
        assert mined(task, columns, [0.9, 0.3, 0.2, 0.8, 0.8]) == ["2", "3"]
    task, _, columns = built(tiny_folder(), rows, CORPUS, others={"test": judged})
    assert mined(task, columns, [0.1, 0.2, 0.3, 0.4, 0.9, 0, 0, 0.8, 0.8]) == ["shanghai", "beijing", "london"]


def test_a_near_passage_that_is_judged_wrong_makes_others_no_answers(tiny_folder):
    """What is nearer than the best answer may be one; the cosine of a wrong document says nothing of that."""
    rows = [{"query": "q", "relevant": [{"doc": "paris", "grade": 2}, {"doc": "london", "grade": 0}]}]
    task, _, columns = built(tiny_folder(), rows, CORPUS)
    assert mined(task, columns, [0.6, 0.9, 0.8, 0.5]) == ["shanghai"]


def test_the_best_answer_is_known_where_it_is_not_among_the_nearest(tiny_folder):
    corpus = [{"doc": f"d{i}", "text": f"text {i}"} for i in range(150)]
    task, _, columns = built(tiny_folder(), [{"query": "q", "relevant": ["d149"]}], corpus)
    assert mined(task, columns, np.linspace(1, 0.1, 150)) == []


def test_a_query_without_an_answer_mines_nothing(tiny_folder):
    task, _, columns = built(tiny_folder(), JUDGED[1:], CORPUS)
    assert mined(task, columns, [0.9, 0.1, 0.5, 0.4]) == []


TWINS = [{"doc": name, "text": text} for name, text in (("a", "same"), ("b", "same"), ("c", "other"), ("d", "other"))]


def test_a_twin_of_an_answer_is_not_mined_and_one_of_a_wrong_text_is_not_mined_twice(tiny_folder):
    rows = [{"query": "q", "relevant": [{"doc": "c", "grade": 2}, {"doc": "b", "grade": 1}]}]
    task, _, columns = built(tiny_folder(), rows, [*TWINS, {"doc": "e", "text": "e"}, {"doc": "f", "text": "e"}])
    assert mined(task, columns, [0.2, 0, 0.9, 0, 0.1, 0], places=[0, 0, 2, 2, 4, 4]) == ["e"]


def test_a_text_under_two_names_is_not_held_against_itself(tiny_folder):
    rows = [{"query": "q one", "relevant": ["a"]}, {"query": "q two", "relevant": ["b"]}]
    task, model, columns = built(tiny_folder(), rows, TWINS)
    features = gather([task.encode(columns, model.tokenizer, 0)])
    vectors = torch.ones(4, 1)
    assert in_batch(vectors, torch.from_numpy(np.array(features.units["target"])), model.spec) == 0
    assert [p.target["relevant"][0]["doc"] for p in task.perfect(features, columns)] == ["a", "b"]


def test_the_twin_of_an_answer_is_the_answer(tiny_folder):
    task, _, columns = built(tiny_folder(), [{"query": "q", "positive": "other"}], TWINS)
    outcome = task.outcome(columns, [ranked("d", "b", "c", "a")])
    assert outcome.predicted == [["c", "a"]] and outcome.gold == [{"c": 1}]
    assert task.metrics["mrr_10"].row_scores(outcome).tolist() == [1.0]


def test_queries_of_one_checksum_are_two(tiny_folder):
    """The CRC-32 of these two words is one."""
    rows = [{"query": "plumless", "positive": "x"}, {"query": "buckeroo", "positive": "y"}]
    task, model, columns = built(tiny_folder(), rows)
    features = gather([task.encode(columns, model.tokenizer, 0)])
    assert [len(p.target["relevant"]) for p in task.perfect(features, columns)] == [1, 1]
    loss = in_batch(torch.ones(4, 1), torch.from_numpy(np.array(features.units["target"])), model.spec)
    assert loss == pytest.approx(2 * np.log(2))


def test_rows_of_one_query_know_one_another_over_stretches(tiny_folder):
    rows = [{"query": "q", "positive": "x"}, {"query": "q", "positive": "y"}]
    task, model, columns = built(tiny_folder(), rows)
    parts = [{name: values[i : i + 1] for name, values in columns.items()} for i in range(2)]
    features = gather([task.encode(part, model.tokenizer, i) for i, part in enumerate(parts)])
    assert [len(p.target["relevant"]) for p in task.perfect(features, columns)] == [2, 2]


def test_of_two_grades_of_one_document_the_greatest_counts(tiny_folder):
    task, _, columns = built(
        tiny_folder(), [{"query": "q", "relevant": [{"doc": "a", "grade": 3}, {"doc": "a", "grade": 1}]}], TWINS
    )
    assert task.judged(columns) == [{"a": 3}]


def test_a_name_that_we_give_is_no_documents(tiny_folder):
    corpus = [{"doc": "3", "text": "x"}, {"doc": "answer-3", "text": "y"}]
    task, _, _ = built(tiny_folder(), [{"query": "q", "positive": "z"}, {"query": "r", "positive": "w"}], corpus)
    assert len({*task.passages.ids}) == 4 and task.passages.texts == ("x", "y", "z", "w")


def test_negatives_may_stand_beside_documents_by_name(tiny_folder):
    rows = [{"query": "paris room", "relevant": ["paris"], "negatives": ["a bad room", CORPUS[1]["text"]]}]
    task, model, columns = built(tiny_folder(), rows, CORPUS)
    assert task.passages.ids == (*NAMED, "5") and task.passages.texts[-1] == "a bad room"
    target = task.encode(columns, model.tokenizer, 0).units["target"]
    assert target[:, 2:4].tolist() == [[QUERY, -1], [POSITIVE, NAMED["paris"]], [NEGATIVE, 4], [NEGATIVE, 1]]


@pytest.mark.parametrize("change", ["corpus", "hard_negatives"])
def test_cached_features_are_those_of_the_passages_and_the_mined(tiny_folder, tmp_path, monkeypatch, change):
    monkeypatch.setattr("dongcha.stations.prepare.FEW_TO_CACHE", 0)
    judged = [{"query": f"room {i}", "relevant": ["paris", "london"]} for i in range(20)]

    def features(corpus, hard_negatives):
        data = {"train": judged, "corpus": corpus}
        train = {"hard_negatives": hard_negatives}
        recipe = Recipe(task="retrieval", model=str(tiny_folder()), data=data, train=train, folder=tmp_path)
        found = dongcha.run(recipe, until="features")["features"]["train"]
        return np.asarray(found.units["target"])[:, 2].tolist(), np.asarray(found.tokens["input_ids"]).tolist()

    other = [{**CORPUS[0], "text": "quite another text"}, *CORPUS[1:]]
    first = features(CORPUS, 0)
    assert features(CORPUS, 0) == first
    assert (features(other, 0) if change == "corpus" else features(CORPUS, 1)) != first


def test_columns_of_the_corpus_are_told_with_the_others_and_grades_may_be_left_out(tmp_path):
    (tmp_path / "pages.csv").write_text("page,body\n1,a room\n2,a flat\n")
    rows = [{"q": f"room {i}", "relevant": [{"doc": 1, "grade": 2.0}, {"doc": 2}]} for i in range(10)]
    columns = {"query": "q", "doc": "page", "text": "body"}
    recipe = Recipe(task="retrieval", model="-", data={"train": rows, "corpus": "pages.csv", "columns": columns})
    splits = read_splits(recipe.data, Task.fields, seed=1, base=tmp_path, cache=None)
    assert (splits.corpus.column("doc"), splits.corpus.column("text")) == (["1", "2"], ["a room", "a flat"])
    assert splits.by_name["test"].column("relevant")[0] == [{"doc": "1", "grade": 2}, {"doc": "2", "grade": 1}]


def test_negatives_may_stand_in_columns_of_their_own():
    rows = [
        {"query": "a", "positive": "x", "n1": "y", "n2": " "},
        {"query": "b", "positive": "x", "n1": "z", "n2": "y"},
    ]
    options = ReadOptions(columns={"negatives": ["n1", "n2"]})
    dataset = load(rows, Task.fields, base=Path(), options=options, cache=None, name="train")
    assert dataset.column("negatives") == [["y"], ["z", "y"]]


def test_a_library_that_the_index_lacks_is_told_before_training(tiny_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(MissingExtra, match="usearch"):
        built(tiny_folder(), tiny_rows("retrieval", 4))


def test_the_nearest_are_said_best_first_and_those_of_the_model_as_it_is(tiny_folder):
    task, model, _ = built(tiny_folder(), JUDGED, CORPUS)
    task = ready(task, model)
    np.testing.assert_allclose(np.linalg.norm(task.passages.vectors, axis=1), 1, atol=1e-5)
    asked = {"query": [CORPUS[2]["text"]]}
    features = gather([task.encode(asked, model.tokenizer, 0)])
    [found] = task.decode(lay_flat(features, model.logits(features)), features, asked, 0)
    first = found.target["relevant"][0]
    assert first["doc"] == "beijing" and first["score"] == pytest.approx(1, abs=1e-3)
    scores = [one["score"] for one in found.target["relevant"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 4


def ranked(*docs):
    return Prediction(0, {"relevant": [{"doc": doc, "score": 0.0} for doc in docs]}, 0.0)


def test_two_rankings_become_one_by_reciprocal_ranks():
    task = Task(gold="relevant", passages=Passages(("a", "b", "c"), ("", "", "")))
    [found] = task.combine([ranked("a", "b")], [ranked("b", "c")])
    assert [one["doc"] for one in found.target["relevant"]] == ["b", "a", "c"]
    assert found.target["relevant"][0]["score"] == pytest.approx(1 / 62 + 1 / 61, abs=1e-4)


@pytest.mark.usefixtures("no_charts")
def test_a_run_has_its_rows_and_its_model_finds_what_it_searched(tiny_folder, tmp_path):
    data = {"train": tiny_rows("retrieval", 60), "split": {"validation": 0.2, "test": 0.3}}
    train = {"epochs": 2, "learning_rate": 3e-3, "batch_tokens": 400, "hard_negatives": 2}
    model = str(tiny_folder())
    recipe = Recipe(name="s", task="retrieval", data=data, model=model, folder=tmp_path, threads=1, train=train)
    report = dongcha.run(recipe)
    rows = {row.name: row for row in report.table}
    assert list(rows) == ["bm25", "before", "hybrid", "after"]
    assert rows["hybrid"].verdict and rows["after"].verdict and not rows["bm25"].verdict
    assert {check.status for check in report.checks if check.name != "forecast_kept"} <= {"passed"}
    card = (tmp_path / report.folder / "README.md").read_text(encoding="utf-8")
    assert "--text" in card and "their pooling in numpy equal vectors" in card and '"sentence-similarity"' in card
    assert "against BM25" in card
    predictor = dongcha.load(tmp_path / report.folder)
    [answer] = predictor.predict(["paris 0"])
    assert all(len(str(one["score"])) <= len("-0.1234") for one in answer["relevant"])
    assert len(answer["relevant"]) == 10 and answer["positive"] == answer["relevant"][0]["text"]
    known = {row["positive"] for row in data["train"]}
    assert {one["text"] for one in answer["relevant"]} <= known
