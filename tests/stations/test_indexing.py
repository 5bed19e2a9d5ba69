"""Passages embedded by a model, found again, and refused with another model."""

import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from dongcha.errors import DataError, ModelError, UserError
from dongcha.index import Index, editing, open_index
from dongcha.stations.embedder import load_embedder
from dongcha.stations.indexing import Corpus, add_to_index, ask_index, build_index, read_queries
from dongcha.types import silent

ROWS = [
    {"doc": "quiet", "text": "the room was quiet and clean"},
    {"doc": 7, "text": "the service in paris was bad"},
    {"doc": 8.0, "text": "房间很干净"},
]
MORE = [{"doc": "soup", "text": "the soup was good"}]


@pytest.fixture
def place(tmp_path, tiny_folder):
    """A folder with an index of three passages."""
    build_index(Corpus(source=ROWS, base=tmp_path), str(tiny_folder()), tmp_path / "index")
    return tmp_path


def first(place, text, **options):
    (answer,) = ask_index(place / "index", [text], base=place, **options)
    return answer["hits"][0]


@pytest.mark.parametrize("by", ["hybrid", "vectors", "bm25"])
def test_a_passage_is_found_by_its_own_text(place, by):
    for row in ROWS:
        hit = first(place, row["text"], by=by)
        assert hit["text"] == row["text"] and hit["score"] > 0
    assert first(place, ROWS[0]["text"], by="vectors")["score"] == pytest.approx(1, abs=1e-3)


def test_ids_are_strings_as_people_write_them(place):
    assert open_index(place / "index").ids == ["quiet", "7", "8"]


def test_an_id_that_is_a_list_is_refused(tmp_path):
    with pytest.raises(DataError, match="row 1: field doc"):
        Corpus(source=[{"doc": ["a"], "text": "x"}], base=tmp_path).read()


def test_answers_come_in_order_with_as_many_hits_as_wanted(place):
    answers = list(ask_index(place / "index", ["clean", "paris"], k=2, base=place))
    assert [answer["query"] for answer in answers] == ["clean", "paris"]
    assert [len(answer["hits"]) for answer in answers] == [2, 2]
    assert list(ask_index(place / "index", [], base=place)) == []


def test_passages_are_added_with_the_model_that_the_index_remembers(place, tiny_folder):
    add_to_index(Corpus(source=MORE, base=place), place / "index")
    assert first(place, "the soup was good")["doc"] == "soup"
    whole = Index.load(place / "index")
    fresh = build_index(Corpus(source=ROWS + MORE, base=place), str(tiny_folder()), place / "fresh")
    question = np.ones((1, whole.width))
    assert whole.exact(question).ids == fresh.exact(question).ids
    np.testing.assert_allclose(whole.exact(question).scores[0], fresh.exact(question).scores[0], atol=1e-5)


def test_vectors_are_those_of_the_models_own_pooling(tiny_folder, tmp_path):
    import torch
    import transformers

    text = "the room was quiet"
    folder = tiny_folder(pooling="cls")
    embedder = load_embedder(str(folder), base=tmp_path, cache=tmp_path)
    tokenizer, plain = (kind.from_pretrained(folder) for kind in (transformers.AutoTokenizer, transformers.AutoModel))
    with torch.inference_mode():
        hidden = plain.eval()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0, 0].numpy()
    np.testing.assert_allclose(embedder.passages([text])[0], hidden / np.linalg.norm(hidden), atol=1e-5)


def test_prefixes_stand_before_the_texts_and_are_remembered(tmp_path, tiny_folder):
    prefixes = {"query_prefix": "query: ", "passage_prefix": "passage: "}
    index = build_index(Corpus(source=ROWS, base=tmp_path), str(tiny_folder()), tmp_path / "index", **prefixes)
    plain = load_embedder(str(tiny_folder()), base=tmp_path, cache=tmp_path)
    np.testing.assert_allclose(index.rows.vectors[0], plain.passages(["passage: " + ROWS[0]["text"]])[0], atol=1e-5)
    wanted = index.exact(plain.queries(["query: paris"]), 1).scores[0][0]
    assert first(tmp_path, "paris", by="vectors")["score"] == pytest.approx(wanted, abs=1e-5)


def test_a_run_embeds_too(tmp_path, reviews):
    index = build_index(Corpus(source=ROWS, base=tmp_path), str(reviews.folder), tmp_path / "index")
    trained = load_embedder(str(reviews.folder / "model"), base=tmp_path, cache=tmp_path)
    assert index.card["sha256"] == trained.sha256
    np.testing.assert_allclose(index.rows.vectors, trained.passages([row["text"] for row in ROWS]), atol=1e-5)


