"""Every single-edit typo of every key names the right key (R11)."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.config import Recipe
from dongcha.config.near import edits, nearest
from dongcha.config.recipe import recipe_shape
from dongcha.errors import RecipeError

EVERY = [path for path in recipe_shape().every_key() if path != ("extends",)]
LETTERS = string.ascii_lowercase + "_-1S"


def typos(word):
    """All words one insertion, deletion, substitution or swap of neighbours away."""
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    made = {a + b[1:] for a, b in halves if b} | {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    made |= {a + c + b[1:] for a, b in halves if b for c in LETTERS} | {a + c + b for a, b in halves for c in LETTERS}
    return made - {word}


@pytest.mark.parametrize("path", EVERY, ids=".".join)
def test_every_typo_of_every_key_is_near_it(path):
    siblings = recipe_shape().keys(path[:-1])
    for typo in typos(path[-1]) - set(siblings):
        assert path[-1] in nearest(typo, siblings), typo


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_recipe_with_a_typo_is_refused_with_the_right_key(data):
    path = data.draw(st.sampled_from(EVERY))
    siblings = recipe_shape().keys(path[:-1])
    typo = data.draw(st.sampled_from(sorted(typos(path[-1]) - set(siblings))))
    recipe = {"task": "classification", "data": {"train": "a.csv"}} | ({} if path[0] == "model" else {"model": "m"})
    section = recipe
    for key in path[:-1]:
        section = section.setdefault(key, {})
    section.pop(path[-1], None)
    section[typo] = 1
    with pytest.raises(RecipeError) as refusal:
        Recipe(**recipe)
    line = next(line for line in str(refusal.value).splitlines() if "there is no key" in line)
    assert ".".join((*path[:-1], typo)) in line
    assert path[-1] in line.partition("did you mean ")[2].rstrip("?").split(" or ")


def test_a_key_of_another_section_is_named_with_its_section():
    with pytest.raises(RecipeError, match=r"there is no key epochs; did you mean train\.epochs\?"):
        Recipe(task="classification", data={"train": "a"}, model="m", epochs=3)


def test_a_key_like_no_other_is_answered_with_all_there_are():
    with pytest.raises(RecipeError, match=r"there is no key report\.zzz; the keys here are texts\."):
        Recipe(task="classification", data={"train": "a"}, model="m", report={"zzz": 3})


def test_a_mistyped_required_key_is_one_problem_not_two():
    with pytest.raises(RecipeError) as refusal:
        Recipe(task="classification", data={"train": "a"}, modle="m")
    assert str(refusal.value) == "there is no key modle; did you mean model?"


@pytest.mark.parametrize(("one", "other", "count"), [("", "abc", 3), ("abdc", "abcd", 1), ("kitten", "sitting", 3)])
def test_edits_are_counted(one, other, count):
    assert edits(one, other) == edits(other, one) == count
