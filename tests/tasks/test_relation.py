"""Marks around two entities: nothing of the text is lost, whatever lies in whatever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoConfig

import dongcha
from dongcha import Recipe
from dongcha.models.tokenizer import load_tokenizer
from dongcha.tasks.relation import has_room, marked


@pytest.fixture(scope="module")
def tokenizer(models):
    found = load_tokenizer(models["pooled"], AutoConfig.from_pretrained(models["pooled"]))
    found.max_tokens = 32
    return found


@st.composite
def places(draw, size):
    start = draw(st.integers(0, size - 1))
    return {"start": start, "end": draw(st.integers(start + 1, size)), "type": draw(st.sampled_from(["", "person"]))}


@given(data=st.data(), text=st.text("ab 房", min_size=1, max_size=12))
def test_marks_are_put_in_and_nothing_is_lost(data, text):
    head, tail = (data.draw(places(len(text))) for _ in range(2))
    found = marked(text, head, tail)
    assert found.count("@") == found.count("#") == 2
    bare = found
    for mark in ("@ * person * ", "# ^ person ^ ", "@ ", "# ", " @", " #"):
        bare = bare.replace(mark, "")
    assert bare.replace("@", "").replace("#", "") == text
    untyped = found.replace("* person * ", "").replace("^ person ^ ", "")
    for mark, place in (("@", head), ("#", tail)):
        inner = untyped.split(mark)[1].replace("#", "").replace("@", "")
        assert text[place["start"] : place["end"]].replace(" ", "") in inner.replace(" ", "")


def test_one_entity_may_lie_in_the_other_and_types_are_said():
    outer, inner = {"start": 0, "end": 9, "type": "org"}, {"start": 4, "end": 9, "type": ""}
    assert marked("the Paris", outer, inner) == "@ * org * the # Paris # @"
    assert marked("the Paris", inner, outer) == "# ^ org ^ the @ Paris @ #"
    assert marked("Paris day", {"start": 0, "end": 5}, {"start": 0, "end": 9}) == "# @ Paris @ day #"
    assert marked("the Paris", inner, inner) == "the @ # Paris # @"
    assert marked("ab", {"start": 0, "end": 1}, {"start": 1, "end": 2}) == "@ a @# b #"


def test_rows_with_several_relations_are_measured_as_labels_are(tmp_path, models):
    place = [{"start": at, "end": at + 1} for at in (0, 4)]
    labels = (["owns"], ["owns", "near"], [], ["near"])
    rows = [{"text": f"a b c {i}", "head": place[0], "tail": place[1], "label": labels[i % 4]} for i in range(40)]
    data = {"train": rows, "split": {"validation": 0.2, "test": 0.2}}
    train = {"epochs": 1, "batch_tokens": 64}
    recipe = Recipe(task="relation", model=str(models["pooled"]), data=data, train=train, folder=tmp_path)
    found = dongcha.run(recipe, until="evaluate")["evaluate"]
    assert found.main_metric == "micro_f1" and found.table[-1].name == "after"


def test_a_place_that_the_model_does_not_read_is_told(tmp_path, models):
    rows = [
        {"text": f"paris {'and more ' * n}oslo {i}", "head": {"start": 0, "end": 5}, "label": ("in", "out")[i % 2]}
        | {"tail": {"start": 6 + 9 * n, "end": 10 + 9 * n}}
        for i, n in enumerate([0, 0, 0, 40] * 15)
    ]
    data = {"train": rows, "split": {"validation": 0.2, "test": 0.2}, "max_tokens": 24}
    recipe = Recipe(task="relation", model=str(models["pooled"]), data=data, train={"epochs": 1}, folder=tmp_path)
    work = dongcha.run(recipe, until="checks")
    found = {check.name: check for check in work["checks"]}["labels_aligned"]
    far = sum(row["tail"]["start"] > 100 for row in work["splits"].by_name["train"].rows(range(36)))
    assert found.status == "warned" and found.figures["cut_places"] == far > 0
    assert "max_tokens" in found.fix


@given(st.integers(1, 40), st.sampled_from([("", ""), ("org", ""), ("organization", "work of art")]))
def test_both_entities_are_read_just_where_both_closing_marks_are_in_the_tokens(tokenizer, count, types):
    text = "a " * count + "oslo end of it"
    head, tail = (
        {"start": at, "end": at + n, "type": t} for at, n, t in zip((0, 2 * count), (1, 4), types, strict=True)
    )
    row = {"text": [text], "head": [head], "tail": [tail]}
    kept = tokenizer.encode([marked(text, head, tail)])
    read = marked(text, head, tail)[: kept.end[: tokenizer.room][-1]]
    assert has_room(row, tokenizer)[0] == (read.count("#") == 2)