def moved(source, target, change=0.0):
    """Copy a model, its weights changed or not."""
    shutil.copytree(source, target)
    weights = load_file(target / "model.safetensors")
    save_file({name: value + value.dtype.type(change) for name, value in weights.items()}, target / "model.safetensors")
    return target


def test_another_model_is_refused_and_the_same_elsewhere_is_not(place, tiny_folder):
    other = moved(tiny_folder(), place / "other", change=0.1)
    for act in (
        lambda: first(place, "clean", model=str(other)),
        lambda: add_to_index(Corpus(source=MORE, base=place), place / "index", model=str(other)),
    ):
        with pytest.raises(ModelError, match="is not the model that made this index"):
            act()
    shutil.copytree(tiny_folder(), place / "same")
    assert first(place, "clean", model="same") == first(place, "clean")
    assert first(place, "paris", by="bm25", model=str(other))["doc"] == "7", "words need no model"


def test_an_index_made_from_vectors_alone_answers_by_words(tmp_path):
    Index.create(["a"], ["the soup"], np.ones((1, 4))).save(tmp_path / "index")
    assert first(tmp_path, "soup", by="bm25")["doc"] == "a"
    with pytest.raises(ModelError, match="does not say which model"):
        first(tmp_path, "soup")


def test_an_id_that_comes_twice_is_refused_with_its_rows(tmp_path):
    with pytest.raises(DataError, match="row 3: doc '7' is that of row 2 too"):
        Corpus(source=[ROWS[0], ROWS[1], {"doc": "7", "text": "x"}], base=tmp_path).read()


def test_what_is_refused_is_refused_before_a_model_is_loaded(place, monkeypatch):
    monkeypatch.setattr("dongcha.stations.indexing.load_embedder", None)
    with pytest.raises(DataError, match="already stands"):
        build_index(Corpus(source=ROWS, base=place), "m", place / "index")
    with pytest.raises(DataError, match="already holds 3"):
        add_to_index(Corpus(source=ROWS, base=place), place / "index")
    with pytest.raises(UserError, match="Question 2 is blank"):
        list(ask_index(place / "index", ["a", " "], base=place))
    assert len(open_index(place / "index")) == 3


def test_questions_of_a_file(tmp_path):
    (tmp_path / "q.csv").write_text("query,text\nfirst,other\n", encoding="utf-8")
    (tmp_path / "t.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert read_queries("q.csv", base=tmp_path) == ["first"]
    assert read_queries("q.csv", base=tmp_path, column="text") == ["other"]
    assert read_queries("t.txt", base=tmp_path) == ["one", "two"]
    with pytest.raises(DataError, match="no file"):
        read_queries("none.csv", base=tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("q.csv", "query,text\nfirst,other\n,more\n", "row 2: field query"),
        ("q.jsonl", '{"query": "first", "text": "other"}\n{"query": [5], "text": "more"}\n', "row 2: field query"),
        ("q.csv", "asked\nfirst\n", "query"),
    ],
)
def test_a_question_that_is_none_is_refused_and_no_other_column_read(tmp_path, name, content, said):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_queries(name, base=tmp_path)


def test_an_index_that_another_built_meanwhile_is_not_written_over(tmp_path, tiny_folder):
    def build(rows, watch=silent):
        return build_index(Corpus(source=rows, base=tmp_path), str(tiny_folder()), tmp_path / "index", watch=watch)

    with pytest.raises(DataError, match="already stands"):
        build(ROWS, watch=lambda moment, **facts: build(MORE))
    assert open_index(tmp_path / "index").ids == ["soup"]


@pytest.mark.parametrize("name", ["1_Pooling/config.json", "tokenizer_config.json"])
def test_the_same_weights_that_read_otherwise_are_another_model(tmp_path, tiny_folder, name):
    for folder in ("made", "other"):
        shutil.copytree(tiny_folder(pooling="cls"), tmp_path / folder)
    build_index(Corpus(source=ROWS, base=tmp_path), "made", tmp_path / "index")
    path = tmp_path / "other" / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"other is not the model that made this index: .* read"):
        first(tmp_path, "clean", model="other")


def test_an_index_that_says_nothing_of_how_texts_are_read_is_held_to_its_weights(place):
    with editing(place / "index") as index:
        del index.card["beside"]
    assert first(place, "the service in paris was bad")["doc"] == "7"


@pytest.mark.parametrize("by", ["hybrid", "vectors", "bm25"])
def test_half_a_character_is_no_question(place, by):
    with pytest.raises(UserError, match="query, row 2: half of a surrogate pair"):
        list(ask_index(place / "index", ["room", "\udcff room"], base=place, by=by))
