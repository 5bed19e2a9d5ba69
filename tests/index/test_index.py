"""An index answers as its rows say: by vectors, by words, by both, after rows came and went."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.errors import DataError, UserError
from dongcha.index import Hits, Index, open_index

WIDTH = 8
WORDS = ("room", "bad", "quiet", "paris", "房间", "很", "干净", "服务", "soup", "7")


def vectors_of(count, seed=0, width=WIDTH):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def rows_of(count, seed=0):
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 6))) for _ in range(count)]
    return [f"d{i}" for i in range(count)], texts, vectors_of(count, seed)


@pytest.fixture
def index():
    return Index.create(*rows_of(60))


def cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def same(one: Hits, other: Hits):
    assert one.ids == other.ids
    assert [scores.tolist() for scores in one.scores] == [scores.tolist() for scores in other.scores]


# by vectors


def test_scores_are_cosines_best_first(index):
    _, _, vectors = rows_of(60)
    query = vectors_of(1, seed=9)
    (ids,), (scores,) = index.exact(query, 60)
    assert sorted(ids) == sorted(index.ids) and np.all(np.diff(scores) <= 0)
    wanted = [cosine(query[0], vectors[int(name[1:])]) for name in ids]
    np.testing.assert_allclose(scores, wanted, atol=1e-5)


def test_the_graph_finds_what_looking_at_all_finds():
    index = Index.create(*rows_of(2000))
    queries = vectors_of(50, seed=3)
    found, wanted = index.search(queries, 10), index.exact(queries, 10)
    shared = [len(set(a) & set(b)) for a, b in zip(found.ids, wanted.ids, strict=True)]
    assert np.mean(shared) > 9.8
    for ids, scores, truth in zip(found.ids, found.scores, wanted.scores, strict=True):
        assert len(set(ids)) == 10 and np.all(np.diff(scores) <= 0)
        np.testing.assert_allclose(scores[0], truth[0], atol=1e-5)


def test_a_query_at_a_time_answers_as_a_batch():
    index = Index.create(*rows_of(500))
    queries = vectors_of(7, seed=3)
    for i, ids in enumerate(index.search(queries, 5).ids):
        assert index.search(queries[i : i + 1], 5).ids == [ids]


def test_a_walk_that_ends_early_is_answered_by_looking_at_all(monkeypatch):
    index = Index.create(*rows_of(200))
    queries = vectors_of(3, seed=4)
    monkeypatch.setattr(index.graph, "search", lambda queries, count: [np.zeros(2, np.uint64) for _ in queries])
    found, wanted = index.search(queries, 5), index.exact(queries, 5)
    assert found.ids == wanted.ids
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5)


def test_equal_vectors_come_in_the_order_of_their_rows():
    vectors = np.repeat(vectors_of(1), 40, axis=0)
    index = Index.create([f"d{i}" for i in range(40)], ["same"] * 40, vectors)
    assert index.exact(vectors[:1], 3).ids == [["d0", "d1", "d2"]]
    assert index.bm25(["same"], 3).ids == [["d0", "d1", "d2"]]


@pytest.mark.parametrize("twins", [4, 60])
def test_equal_vectors_come_in_order_however_they_are_found(twins):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(1003, 384)).astype(np.float32)
    places = np.sort(rng.choice(np.arange(1, 1003), twins, replace=False))
    vectors[places] = vectors[0]
    index = Index.create([f"d{i}" for i in range(1003)], ["x"] * 1003, vectors)
    queries = np.concatenate([vectors[:1], vectors[:50]]) + rng.normal(size=(51, 384)).astype(np.float32) * 0.02
    wanted = ["d0", *(f"d{i}" for i in places)][:5]
    first = index.exact(queries[:1], 5)
    assert first.ids[0][: len(wanted)] == wanted
    for many in (2, 3, 7, 51):
        for found in (index.exact(queries[:many], 5), index.search(queries[:many], 5)):
            same(Hits(found.ids[:1], found.scores[:1]), first)


def test_more_hits_than_rows_are_all_rows(index):
    queries = vectors_of(2, seed=1)
    for found in (index.search(queries, 1000), index.exact(queries, 1000)):
        assert [len(ids) for ids in found.ids] == [60, 60]


def test_no_questions_have_no_hits(index):
    assert index.search(np.zeros((0, WIDTH)), 3) == Hits([], [])
    assert index.bm25([], 3) == Hits([], [])
    assert index.hybrid([], np.zeros((0, WIDTH)), 3) == Hits([], [])


def test_an_empty_index_answers_with_nothing_and_takes_rows():
    index = Index.create([], [], np.zeros((0, WIDTH)))
    query = vectors_of(1)
    assert len(index) == 0
    for found in (index.search(query), index.exact(query), index.bm25(["room"]), index.hybrid(["room"], query)):
        assert found.ids == [[]] and [len(scores) for scores in found.scores] == [0]
    index.add(*rows_of(5))
    assert len(index.search(query, 3).ids[0]) == 3


# by both


def test_hybrid_adds_up_inverse_ranks(index):
    query, text = vectors_of(1, seed=5), "quiet room"
    (near,), _ = index.search(query, 100)
    (said,), _ = index.bm25([text], 100)
    wanted = {}
    for ranking in (near, said):
        for rank, name in enumerate(ranking, 1):
            wanted[name] = wanted.get(name, 0) + 1 / (60 + rank)
    (ids,), (scores,) = index.hybrid([text], query, 10)
    order = sorted(wanted, key=lambda name: (-wanted[name], int(name[1:])))
    assert ids == order[:10]
    np.testing.assert_allclose(scores, [wanted[name] for name in ids])


# rows come and go


def test_texts_of_hits(index):
    ids, texts, _ = rows_of(60)
    assert index.texts(["d7", "d3"]) == [texts[7], texts[3]]
    assert "d7" in index and "d99" not in index and index.ids == ids


def test_a_deleted_row_is_not_found(index):
    _, _, vectors = rows_of(60)
    index.delete(["d3", "d5"])
    assert len(index) == 58 and "d3" not in index
    for found in (index.search(vectors[3:4], 58), index.exact(vectors[3:4], 58), index.bm25(["room bad"], 58)):
        assert not {"d3", "d5"} & set(found.ids[0])


def test_an_id_can_come_back_with_another_row(index):
    index.delete(["d3"])
    index.add(["d3"], ["new"], vectors_of(1, seed=77))
    assert index.texts(["d3"]) == ["new"] and index.ids[-1] == "d3"
    assert index.exact(vectors_of(1, seed=77), 1).ids == [["d3"]]
    assert index.search(vectors_of(1, seed=77), 1).ids == [["d3"]]


def test_an_index_of_which_most_was_deleted_is_built_anew():
    index = Index.create(*rows_of(500))
    index.delete([f"d{i}" for i in range(400)])
    assert index.graph.places == len(index.graph) == 100
    queries = vectors_of(20, seed=2)
    assert index.search(queries, 5).ids == index.exact(queries, 5).ids


steps = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "ask", "save"]), st.integers(0, 12), st.integers(0, 2**31)),
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(steps=steps)
def test_an_index_changed_is_one_built_anew(steps, tmp_path_factory):
    """The law of the room: what was added and deleted leaves no trace in any answer."""
    folder = tmp_path_factory.mktemp("law") / "index"
    index, rows, made = Index.create([], [], np.zeros((0, WIDTH))), {}, 0
    for kind, count, seed in steps:
        rng = np.random.default_rng(seed)
        if kind == "add":
            _, texts, vectors = rows_of(count, seed)
            ids = [f"r{made + i}" for i in range(count)]
            made += count
            index.add(ids, texts, vectors)
            rows |= dict(zip(ids, zip(texts, vectors, strict=True), strict=True))
        elif kind == "delete":
            gone = [str(name) for name in rng.permutation(list(rows))[:count]]
            index.delete(gone)
            rows = {name: row for name, row in rows.items() if name not in gone}
        elif kind == "ask":
            index.bm25(["room"], 3)
        else:
            index.save(folder)
            index = open_index(folder)
    vectors = np.array([vector for _, vector in rows.values()]).reshape(-1, WIDTH)
    anew = Index.create(list(rows), [text for text, _ in rows.values()], vectors)
    queries, texts = vectors_of(3, seed=1), ["room 房间很干净", "soup", "7 paris bad quiet room"]
    assert index.ids == anew.ids == list(rows)
    same(index.exact(queries, 5), anew.exact(queries, 5))
    same(index.bm25(texts, 5), anew.bm25(texts, 5))
    assert [set(ids) for ids in index.search(queries, 5).ids] == [set(ids) for ids in anew.search(queries, 5).ids]


# what is refused: one sentence each, and nothing changed

REFUSED = {
    "an id that stands": (lambda i: i.add(["d7"], ["x"], vectors_of(1)), "already holds 1 of these ids .d7."),
    "an id twice in one go": (lambda i: i.add(["x", "x"], ["a", "b"], vectors_of(2)), "more than once .x."),
    "an id that does not stand": (lambda i: i.delete(["d7", "d70"]), "does not hold 1 of these ids .d70."),
    "an id deleted twice": (lambda i: i.delete(["d7", "d7"]), "more than once .d7."),
    "a text of no id": (lambda i: i.texts(["d70"]), "does not hold 1"),
    "vectors of another width": (lambda i: i.add(["x"], ["a"], vectors_of(1, width=9)), "shape 1 x 9 .* 8 numbers"),
    "questions of another width": (lambda i: i.search(vectors_of(2, width=3)), "shape 2 x 3"),
    "one flat question": (lambda i: i.exact(vectors_of(1)[0]), "shape 8 do not fit"),
    "columns of unlike lengths": (lambda i: i.add(["x"], ["a", "b"], vectors_of(1)), "1 ids, 2 texts and 1 vectors"),
    "an id that is a number": (lambda i: i.add([7], ["a"], vectors_of(1)), "ids, row 1: 7 is no string"),
    "an empty id": (lambda i: i.add(["x", ""], ["a", "b"], vectors_of(2)), "id of row 2 is empty"),
    "a text that is none": (lambda i: i.add(["x"], [None], vectors_of(1)), "texts, row 1: None"),
    "half a character": (lambda i: i.add(["x"], ["a\ud83d"], vectors_of(1)), "surrogate"),
    "a vector of zeros": (lambda i: i.add(["x"], ["a"], np.zeros((1, WIDTH))), "Vector 1 has no direction"),
    "a vector not finite": (lambda i: i.search(np.full((1, WIDTH), np.nan)), "no direction"),
    "no hits wanted": (lambda i: i.search(vectors_of(1), 0), "0 hits"),
    "no hits of words wanted": (lambda i: i.bm25(["a"], -1), "-1 hits"),
    "unlike questions": (lambda i: i.hybrid(["a"], vectors_of(2)), "1 texts and 2 vectors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(name, index):
    act, message = REFUSED[name]
    before = index.exact(vectors_of(2, seed=8), 60), index.bm25(["room"], 60)
    with pytest.raises((DataError, UserError), match=message):
        act(index)
    assert len(index) == len(index.graph) == 60
    same(before[0], index.exact(vectors_of(2, seed=8), 60))
    same(before[1], index.bm25(["room"], 60))


def test_vectors_without_a_width_are_refused():
    with pytest.raises(UserError, match="no width"):
        Index.create([], [], np.zeros(0))


@pytest.mark.parametrize(("module", "library"), [("graph", "usearch"), ("lexicon", "bm25s")])
def test_a_library_that_is_not_there_is_named(module, library, monkeypatch):
    from dongcha.errors import MissingExtra

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(f"dongcha.index.{module}.import_module", absent)
    with pytest.raises(MissingExtra, match=rf'{library}.*pip install "dongcha\[retrieval\]"'):
        Index.create(*rows_of(3)).bm25(["room"])
