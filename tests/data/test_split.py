"""A cut is a partition, keeps together what belongs together, and keeps every label's share."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dongcha.data import split
from dongcha.data.dataset import Dataset
from dongcha.data.duplicates import fold
from dongcha.data.split import PerLabel, SplitOptions, make_splits
from dongcha.errors import DataError, RecipeError

TENTHS = SplitOptions(validation=0.1, test=0.1)


def rows_of(**columns):
    size = len(next(iter(columns.values())))
    return Dataset("all", "all.csv", pa.table({**columns, "n": list(range(size))}))


def numbered(size, num_labels=3):
    return rows_of(text=[f"text {i}" for i in range(size)], label=[f"l{i % num_labels}" for i in range(size)])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_pairs_of_a_sentence_are_in_one_split(seed):
    places = [[{"start": at, "end": at + 1, "type": ""} for at in ends] for ends in ((0, 2), (2, 0), (0, 4))]
    rows = [(f"sentence {i}", head, tail) for i in range(60) for head, tail in places]
    texts, heads, tails = (list(column) for column in zip(*rows, strict=True))
    data = rows_of(text=texts, head=heads, tail=tails, label=["a", "b", "a"] * 60)
    fields = ("text", "head", "tail", "label")
    splits = make_splits(data, TENTHS, label_field="label", seed=seed, fields=fields)
    kept = [{*split.column("text")} for split in splits.values()]
    assert sum(map(len, kept)) == len({*texts}) and all(len(part) > 1 for part in kept)


texts = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc"), st.integers(0, 20)), min_size=30, max_size=120)


@given(texts, st.integers(0, 99), st.sampled_from([None, "group"]))
@settings(max_examples=40, deadline=None)
def test_every_row_is_in_one_split_and_no_text_or_group_in_two(drawn, seed, group):
    data = rows_of(
        text=[f"t{t}" if i % 2 else f" Ｔ{t}".lower() for i, (t, _, _) in enumerate(drawn)],
        label=[label for _, label, _ in drawn],
        group=[g for _, _, g in drawn],
    )
    options = SplitOptions(validation=0.2, test=0.2, group=group)
    try:
        splits = make_splits(data, options, label_field="label", seed=seed)
    except DataError:
        assume(False)
    assert sorted(n for split in splits.values() for n in split.column("n")) == list(range(len(drawn)))
    for column in ("text", *([group] if group else [])):
        kept = [{fold(str(value)) for value in split.column(column)} for split in splits.values()]
        assert not (kept[0] & kept[1] or kept[0] & kept[2] or kept[1] & kept[2])


@given(
    st.lists(st.sampled_from("aaaaaabbbc"), min_size=20, max_size=150),
    st.sampled_from([(0.1, 0.1), (0.2, 0.3), (0.05, None), (0.33, 0.33)]),
    st.integers(0, 99),
)
@settings(max_examples=50, deadline=None)
def test_each_label_has_its_share_within_one_row(labels, shares, seed):
    data = rows_of(text=[f"t{i}" for i in range(len(labels))], label=labels)
    options = SplitOptions(validation=shares[0], test=shares[1])
    splits = make_splits(data, options, label_field="label", seed=seed)
    for label, total in Counter(labels).items():
        for name, share in options.asked.items():
            assert abs(splits[name].column("label").count(label) - share * total) <= 1
    for name, share in options.asked.items():  # remainders of labels do not add up
        assert abs(len(splits[name]) - share * len(labels)) <= 3


@given(st.permutations(list(range(40))), st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_the_cut_depends_on_the_seed_not_on_the_order_of_rows(order, seed):
    labels = [f"l{i % 3}" for i in range(40)]
    straight = rows_of(text=[f"text {i}" for i in range(40)], label=labels)
    shuffled = rows_of(text=[f"text {i}" for i in order], label=[labels[i] for i in order])
    one = make_splits(straight, TENTHS, label_field="label", seed=seed)
    other = make_splits(shuffled, TENTHS, label_field="label", seed=seed)
    assert {k: sorted(v.column("text")) for k, v in one.items()} == {
        k: sorted(v.column("text")) for k, v in other.items()
    }


def test_another_seed_gives_another_cut_in_source_order():
    one, other = (make_splits(numbered(200), TENTHS, label_field="label", seed=seed)["test"] for seed in (1, 2))
    assert one.column("n") != other.column("n")
    assert one.column("n") == sorted(one.column("n"))
    assert one.name == "test"


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        (SplitOptions(validation=0.1, test=0.1), {"train": 80, "validation": 10, "test": 10}),
        (SplitOptions(validation=0.25, test=None), {"train": 75, "validation": 25}),
        (SplitOptions(validation=None, test=0.5), {"train": 50, "test": 50}),
        (SplitOptions(validation=0.1, test=None, train=0.2), {"train": 20, "validation": 10, "test": 70}),
        (SplitOptions(train=0.8, validation=0.1, test=0.1), {"train": 80, "validation": 10, "test": 10}),
        (
            SplitOptions(train=PerLabel(5), validation=PerLabel(5), test=None),
            {"train": 20, "validation": 20, "test": 60},
        ),
        (SplitOptions(validation=PerLabel(3), test=0.5), {"train": 38, "validation": 12, "test": 50}),
    ],
)
def test_what_is_left_goes_to_train_or_to_test(options, sizes):
    splits = make_splits(numbered(100, 4), options, label_field="label", seed=13)
    assert {name: len(split) for name, split in splits.items()} == sizes


def test_per_label_takes_exactly_so_many_of_each_and_keeps_repeats_whole():
    data = rows_of(text=[f"t{i // 2}" for i in range(80)], label=["ab"[i // 2 % 2] for i in range(80)])
    splits = make_splits(data, SplitOptions(train=PerLabel(6), validation=None, test=None), label_field="label", seed=1)
    assert Counter(splits["train"].column("label")) == {"a": 6, "b": 6}
    assert not set(splits["train"].column("text")) & set(splits["test"].column("text"))


def test_many_small_labels_do_not_all_round_to_train():
    data = rows_of(text=[f"t{i}" for i in range(300)], label=[f"l{i // 3}" for i in range(300)])
    splits = make_splits(data, TENTHS, label_field="label", seed=13)
    assert [len(split) for split in splits.values()] == [240, 30, 30]


@pytest.mark.parametrize(
    "values",
    [
        [["x", "y"], ["y"], [], ["x"]] * 30,
        [[{"start": 0, "end": 1, "label": "PER"}], []] * 60,
        [i / 120 for i in range(120)],
    ],
)
def test_lists_spans_and_scores_are_stratified_too(values):
    field = "score" if isinstance(values[0], float) else "spans"
    data = rows_of(text=[f"t{i}" for i in range(120)], **{field: values})
    splits = make_splits(data, TENTHS, label_field=field, seed=3)
    assert [len(split) for split in splits.values()] == [96, 12, 12]
    if field == "score":
        assert abs(np.mean(splits["test"].column("score")) - 0.5) < 0.1


@pytest.mark.parametrize("missing", [None, " "])
def test_rows_without_a_group_share_none(missing):
    groups = [f"g{i // 4}" if i % 10 == 0 else missing for i in range(200)]
    groups[:3] = ["null", missing, "null"]
    data = rows_of(text=[f"t{i}" for i in range(200)], group=groups)
    splits = make_splits(data, SplitOptions(validation=0.1, test=0.1, group="group"), label_field=None, seed=1)
    assert [len(split) for split in splits.values()] == [160, 20, 20]
    assert [{0, 2} & {*split.column("n")} for split in splits.values()].count({0, 2}) == 1


def test_few_large_groups_leave_no_split_empty():
    data = rows_of(text=[f"t{i}" for i in range(100)], group=[f"g{i // 20}" for i in range(100)])
    splits = make_splits(data, SplitOptions(validation=0.1, test=0.1, group="group"), label_field=None, seed=1)
    assert {name: len(set(split.column("group"))) for name, split in splits.items()} == {
        "train": 3,
        "validation": 1,
        "test": 1,
    }


@pytest.mark.parametrize(
    "when",
    [
        [f"2024-01-{d:02d}" for d in range(1, 11)],
        [f"2024年1月{d}日" for d in range(1, 11)],
        [f"2024/1/{d} 08:00" for d in range(1, 11)],
        [f"2024/1/5 {h}:30" for h in range(4, 14)],
        [f"2024-01-05T{h}:30" for h in range(4, 14)],
        [f"2024.{m}" for m in range(1, 11)],
        [f" {2023 + m // 12}.{m % 12 + 1}" for m in range(5, 15)],
        [f"2024.{m}.5" if m % 2 else f"2024.{m:02d}" for m in range(3, 13)],
        ["2024.1", "2024.10", "2024.11", "2024.13", "2024.2", *(f"2024.{d}" for d in range(3, 8))],
        [str(d) for d in range(1, 11)],
        [d * 1.5 for d in range(10)],
    ],
)
def test_by_time_trains_on_the_oldest(when):
    data = rows_of(text=[f"t{i}" for i in range(10)], when=when)
    shuffled = data.take(np.array([3, 9, 0, 5, 1, 8, 2, 7, 4, 6]))
    options = SplitOptions(validation=0.2, test=0.2, by_time="when")
    splits = make_splits(shuffled, options, label_field=None, seed=1)
    assert {name: sorted(split.column("n")) for name, split in splits.items()} == {
        "train": [0, 1, 2, 3, 4, 5],
        "validation": [6, 7],
        "test": [8, 9],
    }


def test_by_time_a_repeat_counts_as_old_as_its_newest_row():
    data = rows_of(text=["a", *"bcdefghi", "a"], when=list(range(10)))
    splits = make_splits(data, SplitOptions(validation=None, test=0.2, by_time="when"), label_field=None, seed=1)
    assert splits["test"].column("n") == [0, 9]


@pytest.mark.parametrize(
    ("options", "label_field", "error", "words"),
    [
        (SplitOptions(validation=0.6, test=0.6), "label", RecipeError, "0.6, 0.6"),
        (SplitOptions(validation=0.0, test=0.1), "label", RecipeError, "0.0"),
        (SplitOptions(validation=PerLabel(0), test=0.1), "label", RecipeError, "per_label"),
        (SplitOptions(validation=PerLabel(2), test=0.1), None, RecipeError, "per_label"),
        (SplitOptions(validation=PerLabel(2), test=0.1, by_time="n"), "label", RecipeError, "by_time"),
        (SplitOptions(validation=0.1, test=0.1, train=0.2), "label", RecipeError, "18 rows"),
        (SplitOptions(validation=0.1, test=0.1, group="author"), "label", DataError, "'author'"),
        (SplitOptions(validation=0.1, test=0.1, by_time="text"), "label", DataError, "row 1, column 'text': 'text 0'"),
        (SplitOptions(validation=PerLabel(9), test=None), "label", DataError, "'l0' has 8 free rows"),
        (SplitOptions(validation=0.01, test=None), "label", DataError, "validation"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_the_reason(options, label_field, error, words):
    with pytest.raises(error, match=words):
        make_splits(numbered(30, 4), options, label_field=label_field, seed=1)


def test_mixed_times_and_no_rows_are_refused():
    data = rows_of(text=["a", "b", "c"], when=["1", "2024-01-01", "3"])
    with pytest.raises(DataError, match="row 2"):
        make_splits(data, SplitOptions(validation=None, test=0.3, by_time="when"), label_field=None, seed=1)
    with pytest.raises(DataError, match="empty"):
        make_splits(data.take(np.array([], dtype=np.int64)), TENTHS, label_field=None, seed=1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30))
@settings(max_examples=50)
def test_a_unit_has_the_label_that_most_of_its_rows_have(rows):
    names = sorted({unit for unit, _ in rows})
    units = np.array([names.index(unit) for unit, _ in rows], dtype=np.int64)
    found = split._most_frequent(units, np.array([number for _, number in rows], dtype=np.int64))
    own = [[number for unit, number in rows if unit == name] for name in names]
    assert found.tolist() == [min(some, key=lambda number: (-some.count(number), number)) for some in own]
