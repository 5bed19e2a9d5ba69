"""Find texts that are the same: exactly, once folded.

In: texts, or a Dataset and its fields. Out: a group number a text, or the Dataset without its repeats.
Folding takes away what a reader does not see: NFKC (which also folds full and half width), runs of white space, and
characters without width. Case and punctuation stay: "US" and "us" are two texts.
State grows by one 16-byte digest and one number a distinct text; the texts themselves are not kept.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.rows import joined_texts, targets
from dongcha.index.terms import WIDTHLESS

# One unit of reading: a CJK character, or a run of anything else up to white space.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def fold(text: str) -> str:
    """Return the text without differences of width, white space and widthless characters (NFKC); case stays."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", WIDTHLESS.sub("", text))
    return " ".join(text.split())


def num_words(text: str) -> int:
    """Count the words of a text; each CJK character counts as one."""
    return len(text.split()) if text.isascii() else sum(1 for _ in _WORD.finditer(text))


def digest(text: str, key: bytes = b"") -> bytes:
    """Return 16 bytes that stand for the folded text; another `key` (up to 64 bytes) gives another order of texts."""
    return blake2b(fold(text).encode("utf-8", "surrogatepass"), digest_size=16, key=key).digest()


def groups_and_ranks(texts: Iterable[str], key: bytes) -> tuple[np.ndarray, list[bytes]]:
    """Return `exact_groups` of the texts, and for each group the `digest` of its text under `key`; texts fold once."""
    known: dict[bytes, int] = {}
    groups: list[int] = []
    ranks: list[bytes] = []
    for text in texts:
        folded = fold(text).encode("utf-8", "surrogatepass")
        group = known.setdefault(blake2b(folded, digest_size=16).digest(), len(known))
        groups.append(group)
        if group == len(ranks):
            ranks.append(blake2b(folded, digest_size=16, key=key).digest())
    return np.array(groups, dtype=np.int64), ranks


def exact_groups(texts: Iterable[str], known: dict[bytes, int] | None = None) -> np.ndarray:
    """Return one int64 number a text, equal where the folded texts are equal, counted up by first appearance.

    Pass the same `known` for several splits to number them together; it is filled as texts are seen.
    """
    known = {} if known is None else known
    return np.fromiter((known.setdefault(digest(text), len(known)) for text in texts), dtype=np.int64)


def drop_repeats(dataset: Dataset, fields: Sequence[str]) -> tuple[Dataset, int, int]:
    """Keep the first row of each folded text; return the rest, the rows dropped, and how many had another target.

    `fields` are the task's: inputs are compared, and gold of which a text may have many; other targets (label, score,
    spans, ...) are only counted where they differ from those of the row that was kept.
    """
    groups = exact_groups(joined_texts(dataset, fields))
    kept, first_of = np.unique(groups, return_index=True)
    # Groups are numbered by first appearance, so `kept` is 0..n and group g's first row is first_of[g].
    dropped = np.setdiff1d(np.arange(len(groups)), first_of)
    gold = targets(dataset, fields)
    conflicts = sum(gold[row] != gold[first_of[groups[row]]] for row in dropped)
    return dataset.take(np.sort(first_of)), len(groups) - len(kept), conflicts
