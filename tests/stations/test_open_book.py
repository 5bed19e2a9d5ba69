"""Questions answered from a library: what is found is read, and the best reading is cited."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import dongcha
from dongcha.cli import app
from dongcha.data.sentences import sentence_at
from dongcha.errors import DataError, ModelError, UserError
from dongcha.index import Index
from dongcha.stations import open_book
from dongcha.stations.indexing import Corpus, build_index
from dongcha.stations.open_book import OpenBook
from dongcha.testing import tiny_encoder, tiny_rows
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
    told = list(book(answers, passages=1).predict(["paris", "cats"]))
    assert [(one["answer"], one["doc"]) for one in told] == [("good", "paris"), ("sleep", "dogs")]


def test_where_nothing_is_found_nothing_is_read(book):
    answers = {("nothing known", text): ("the", 9.0) for text in LIBRARY.values()}
    asked = ["nothing known", "cats", "nothing known"]
    told = list(book(answers | {("cats", LIBRARY["dogs"]): ("sleep", 2.0)}).predict(asked))
    assert [(one["answer"], one["doc"], one["sentence"]) for one in told[::2]] == [("", None, "")] * 2
    assert (told[1]["answer"], told[1]["doc"]) == ("sleep", "dogs")


def test_a_sentence_is_the_one_around_the_place():
    text = "它在哪里？ 在红房子里。Then it left!"
    assert sentence_at(text, text.index("红")) == "在红房子里。"
    assert sentence_at(text, text.index("left")) == "Then it left!"
    assert sentence_at("", 0) == ""


@pytest.fixture(scope="module")
def run(finish, models):
    """The folder of a run of task qa."""
    data = {"train": tiny_rows("qa", 60), "split": {"validation": 0.2, "test": 0.3}}
    return finish(name="asks", task="qa", data=data, model=str(models["pooled"]), train={"epochs": 1}).folder


def predicted(run, *words, **more):
    """What `dongcha predict` prints of a run, one answer a line."""
    found = CliRunner().invoke(app, ["predict", str(run), *map(str, words)], **more)
    assert found.exit_code == 0, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


def refusal(run, *words):
    """What `dongcha predict` refuses a command line with."""
    found = CliRunner().invoke(app, ["predict", str(run), *map(str, words)])
    assert isinstance(found.exception, UserError), found.output
    return str(found.exception)


def test_a_run_reads_a_saved_index(run, reviews, tmp_path):
    library().save(tmp_path / "lib")
    [told] = predicted(run, "--text", "the service in", "--corpus", tmp_path / "lib")
    assert {"answer", "doc", "sentence", "confidence"} <= {*told}
    if told["answer"]:
        assert told["answer"] in LIBRARY[told["doc"]] and told["sentence"] in LIBRARY[told["doc"]]
    [told] = predicted(run, "--text", "nothing known", "--corpus", tmp_path / "lib", "--unsure-below", "0.9")
    assert told == {"answer": "", "doc": None, "sentence": "", "confidence": 1.0}
    with pytest.raises(DataError):
        dongcha.load_open_book(run, tmp_path / "nowhere")
    with pytest.raises(ModelError, match="task qa"):
        dongcha.load_open_book(reviews.folder, tmp_path / "lib")


def test_the_column_of_questions_can_be_named_on_standard_input_too(run, tmp_path):
    library().save(tmp_path / "lib")
    rows = [{"id": 1, "question": "the service in"}, {"id": 2, "question": "dogs"}]
    wanted = predicted(run, "-", "--corpus", tmp_path / "lib", input="\n".join(map(json.dumps, rows)))
    renamed = [{"id": row["id"], "q": row["question"], "question": "nothing known"} for row in rows]
    lines = "\n".join(map(json.dumps, renamed))
    assert predicted(run, "-", "--corpus", tmp_path / "lib", "--text-column", "q", input=lines) == wanted


def test_an_answer_that_is_found_is_not_streamed(tmp_path):
    told = refusal(tmp_path / "none", "--text", "where?", "--stream", "--corpus", tmp_path / "lib")
    assert "--stream" in told and "--corpus" in told


@pytest.fixture
def moved(models, tmp_path):
    """An index whose model has moved from `old` to `new`; `other` is another model."""
    shutil.copytree(models["pooled"], tmp_path / "old")
    passages = [{"doc": doc, "text": text} for doc, text in LIBRARY.items()]
    build_index(Corpus(source=passages, base=tmp_path), "old", tmp_path / "lib")
    (tmp_path / "old").rename(tmp_path / "new")
    tiny_encoder(tmp_path / "other", seed=1)
    return tmp_path


def test_an_index_whose_model_has_moved_is_told_where_it_is(run, moved):
    asked = ("--text", "the service in", "--corpus", moved / "lib")
    told = refusal(run, *asked)
    assert told.startswith("--corpus: ") and str(moved / "old") in told and "--corpus-model" in told
    assert "pip install" not in told, "what a recipe would want"
    [answer] = predicted(run, *asked, "--corpus-model", moved / "new")
    assert [answer] == list(dongcha.load_open_book(run, moved / "lib", embedder=moved / "new").predict([asked[1]]))
    (moved / "new" / "config.json").unlink()
    assert refusal(run, *asked, "--corpus-model", moved / "new").startswith("--corpus: ")


def test_another_model_than_the_indexs_is_refused_with_the_option_that_names_it(run, moved):
    told = refusal(run, "--text", "a", "--corpus", moved / "lib", "--corpus-model", moved / "other")
    assert told.startswith("--corpus: ") and "is not the model that made this index" in told
    assert "with --corpus-model" in told


def test_a_model_is_named_for_an_index_that_has_one_alone(run, models, tmp_path):
    library().save(tmp_path / "lib")
    asked = ("--text", "a", "--corpus-model", models["pooled"])
    assert "by words alone" in refusal(run, *asked, "--corpus", tmp_path / "lib")
    assert "with --corpus" in refusal(tmp_path / "none", *asked)
