"""Two models together: entities found, paired, asked about; direction resolved; figures that show what is lost."""

from itertools import combinations
from types import SimpleNamespace

import pytest
from finished_runs import TRAIN

import dongcha
from dongcha.errors import ModelError, UserError
from dongcha.stations import triples
from dongcha.stations.triples import TripleFinder, nearest_pairs
from dongcha.testing import tiny_rows
from dongcha.types import Prediction

TEXT = "Nora carved the door in Oslo"
SPANS = [
    {"start": 0, "end": 4, "label": "PER", "confidence": 0.5},
    {"start": 16, "end": 20, "label": "OBJ", "confidence": 0.8},
    {"start": 24, "end": 28, "label": "CITY", "confidence": 1.0},
]
LONGER = {**TRAIN, "epochs": 16}
LABELS = ("Other", "lies_in(e1,e2)", "made_by(e2,e1)", "made_by(e1,e2)", "near")


class Tagger:
    """Finds the same spans in every text."""

    def predict_dataset(self, dataset):
        for text in dataset:
            yield {"text": text, "id": None}, {"spans": [s for s in SPANS if s["end"] <= len(text)]}

    def datasets(self, rows, at_once, stream=""):
        yield list(rows)


class Tokenizer:
    """One token a character."""

    def __init__(self, room=64):
        self.room = room

    def encode(self, texts):
        import numpy as np

        sizes = np.array([len(text) for text in texts])
        ends = np.concatenate([np.arange(1, size + 1) for size in sizes])
        return SimpleNamespace(lengths=sizes, end=ends, starts=np.concatenate([[0], np.cumsum(sizes)]))


@pytest.fixture
def finder(monkeypatch):
    """Make a finder whose relation model says of each pair (head's text, tail's text) what is given."""
    asked = []

    def make(said, *, in_order=True, types=(), room=64, **options):
        def predict_rows(task, model, rows):
            for text, head, tail in zip(rows["text"], rows["head"], rows["tail"], strict=True):
                asked.append((head, tail))
                name = said.get((text[head["start"] : head["end"]], text[tail["start"] : tail["end"]]), "Other")
                probs = tuple(0.9 if label == name else 0.1 for label in LABELS)
                yield Prediction(0, {"label": name}, 0.9, probs)

        monkeypatch.setattr(triples, "predict_rows", predict_rows)
        task = SimpleNamespace(labels=LABELS, in_order=in_order, types=types)
        relations = SimpleNamespace(task=task, model=SimpleNamespace(tokenizer=Tokenizer(room)))
        return TripleFinder(Tagger(), relations, **options), asked

    return make


def short(answer):
    return [(t["head"]["text"], t["relation"], t["tail"]["text"], t["score"]) for t in answer["triples"]]


def test_direction_is_resolved_scores_are_products_and_no_relation_says_nothing(finder):
    found, asked = finder({("Nora", "door"): "made_by(e2,e1)", ("door", "Oslo"): "lies_in(e1,e2)"})
    (answer,) = found.predict([TEXT])
    assert short(answer) == [("door", "lies_in", "Oslo", 0.72), ("door", "made_by", "Nora", 0.36)]
    assert answer["triples"][0]["head"] == {"start": 16, "end": 20, "text": "door", "type": "OBJ"}
    assert len(asked) == 3 and all(head["start"] < tail["start"] for head, tail in asked)
    assert list(answer) == ["triples"]


def test_both_orders_are_asked_where_training_had_both_and_one_triple_is_told_once(finder):
    said = {("Nora", "door"): "made_by(e2,e1)", ("door", "Nora"): "made_by(e1,e2)", ("Oslo", "door"): "near"}
    found, asked = finder(said, in_order=False)
    (answer,) = found.predict([TEXT])
    assert len(asked) == 6
    assert [told[:3] for told in short(answer)] == [("Oslo", "near", "door"), ("door", "made_by", "Nora")]


@pytest.mark.parametrize(("types", "given"), [((), ["", "", ""]), (("CITY", "OBJ"), ["", "OBJ", "CITY"])])
def test_a_type_is_given_only_where_training_showed_it(finder, types, given):
    found, asked = finder({}, types=types)
    list(found.predict([TEXT]))
    seen = {place["start"]: place["type"] for pair in asked for place in pair}
    assert [seen[span["start"]] for span in SPANS] == given


def test_the_nearest_pairs_are_asked_and_the_rest_told(finder):
    found, asked = finder({}, max_pairs=2)
    (answer,) = found.predict([TEXT])
    assert answer == {"triples": [], "pairs_left_out": 1}
    assert [(h["start"], t["start"]) for h, t in asked] == [(16, 24), (0, 16)]


def test_an_entity_that_the_relation_model_cannot_read_is_left_out_and_told(finder):
    found, asked = finder({}, room=21 + len("@ a @ # a #"))
    (answer,) = found.predict([TEXT])
    assert [(h["start"], t["start"]) for h, t in asked] == [(0, 16)] and answer["pairs_left_out"] == 2


def test_a_low_score_is_not_told(finder):
    found, _ = finder({("Nora", "door"): "near", ("door", "Oslo"): "near"}, min_score=0.5)
    assert [told[0] for told in short(next(found.predict([TEXT])))] == ["door"]


