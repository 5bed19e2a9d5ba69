"""A finished run put to use: rows in, answers out, in order, gold never read."""

import json

import pytest
from chained_writers import chained
from finished_runs import zh_tags

import dongcha
from dongcha.config.sections import Decoding
from dongcha.errors import DataError, ModelError
from dongcha.stations.predictor import Predictor
from dongcha.tasks import code, generation
from dongcha.tasks._base import Lengths
from dongcha.testing import tiny_rows

TEXTS = [row["text"] for row in tiny_rows("classification", 10)]


@pytest.fixture(scope="module")
def predictor(reviews):
    return dongcha.load(reviews.folder)


def test_answers_come_in_order_whatever_is_taken_at_once(predictor):
    whole = list(predictor.predict(TEXTS))
    assert [answer["label"] for answer in whole] == ["good", "bad"] * 5
    for at_once in (1, 3, 10, 11):
        parts = list(predictor.predict(TEXTS, at_once=at_once))
        assert [answer["label"] for answer in parts] == [answer["label"] for answer in whole]
        assert [answer["confidence"] for answer in parts] == pytest.approx([a["confidence"] for a in whole], abs=1e-4)


def test_rows_are_taken_only_as_they_are_needed(predictor):
    taken = []

    def stream():
        for text in TEXTS:
            taken.append(text)
            yield text

    answers = predictor.predict(stream(), at_once=2)
    next(answers)
    assert len(taken) == 2


def test_the_run_and_its_model_folder_load_alike(reviews, predictor):
    inner = dongcha.load(reviews.folder / "model")
    assert list(inner.predict(TEXTS)) == list(predictor.predict(TEXTS))


def test_an_id_is_passed_through_and_gold_is_not(predictor):
    rows = [{"id": 7, "text": TEXTS[0], "label": "bad"}, {"text": TEXTS[1], "label": ["no", "label", 3]}]
    answers = list(predictor.predict(rows))
    assert [list(answer) for answer in answers] == [["id", "label", "confidence"], ["label", "confidence"]]
    assert [answer["label"] for answer in answers] == ["good", "bad"]


def test_no_rows_no_answers(predictor):
    assert list(predictor.predict([])) == []


def test_below_the_threshold_the_answer_is_unsure(reviews):
    unsure = next(dongcha.load(reviews.folder, 1.0).predict(TEXTS))
    assert unsure["unsure"] is True
    assert unsure["label"] is None
    assert 0 < unsure["confidence"] < 1
    assert "unsure" not in next(dongcha.load(reviews.folder, 0.0).predict(TEXTS))


def test_unsure_spans_are_withheld_whole(places_zh):
    row = zh_tags(1)[0]
    answer = next(dongcha.load(places_zh.folder, 1.0).predict([{"tokens": row["tokens"]}]))
    assert (answer["spans"], answer["tags"], answer["unsure"]) == (None, None, True)


@pytest.mark.parametrize("at_once", [2, 64])
def test_a_bad_row_is_named_by_its_place_in_the_stream(predictor, at_once):
    rows = [{"text": text} for text in TEXTS[:5]] + [{"txt": "x"}]
    stream = predictor.predict(rows, at_once=at_once)
    with pytest.raises(DataError) as refused:
        list(stream)
    assert "row 6" in str(refused.value) or "txt" in str(refused.value)


def test_a_row_without_its_field_is_told_what_it_has(predictor):
    with pytest.raises(DataError, match=r"text.*sentence"):
        list(predictor.predict([{"sentence": "the room"}]))


def test_an_empty_text_is_refused_by_its_row(predictor):
    with pytest.raises(DataError, match="row 4"):
        list(predictor.predict(["a", "b", "c", " "], at_once=2))


@pytest.mark.parametrize("folder", [".", "nowhere"])
def test_a_folder_without_a_model_is_refused(tmp_path, folder):
    with pytest.raises(ModelError, match=r"task\.json"):
        dongcha.load(tmp_path / folder)


def test_a_model_without_weights_is_refused(tmp_path, reviews):
    copy = reviews.copy(tmp_path / "run")
    (copy / "model" / "model.safetensors").unlink()
    with pytest.raises(ModelError):
        dongcha.load(copy)


@pytest.mark.parametrize(
    ("task", "prompt", "told"),
    [(code, "f:", "\tx=1"), (code, "g", ""), (generation, "f:", "x=1"), (generation, "g", "#y")],
)
def test_a_stream_keeps_the_blanks_that_the_answer_keeps(tmp_path, task, prompt, told):
    model = chained(tmp_path / "m", "f:\tx=1\n#y\n", "g\n")
    own = task.Task(
        prompt="{prompt}", lengths=Lengths(max_tokens=64), stop=("\n#",), decoding=Decoding(max_new_tokens=6)
    )
    predictor, pieces = Predictor(model, own.reading(model.tokenizer)), []
    answer = predictor.stream(prompt, pieces.append)
    assert "".join(pieces) == told == answer[own.gold]
    (whole,) = predictor.predict([prompt])
    assert whole[own.gold] == answer[own.gold]


def test_offsets_are_of_the_rows_own_text_where_tokens_stand_beside_it(places_zh, tmp_path):
    predictor = dongcha.load(places_zh.folder)
    tokens = zh_tags(1)[0]["tokens"]
    text = "  ".join(tokens)
    (bare,), (beside,) = (
        list(predictor.predict([row])) for row in ({"tokens": tokens}, {"text": text, "tokens": tokens})
    )
    assert beside["tags"] == bare["tags"]
    (span,) = beside["spans"]
    assert text[span["start"] : span["end"]].split() == ["北", "京"]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": text, "tokens": tokens}), encoding="utf-8")
    ((own, answer),) = predictor.predict_file(str(path))
    assert (own["text"], answer["spans"]) == (text, beside["spans"])


def test_a_row_with_spans_is_read_by_its_text_in_a_file_and_out_of_it(places_zh, tmp_path):
    predictor = dongcha.load(places_zh.folder)
    row = {"text": "我们在北京服务", "tokens": ["我们在北", "京服务"], "spans": []}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    ((_, answer),) = predictor.predict_file(str(path))
    assert [answer] == list(predictor.predict([row]))


def test_the_file_that_a_model_was_trained_on_is_read_back(finish, models, tmp_path):
    tagged = [{"words": row["tokens"], "ner": row["tags"]} for row in zh_tags(60)]
    named = [{"body": row["text"], "label": row["label"]} for row in tiny_rows("classification", 60)]
    for name, rows in (("tagged", tagged), ("named", named)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    split = {"split": {"validation": 0.2, "test": 0.3}}
    data = {"train": str(tmp_path / "tagged.jsonl"), "columns": {"tokens": "words", "tags": "ner"}} | split
    own = {"train": str(tmp_path / "named.jsonl"), "columns": {"text": "body"}} | split
    tasks = [{"task": "classification", "name": name, "data": own} for name in ("one", "two")]
    short = {"train": {"epochs": 1}, "model": str(models["joins"])}
    first = dongcha.load(finish(task="tagging", data=data, **short).folder)
    second = dongcha.load(finish(tasks=tasks, **short).folder)
    for predictor, name in ((first, "tagged"), (second, "named")):
        assert len(list(predictor.predict_file(str(tmp_path / f"{name}.jsonl")))) == 60
