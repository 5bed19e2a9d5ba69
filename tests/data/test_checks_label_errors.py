"""Planted wrong labels are found: at least 0.6 of them, at least half of the finds right."""

import builtins
import random

import pyarrow as pa
import pytest

from dongcha.data.checks import View, run_checks
from dongcha.data.dataset import ROW, Dataset
from dongcha.errors import MissingExtra

TOPICS = {
    "market": ["shares", "profit", "bank", "trade", "growth", "price", "index", "bond"],
    "sport": ["match", "goal", "coach", "league", "striker", "season", "cup", "referee"],
    "health": ["doctor", "patient", "virus", "clinic", "surgery", "nurse", "vaccine", "fever"],
}
SHARED = ["the", "a", "on", "new", "said", "today", "people", "report", "city", "will"]


def rows(number=600, seed=4):
    rng = random.Random(seed)
    texts, labels = [], []
    for _ in range(number):
        label = rng.choice(sorted(TOPICS))
        words = [rng.choice(TOPICS[label] if rng.random() < 0.4 else SHARED) for _ in range(12)]
        texts.append(" ".join(words))
        labels.append(label)
    return texts, labels


def view(texts, labels):
    table = pa.table({"text": texts, "label": labels, ROW: [10 + row for row in range(len(texts))]})
    return View(splits={"train": Dataset("train", "t.csv", table)}, fields=("text", "label"))


def test_flipped_labels_are_found_and_named_by_row():
    texts, labels = rows()
    rng = random.Random(9)
    flipped = set(rng.sample(range(len(labels)), 30))
    given = [next(o for o in sorted(TOPICS) if o != label) if i in flipped else label for i, label in enumerate(labels)]
    (found,) = run_checks(view(texts, given), ["label_errors"])
    suspects = {fact["row"] - 10 for fact in found.figures["suspects"]}
    assert found.status == "warned"
    assert len(suspects & flipped) >= 0.6 * len(flipped)
    assert len(suspects & flipped) >= 0.5 * len(suspects)
    first = found.figures["suspects"][0]
    assert first["suggested"] == labels[first["row"] - 10]
    assert f"row {first['row']}: {first['given']}, looks like {first['suggested']}" in found.examples[0]


@pytest.mark.parametrize("labels", [["a"] * 20, [["a"], ["b"]] * 10, ["a"] * 18 + ["b"] * 2])
def test_what_cannot_be_judged_is_skipped(labels):
    (found,) = run_checks(view(["some text"] * 20, labels), ["label_errors"])
    assert found.status == "skipped"


def test_without_cleanlab_it_says_what_to_install(monkeypatch):
    plain_import = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("cleanlab"):
            raise ImportError(name)
        return plain_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtra, match=r"dongcha\[deep\]"):
        run_checks(view(*rows(60)), ["label_errors"])
