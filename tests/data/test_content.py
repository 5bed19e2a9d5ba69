"""A data set's fingerprint follows its values alone, as fast as its bytes are read."""

import hashlib
import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.content import feed
from dongcha.data.dataset import Dataset

few = settings(max_examples=50, deadline=None)
SPANS = pa.list_(pa.struct([("start", pa.int32()), ("label", pa.string())]))
SPAN = st.fixed_dictionaries(
    {"start": st.none() | st.integers(0, 9), "label": st.none() | st.sampled_from(["", "a", "甲"])}
)
COLUMNS = {
    "text": (pa.string(), st.none() | st.text(alphabet="ab甲\0", max_size=3)),
    "score": (pa.float64(), st.none() | st.sampled_from([0.0, 1.5, -2.0])),
    "flag": (pa.bool_(), st.none() | st.booleans()),
    "row": (pa.int64(), st.none() | st.integers(-1, 1)),
    "labels": (pa.list_(pa.string()), st.none() | st.lists(st.none() | st.sampled_from(["", "a", "aa"]), max_size=2)),
    "spans": (SPANS, st.none() | st.lists(st.none() | SPAN, max_size=2)),
    "date": (pa.date32(), st.none() | st.dates()),
    "nothing": (pa.null(), st.none()),
}


def fed(array):
    digest = hashlib.sha256()
    feed(digest, array)
    return digest.hexdigest()


@pytest.mark.parametrize("name", COLUMNS)
def test_two_columns_feed_the_same_exactly_where_their_values_are_the_same(name):
    kind, values = COLUMNS[name]

    @few
    @given(st.lists(values, max_size=4), st.lists(values, max_size=4))
    def law(one, other):
        first, second = pa.array(one, kind), pa.array(other, kind)
        assert (fed(first) == fed(second)) == (repr(one) == repr(other))
        assert fed(first) == fed(pa.concat_arrays([second, first])[len(other) :])

    law()


@pytest.mark.parametrize(
    ("name", "nothing"),
    [("text", ""), ("score", 0.0), ("flag", False), ("row", 0), ("labels", []), ("labels", [None]), ("spans", [])],
)
def test_where_a_value_is_missing_counts_and_missing_is_not_nothing(name, nothing):
    kind = COLUMNS[name][0]
    columns = ([nothing, None], [None, nothing], [nothing, nothing], [None, None])
    assert len({fed(pa.array(values, kind)) for values in columns}) == 4


def test_bytes_under_missing_values_do_not_count():
    hidden = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([5, 7]).tobytes())])
    assert hidden.to_pylist() == [5, None]
    assert fed(hidden) == fed(pa.array([5, None], pa.int64()))


@few
@given(st.lists(st.integers(0, 19), max_size=12), st.lists(st.integers(0, 20), max_size=4), st.integers(1, 5))
def test_batches_of_a_view_are_its_rows_in_order_however_the_table_is_cut(positions, cuts, size):
    texts = [f"text {i}" for i in range(20)]
    bounds = [0, *sorted(cuts), 20]
    chunks = [pa.array(texts[a:b], pa.string()) for a, b in itertools.pairwise(bounds)]
    view = Dataset("a", "a", pa.table({"text": pa.chunked_array(chunks)})).take(np.array(positions, dtype=np.int64))
    wanted = [texts[position] for position in positions]
    assert [text for batch in view.batches(size) for text in batch["text"]] == wanted
    assert view.column("text") == wanted
    assert [row["text"] for row in view.rows(range(len(positions)))] == wanted


@few
@given(st.lists(COLUMNS["text"][1], min_size=1, max_size=8), st.data())
def test_a_fingerprint_is_that_of_the_rows_however_they_are_held(texts, data):
    cut = data.draw(st.integers(0, len(texts)))
    parts = [pa.array(texts[:cut], pa.string()), pa.array(texts[cut:], pa.string())]
    chunked = Dataset("a", "a", pa.table({"text": pa.chunked_array(parts)}))
    order = np.array(data.draw(st.permutations(range(len(texts)))))
    shuffled = Dataset("b", "b", pa.table({"text": pa.array([texts[i] for i in order], pa.string())}))
    assert chunked.take(order).fingerprint == shuffled.fingerprint
    assert chunked.fingerprint == Dataset("c", "c", pa.table({"text": pa.array(texts, pa.string())})).fingerprint
    assert chunked.fingerprint != Dataset("d", "d", pa.table({"other": pa.array(texts, pa.string())})).fingerprint
