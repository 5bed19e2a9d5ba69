"""Feed what Arrow columns hold to a hash, by their buffers instead of row by row.

In: a hash and an Arrow array. Out: nothing; equal arrays feed equal bytes, whatever their chunks, offsets, or the bytes
that lie under missing values, and arrays of one type that differ feed different ones. Types beyond numbers, texts,
lists and structs go as the text of their values.
"""

from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class Hash(Protocol):
    """What hashlib's hashes do."""

    def update(self, data: Any, /) -> None:
        """Take in bytes."""


def feed(into: Hash, array: pa.Array) -> None:
    """Feed an array's length, its missing places and its values."""
    kind = array.type
    into.update(np.array([len(array), array.null_count], dtype=np.int64).tobytes())
    if array.null_count and not pa.types.is_null(kind):
        into.update(np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        _feed_texts(into, array)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        into.update(_filled(pc.list_value_length(array)).astype(np.int64).tobytes())
        feed(into, array.flatten())
    elif pa.types.is_struct(kind):
        for child in array.flatten():
            feed(into, child)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        into.update(_filled(array).tobytes())
    elif not pa.types.is_null(kind):
        into.update(repr(array.to_pylist()).encode("utf-8", "surrogatepass"))


def _feed_texts(into: Hash, array: pa.Array) -> None:
    into.update(_filled(pc.binary_length(array)).astype(np.int64).tobytes())
    whole = array.drop_null() if array.null_count else array
    _, offsets, values = whole.buffers()
    if len(whole) and values is not None:
        bounds = np.frombuffer(offsets, dtype=np.int32)[[whole.offset, whole.offset + len(whole)]]
        into.update(memoryview(values)[int(bounds[0]) : int(bounds[1])])


def _filled(array: pa.Array) -> np.ndarray:
    """Return numbers with zero where they are missing."""
    filled = pc.fill_null(array, False if pa.types.is_boolean(array.type) else 0) if array.null_count else array
    return np.ascontiguousarray(filled.to_numpy(zero_copy_only=False))