def test_texts_of_a_stretch_keep_their_own(finder):
    found, _ = finder({("Nora", "door"): "near"})
    assert [len(a["triples"]) for a in found.predict([TEXT, TEXT[:10], TEXT[:20], TEXT])] == [1, 0, 1, 1]


def test_the_nearest_pairs_are_those_of_all_pairs_sorted():
    spans = [{"start": s, "end": s + 2} for s in (0, 3, 9, 11, 20, 40, 43)]
    every = sorted(combinations(range(7), 2), key=lambda p: (spans[p[1]]["start"] - spans[p[0]]["end"], p))
    found = [(spans.index(a), spans.index(b)) for a, b in nearest_pairs(spans, 99)]
    assert found == every
    assert [(spans.index(a), spans.index(b)) for a, b in nearest_pairs(spans, 5)] == every[:5]
    assert nearest_pairs(spans[:1], 5) == nearest_pairs([], 5) == []


def test_a_pair_of_which_a_long_type_leaves_no_mark_is_left_out(finder):
    room = len("@ Nora @ carved the # ^ OBJ ^ door # in Oslo")
    for types, left_out in (((), 2), (("OBJ",), 0), (("OBJ", "CITY"), 2)):
        found, _ = finder({}, room=room - len(" in Oslo") * (not types), types=types)
        (answer,) = found.predict([TEXT])
        assert answer.get("pairs_left_out", 0) == left_out


# real runs, tiny


@pytest.fixture(scope="module")
def pair(finish, models):
    """One file of relations trains both."""
    rows = tiny_rows("relation", 120)
    shared = {"model": str(models["pooled"]), "data": {"train": rows, "split": {"validation": 0.2, "test": 0.3}}}
    return [finish(name=task, task=task, train=LONGER, **shared) for task in ("tagging", "relation")]


def test_one_file_trains_both_models_and_its_triples_are_found(pair, tmp_path):
    tagger, relations = pair
    finder = dongcha.load_triples(tagger.folder, relations.folder)
    assert finder.relations.task.in_order and finder.relations.task.types == ()
    texts = [row["text"] for row in tiny_rows("relation", 6)]
    answers = list(finder.predict([{"id": i, "text": text} for i, text in enumerate(texts)]))
    assert [answer["id"] for answer in answers] == list(range(6))
    assert [bool(answer["triples"]) for answer in answers] == [True, False] * 3
    head = answers[0]["triples"][0]["head"]
    assert (head["text"], head["type"]) == ("room", "entity")


def test_scores_show_where_triples_are_lost(pair, tmp_path):
    import json

    rows = tiny_rows("relation", 20)
    other = {"head": rows[0]["tail"], "tail": rows[0]["head"], "label": "Under", "id": "again", "text": rows[0]["text"]}
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, other]), encoding="utf-8")
    scores = dongcha.score_triples(dongcha.load_triples(*(run.folder for run in pair)), path)
    assert (scores.rows, scores.merged_rows, scores.gold, scores.found) == (20, 1, 11, 10)
    assert scores.figures["strict"]["precision"].value == 1.0
    assert scores.figures["strict"]["recall"].value == pytest.approx(10 / 11)
    assert scores.figures["relations"]["recall"].value == pytest.approx(10 / 11)
    assert scores.figures["entities"]["f1"].value == 1.0
    assert scores.texts[0]["id"] == "l0" and [t["relation"] for t in scores.texts[0]["gold"]] == ["In", "Under"]
    assert json.loads(json.dumps(scores.plain()))["strict"]["recall"][0] == pytest.approx(10 / 11, abs=1e-3)


def test_models_of_other_tasks_are_refused_in_one_sentence(pair, reviews):
    tagger, relations = (run.folder for run in pair)
    for folders, at_fault in (((relations, tagger), relations), ((tagger, reviews.folder), reviews.folder)):
        with pytest.raises(ModelError) as refused:
            dongcha.load_triples(*folders)
        assert str(at_fault) in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(UserError, match="max_pairs"):
        dongcha.load_triples(tagger, relations, max_pairs=0)


def test_types_that_never_meet_are_refused(finish, models, places):
    rows = [{**row, "head": {**row["head"], "type": "PER"}} for row in tiny_rows("relation", 40)]
    data = {"train": rows, "split": {"validation": 0.2, "test": 0.3}}
    typed = finish(name="typed", task="relation", data=data, model=str(models["pooled"]), train={"epochs": 1})
    with pytest.raises(ModelError, match=r"LOC.*PER"):
        dongcha.load_triples(places.folder, typed.folder)


def test_an_untyped_place_comes_back_as_it_was_given(pair):
    row = tiny_rows("relation", 1)[0]
    own, _ = next(dongcha.load(pair[1].folder).predict_dataset(next(dongcha.load(pair[1].folder).datasets([row]))))
    assert own["head"] == row["head"]


def test_given_entities_are_asked_about_as_found_ones_are(pair, tmp_path):
    import json

    rows = tiny_rows("relation", 20)
    finder = dongcha.load_triples(*(run.folder for run in pair))
    figures = []
    for kind in ("", "WORK_OF_ART_AND_MORE"):
        typed = [{**r, "head": {**r["head"], "type": kind}, "tail": {**r["tail"], "type": kind}} for r in rows]
        path = tmp_path / f"gold{kind}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in typed), encoding="utf-8")
        figures.append(dongcha.score_triples(finder, path).figures["relations"]["f1"])
    assert figures[0] == figures[1]
