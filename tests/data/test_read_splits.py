"""A recipe's sets brought in: what files give stands, what they do not is cut from train."""

from pathlib import Path

import pytest

from dongcha.config import Recipe
from dongcha.data.load import notes
from dongcha.data.splits import read_splits
from dongcha.errors import DataError
from dongcha.testing import tiny_rows

ROWS = tiny_rows("classification", 60)
TRAIN, OTHER = ROWS[:40], ROWS[40:]


def read(**data):
    recipe = Recipe(task="classification", data={"train": TRAIN, **data}, model="m")
    return read_splits(recipe.data, ("text", "label"), seed=1, base=Path(), cache=None)


def ids(dataset):
    return {row["id"] for row in dataset.rows(range(len(dataset)))}


@pytest.mark.parametrize("train", [0.5, {"per_label": 5}])
def test_a_test_file_stays_the_test_where_train_is_cut_smaller(train):
    splits = read(test=OTHER, split={"train": train, "validation": 0.2})
    assert ids(splits.by_name["test"]) == {row["id"] for row in OTHER}
    assert "test" not in splits.made and "validation" in splits.made
    assert not ids(splits.by_name["train"]) & ids(splits.by_name["validation"])
    assert len(splits.by_name["train"]) < 40


def test_without_a_test_file_what_is_left_of_train_is_the_test():
    splits = read(split={"train": {"per_label": 5}, "validation": 0.2})
    assert "test" in splits.made
    assert sum(len(dataset) for dataset in splits.by_name.values()) == 40


def listed(rows):
    return [{**row, "label": [row["label"]]} for row in rows]


def test_single_labels_become_lists_where_train_has_lists():
    splits = read(train=listed(TRAIN), test=OTHER, tests={"extra": listed(OTHER)}).by_name
    assert splits["test"].column("label") == [[row["label"]] for row in OTHER]
    assert splits["extra"].column("label") == splits["test"].column("label")
    assert notes(splits["test"])["rows"] == 20


def test_lists_of_labels_are_refused_where_train_has_single_ones():
    with pytest.raises(DataError, match=r"field label of test holds lists.*train .*single labels") as refused:
        read(test=listed(OTHER))
    assert "\n" not in str(refused.value)
