"""Find texts that are almost the same: Jaccard similarity of their character shingles at 0.8 or more.

In: texts and the part (split) of each. Out: pairs of positions with their exact similarity.
Shingles are 3 characters (2 where most of a text is CJK) of the folded, lower-cased text. MinHash signatures
(Broder 1997, "On the resemblance and containment of documents") in bands (Leskovec, Rajaraman & Ullman, "Mining of
Massive Datasets", 3.4) give candidates, 96 hashes as 16 bands of 6: a pair at similarity 0.8 is met with
1 - (1 - 0.8^6)^16 = 0.992. Each candidate is then verified on the shingles themselves, so no pair is reported wrongly.
Time is linear in characters; in a bucket each text meets at most `window` others, so a family of thousands of alike
texts stays linear too (it is found as a chain, not as all its pairs). State: 96 + 128 bytes a text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dongcha.data.duplicates import fold
from dongcha.data.features import within

_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64)
_CHUNK = 1 << 18  # characters hashed at once: the working arrays then stay in the processor's cache
_STRETCH = 1 << 13  # texts folded and marked at once
_VERIFIED = 1 << 14  # pairs verified at once; fits the 16 bits that carry a pair's number
_ESTIMATE_SLACK = 0.15  # 3.7 standard errors of a 96-hash estimate at 0.8: fewer than 1 true pair in 5,000 is lost


@dataclass(frozen=True, kw_only=True)
class NearOptions:
    """Say what counts as near.

    `threshold`: least Jaccard similarity. `bands` x `rows` hashes. `window`: most others that a text meets in one
    bucket. `min_length`: characters below which "almost the same" says nothing (one edit already crosses 0.8).
    """

    threshold: float = 0.8
    bands: int = 16
    rows: int = 6
    window: int = 8
    min_length: int = 18
    seed: int = 13


def near_pairs(
    texts: Sequence[str],
    parts: np.ndarray | None = None,
    wanted: Sequence[tuple[int, int]] | None = None,
    options: NearOptions = NearOptions(),
) -> tuple[np.ndarray, np.ndarray]:
    """Return the near pairs (p, 2) as positions, each once, and their similarities (p,).

    `parts` gives each text a part number (default: all 0) and `wanted` names the pairs of parts to compare (default:
    every part with itself and each other). In a pair of two parts the first column is of the part named first.
    """
    parts = np.zeros(len(texts), dtype=np.int64) if parts is None else np.asarray(parts, dtype=np.int64)
    highest = int(parts.max(initial=0)) + 1
    wanted = [(a, b) for a in range(highest) for b in range(a, highest)] if wanted is None else wanted
    marks = _marks(texts, parts, wanted, options)
    parts = parts[marks.places]
    codes = np.empty(0, dtype=np.int64)
    for band in marks.keys.T:
        for pair in wanted:
            met = _met_in_bucket(band, parts, pair, options.window)
            bits = marks.low_bits
            alike = (bits[met[:, 0]] == bits[met[:, 1]]).mean(axis=1) >= options.threshold - _ESTIMATE_SLACK
            codes = np.union1d(codes, met[alike, 0] * len(parts) + met[alike, 1])
    pairs = marks.places[np.stack([codes // max(1, len(parts)), codes % max(1, len(parts))], axis=1)]
    similarity = _similarity(texts, pairs)
    near = similarity >= options.threshold
    return pairs[near], similarity[near]


@dataclass(frozen=True)
class Marks:
    """What stands for n texts that are long enough: positions (n,), rising, band keys and bits as in `signatures`."""

    places: np.ndarray
    keys: np.ndarray
    low_bits: np.ndarray


def _marks(texts: Sequence[str], parts: np.ndarray, wanted: Sequence[tuple[int, int]], options: NearOptions) -> Marks:
    """Return the marks of the texts that may have a near one among those that they are to be compared with.

    Where one part stands in every wanted pair (train against the tests), and never with itself, only those of its texts
    are kept that share a band with a text of another part: the rest can have no partner.
    """
    others = {part for pair in wanted for part in pair}
    hub = next((part for part in sorted(others) if all(pair.count(part) == 1 for pair in wanted)), None)
    others -= {hub}
    marks = _marks_of(texts, np.flatnonzero(np.isin(parts, sorted(others))), options)
    if hub is None:
        return marks
    met = _marks_of(texts, np.flatnonzero(parts == hub), options, among=np.sort(marks.keys, axis=0))
    order = np.argsort(np.concatenate([marks.places, met.places]), kind="stable")
    return Marks(*(np.concatenate(pair)[order] for pair in zip(_arrays(marks), _arrays(met), strict=True)))


def _arrays(marks: Marks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return marks.places, marks.keys, marks.low_bits


def _marks_of(texts: Sequence[str], places: np.ndarray, options: NearOptions, among: np.ndarray | None = None) -> Marks:
    """Mark the texts at these places, a stretch at a time; of `among` (sorted keys by band) one must be shared."""
    found = [_marks_of_stretch([], places[:0], options)]
    for start in range(0, len(places), _STRETCH):
        stretch = places[start : start + _STRETCH]
        marks = _marks_of_stretch([_read(texts[place]) for place in stretch.tolist()], stretch, options)
        if among is not None:
            met = np.any([_is_in(own, all_keys) for own, all_keys in zip(marks.keys.T, among.T, strict=True)], axis=0)
            marks = Marks(*(array[met] for array in _arrays(marks)))
        found.append(marks)
    return Marks(*(np.concatenate(arrays) for arrays in zip(*map(_arrays, found), strict=True)))


def _marks_of_stretch(folded: Sequence[str], places: np.ndarray, options: NearOptions) -> Marks:
    shortest = max(options.min_length, 4)
    long = np.fromiter((len(text) >= shortest for text in folded), dtype=bool, count=len(folded))
    keys, low_bits = signatures([folded[index] for index in np.flatnonzero(long).tolist()], options)
    return Marks(places[long], keys, low_bits)


def _is_in(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Tell which values stand in a sorted array."""
    if not len(ordered):
        return np.zeros(len(values), dtype=bool)
    nearest = ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)]
    return np.asarray(nearest == values)


