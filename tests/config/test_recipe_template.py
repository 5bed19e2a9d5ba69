"""The recipe that `init` writes is read as it is, short, commented, in the run's language."""

import unicodedata

import pytest

from dongcha.config import load_recipe, recipe_template

CASES = [
    ({}, {}, set()),
    (
        {
            "language": "zh",
            "name": "酒店评论",
            "model": "package:x/m",
            "data": {"train": "评论.csv", "part": "first_line"},
        },
        {},
        {"language", "data.part"},
    ),
    (
        {"task": "tagging", "data.train": "a.conll", "data.test": "b.conll", "threads": 2, "train": {"validate": 50}},
        {"data.train": "200 rows,\n 9 tags", "task": "spans were found", "": "Made from a.conll\non a Monday"},
        {"data.test", "threads", "train.validate"},
    ),
    (
        {"data": {"columns": {"text": ["title: x", "body #2"]}, "split": {"train": {"per_label": 20}}}},
        {},
        {"data.columns", "data.split.train"},
    ),
]


@pytest.mark.parametrize(("values", "notes", "expected"), CASES)
def test_a_template_is_a_recipe_that_loads(tmp_path, values, notes, expected):
    text = recipe_template(values, notes)
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    recipe = load_recipe(path)
    assert recipe.replace(values).resolved() == recipe.resolved()
    assert {line.split()[0] for line in recipe.differs()} - {"data.train"} == expected
    assert 12 <= len(text.splitlines()) <= 40


@pytest.mark.parametrize(("values", "notes", "expected"), CASES)
def test_comments_begin_in_one_column(values, notes, expected):
    lines = [line for line in recipe_template(values, notes).splitlines() if "  # " in line]
    columns = [_width(line[: line.rindex("  # ")]) for line in lines]
    usual = max(set(columns), key=columns.count)
    assert len(lines) > 12
    assert all(column == usual or column > 38 for column in columns)


def _width(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def test_notes_stand_in_place_of_help():
    text = recipe_template({}, {"data.train": "200 rows", "": "Two\nlines"})
    assert text.startswith("# Two\n# lines\n")
    assert "# 200 rows" in text


def test_a_template_speaks_the_recipes_language():
    assert "路径相对于本文件" in recipe_template({"language": "zh"}, {})
    assert recipe_template({"language": "en"}, {}).isascii()
