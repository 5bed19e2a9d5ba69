"""Marks around two entities: nothing of the text is lost, whatever lies in whatever."""

from hypothesis import given
from hypothesis import strategies as st

import dongcha
from dongcha import Recipe
from dongcha.tasks.relation import marked


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
