"""Questions answered from a library: what is found is read, and the best reading is cited."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import dongcha
from dongcha.cli import app
from dongcha.data.sentences import sentence_at
from dongcha.errors import DataError, ModelError
from dongcha.index import Index
from dongcha.stations import open_book
from dongcha.stations.open_book import OpenBook
from dongcha.testing import tiny_rows
from dongcha.types import Prediction

pytest.importorskip("bm25s")
pytest.importorskip("usearch")
LIBRARY = {
    "paris": "the room was clean. the service in paris was good.",
    "london": "the room was dirty. the service in london was bad.",
    "dogs": "dogs run. cats sleep.",
}


def library():
    vectors = np.eye(len(LIBRARY), 4, dtype=np.float32)
    return Index.create(list(LIBRARY), list(LIBRARY.values()), vectors)


def reads(answers):
    """Stand in for a reader: `answers` maps (question, context) to (answer, margin)."""

    def predict_rows(task, model, rows):
        found = []
        for i, key in enumerate(zip(rows["question"], rows["context"], strict=True)):
            text, score = answers.get(key, ("", -9.0))
            start = [key[1].index(text)] if text else []
            said = {"answers": {"text": [text] if text else [], "answer_start": start}, "answer": text}
            found.append(Prediction(i, said | {"n_best": [{"text": "x", "score": score}]}, 0.8))
        return found

    return predict_rows


class Reader:
    task = model = unsure_below = None
    answer = open_book.Predictor.answer


@pytest.fixture
def book(monkeypatch):
    def make(answers, **more):
        monkeypatch.setattr(open_book, "predict_rows", reads(answers))
        return OpenBook(Reader(), library(), **more)

    return make


def test_the_passage_whose_answer_wins_by_most_is_cited(book):
    asked = "the service in"
    answers = {(asked, LIBRARY["paris"]): ("paris", 1.0), (asked, LIBRARY["london"]): ("london", 3.0)}
    [told] = book(answers).predict([{"id": 7, "question": asked}])
    assert told["id"] == 7 and told["answer"] == "london" and told["doc"] == "london"
    assert told["sentence"] == "the service in london was bad."


def test_each_question_gets_its_own_passages_in_order(book):
    answers = {("paris", LIBRARY["paris"]): ("good", 1.0), ("cats", LIBRARY["dogs"]): ("sleep", 2.0)}
    told = list(book(answers, passages=1).predict(["paris", "cats", "nothing known"]))
    assert [(one["answer"], one["doc"]) for one in told] == [("good", "paris"), ("sleep", "dogs"), ("", None)]
    assert told[2]["sentence"] == ""


def test_a_sentence_is_the_one_around_the_place():
    text = "它在哪里？ 在红房子里。Then it left!"
    assert sentence_at(text, text.index("红")) == "在红房子里。"
    assert sentence_at(text, text.index("left")) == "Then it left!"
    assert sentence_at("", 0) == ""


@pytest.mark.usefixtures("no_charts")
def test_a_run_reads_a_saved_index(finish, models, reviews, tmp_path):
    data = {"train": tiny_rows("qa", 60), "split": {"validation": 0.2, "test": 0.3}}
    run = finish(name="asks", task="qa", data=data, model=str(models["pooled"]), train={"epochs": 1}).folder
    library().save(tmp_path / "lib")
    words = ["predict", str(run), "--text", "the service in", "--corpus", str(tmp_path / "lib")]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert {"answer", "doc", "sentence", "confidence"} <= {*told}
    if told["answer"]:
        assert told["answer"] in LIBRARY[told["doc"]] and told["sentence"] in LIBRARY[told["doc"]]
    with pytest.raises(DataError):
        dongcha.load_open_book(run, tmp_path / "nowhere")
    with pytest.raises(ModelError, match="task qa"):
        dongcha.load_open_book(reviews.folder, tmp_path / "lib")