def _read(text: str) -> str:
    """Return a text as it is compared: folded, in lower case."""
    return fold(text).lower()


def _similarity(texts: Sequence[str], pairs: np.ndarray) -> np.ndarray:
    """Return the similarity of pairs of texts at these positions."""
    members, places = np.unique(pairs, return_inverse=True)
    return jaccard([_read(texts[member]) for member in members], places.reshape(pairs.shape))


def signatures(texts: Sequence[str], options: NearOptions) -> tuple[np.ndarray, np.ndarray]:
    """Return the band keys (n, bands) uint64 and 8 bits of each hash (n, bands * rows) uint8 of folded texts."""
    rng = np.random.default_rng(options.seed)
    num_hashes = options.bands * options.rows
    factors = rng.integers(1 << 31, size=num_hashes, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    masks = rng.integers(1 << 32, size=num_hashes, dtype=np.uint32)
    weights = rng.integers(1 << 63, size=options.rows, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    keys = np.empty((len(texts), options.bands), dtype=np.uint64)
    low_bits = np.empty((len(texts), num_hashes), dtype=np.uint8)
    for first, last in _chunks(texts):
        shingles, counts = _shingles(texts[first:last])
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        short = (shingles >> np.uint64(16)).astype(np.uint32)
        hashes = np.empty((num_hashes, last - first), dtype=np.uint32)
        buffer = np.empty_like(short)
        for index in range(num_hashes):
            np.multiply(short, factors[index], out=buffer)
            np.bitwise_xor(buffer, masks[index], out=buffer)
            np.minimum.reduceat(buffer, starts, out=hashes[index])
        by_band = hashes.T.reshape(last - first, options.bands, options.rows).astype(np.uint64)
        keys[first:last] = (by_band * weights).sum(axis=2, dtype=np.uint64)
        low_bits[first:last] = ((hashes >> np.uint32(8)) & np.uint32(0xFF)).astype(np.uint8).T
    return keys, low_bits


def jaccard(texts: Sequence[str], pairs: np.ndarray) -> np.ndarray:
    """Return the exact Jaccard similarity (p,) of the shingle sets of each pair of folded texts."""
    similarity = np.empty(len(pairs))
    for start in range(0, len(pairs), _VERIFIED):
        part = pairs[start : start + _VERIFIED]
        members, places = np.unique(part, return_inverse=True)
        shingles, counts = _sets([texts[member] for member in members])
        ends = np.cumsum(counts)
        similarity[start : start + _VERIFIED] = _overlap(shingles, ends, counts, places.reshape(part.shape))
    return similarity


def _overlap(shingles: np.ndarray, ends: np.ndarray, counts: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    similarity = np.empty(len(pairs))
    sizes = counts[pairs]
    for first, last in _cuts(sizes.sum(axis=1), 1 << 22):
        part, lengths = pairs[first:last], sizes[first:last]
        flat = lengths.ravel()
        within = np.arange(flat.sum()) - np.repeat(np.cumsum(flat) - flat, flat)
        picked = shingles[np.repeat((ends - counts)[part].ravel(), flat) + within]
        owner = np.repeat(np.arange(len(part)).repeat(2), flat).astype(np.uint64) << np.uint64(48)
        # Each side is a set, so a value that stands twice under one pair stands in both sides.
        keyed = np.sort(owner | picked)
        shared = keyed[1:][keyed[1:] == keyed[:-1]] >> np.uint64(48)
        both = np.bincount(shared.astype(np.int64), minlength=len(part))
        similarity[first:last] = both / (lengths.sum(axis=1) - both)
    return similarity


def _sets(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct 48-bit shingles of each text, end to end, and how many each has."""
    values, counts = [], []
    for first, last in _chunks(texts):
        shingles, lengths = _shingles(texts[first:last])
        owner = np.repeat(np.arange(last - first, dtype=np.uint64), lengths) << np.uint64(48)
        distinct = np.unique(owner | (shingles >> np.uint64(16)))
        values.append(distinct & np.uint64((1 << 48) - 1))
        counts.append(np.bincount((distinct >> np.uint64(48)).astype(np.int64), minlength=last - first))
    return np.concatenate(values), np.concatenate(counts)


def _shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the 64-bit hashes of all shingles, text after text, and how many each text has (at least one)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.cumsum(lengths) - lengths
    cjk = ((codes >= 0x3040) & (codes <= 0x9FFF)) | (codes >= 0x20000)
    pairs_only = np.add.reduceat(cjk.astype(np.int64), starts) * 2 > lengths
    padded = np.concatenate([codes, np.zeros(2, dtype=np.uint64)])
    third = np.where(np.repeat(pairs_only, lengths), np.uint64(0), padded[2:] + np.uint64(1))
    mixed = padded[:-2] * _MIX[0] + padded[1:-1] * _MIX[1] + third * _MIX[2]
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX[3]
    mixed ^= mixed >> np.uint64(32)
    mixed = (mixed * _MIX[1]) ^ (mixed >> np.uint64(31))
    counts = lengths - np.where(pairs_only, 1, 2)
    return mixed[within(lengths) < np.repeat(counts, lengths)], counts


def _met_in_bucket(keys: np.ndarray, parts: np.ndarray, pair: tuple[int, int], window: int) -> np.ndarray:
    """Return pairs (p, 2) of positions of equal key, one of each part, at most `window` a text of the second part."""
    left, right = pair
    chosen = np.flatnonzero((parts == left) | (parts == right))
    order = chosen[np.lexsort((parts[chosen] != left, keys[chosen]))]
    sorted_keys = keys[order]
    new_bucket = np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]) if len(order) else np.empty(0, bool)
    bucket = np.cumsum(new_bucket) - 1
    starts = np.flatnonzero(new_bucket)
    num_left = np.bincount(bucket, weights=parts[order] == left, minlength=len(starts)).astype(np.int64)
    place = np.arange(len(order)) - starts[bucket]
    found = []
    for step in range(1, window + 1) if left == right else range(window):
        if left == right:
            here = np.flatnonzero(place + step < num_left[bucket])
            other = here + step
        else:
            here = np.flatnonzero((parts[order] == right) & (step < num_left[bucket]))
            other = starts[bucket[here]] + (place[here] + step) % num_left[bucket[here]]
        found.append(np.stack([order[other], order[here]], axis=1))
    pairs = np.concatenate(found)
    return np.sort(pairs, axis=1) if left == right else pairs


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    return _cuts(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), _CHUNK)


def _cuts(sizes: np.ndarray, limit: int) -> Iterator[tuple[int, int]]:
    """Yield runs [first, last) whose sizes sum to at most `limit`, or that are one long item alone."""
    ends = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        before = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + limit, side="right")))
        yield first, last
        first = last
