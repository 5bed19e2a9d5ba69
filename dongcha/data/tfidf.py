"""Turn texts into TF-IDF features by a rule that looks at the training texts only, in bounded memory.

In: texts. Out: sparse rows of length 1 (scikit-learn's TF-IDF). Words and pairs of words where the script has spaces,
characters and pairs of characters where training text is mostly CJK: three in a row scored no better on the validation
rows of two Chinese sets, at three times the cost.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from dongcha.data.dataset import Dataset
from dongcha.data.tags import CJK

MOST_ROWS = 100_000  # training rows used, drawn by the seed; more do not move a baseline
MOST_FEATURES = 200_000
MOST_WEIGHTS = 1_000_000  # features times outputs; twice as many scored no better on 77 and 151 labels
_BUCKETS = 1 << 20  # hashed first, so that no vocabulary is ever held
_CJK_FRACTION = 0.3  # a CJK character says as much as two or three letters
_CJK = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in CJK) + "]")


class Features(Protocol):
    """Features of training rows, (rows, features), and of any data set, a batch of rows at a time."""

    train: csr_matrix

    def batches(self, dataset: Dataset) -> Iterator[csr_matrix]: ...


class TextFeatures:
    """Features learnt from training texts; `num_outputs` is how many weights a feature will have."""

    def __init__(self, texts: Sequence[str], num_outputs: int) -> None:
        cjk = is_mostly_cjk(texts)
        self._count = HashingVectorizer(
            analyzer="char" if cjk else "word",
            ngram_range=(1, 2),
            n_features=_BUCKETS,
            alternate_sign=False,
            norm=None,
        )
        counts = self._count.transform(texts)
        self._kept = _most_frequent(counts, min(MOST_FEATURES, MOST_WEIGHTS // max(1, num_outputs)))
        self._weigh = TfidfTransformer().fit(counts[:, self._kept])
        self.train: csr_matrix = self._weigh.transform(counts[:, self._kept])

    def of(self, texts: Sequence[str]) -> csr_matrix:
        """Return the features of texts, (texts, features)."""
        return self._weigh.transform(self._count.transform(texts)[:, self._kept])

    def counts(self, texts: Sequence[str]) -> csr_matrix:
        """Return how often each hashed term stands in texts, (texts, buckets), those unknown to training too."""
        return self._count.transform(texts)

    def batches(self, dataset: Dataset) -> Iterator[csr_matrix]:
        """Yield the features of a data set's texts, a batch of rows at a time."""
        for batch in dataset.batches(columns=["text"]):
            yield self.of(batch["text"])


def is_mostly_cjk(texts: Sequence[str]) -> bool:
    """Tell whether at least 0.3 of the characters that are not white space are CJK, in the first 1,000 texts."""
    sample = "".join("".join(texts[:1000]).split())
    return len(_CJK.findall(sample)) >= _CJK_FRACTION * max(1, len(sample))


def drawn(train: Dataset, seed: int) -> Dataset:
    """Return the training rows themselves, or MOST_ROWS of them drawn by the seed, in order."""
    if len(train) <= MOST_ROWS:
        return train
    rows = np.random.default_rng(seed).choice(len(train), MOST_ROWS, replace=False)
    return train.take(np.sort(rows))


def _most_frequent(counts: csr_matrix, most: int) -> np.ndarray:
    """Return the columns that occur, at most so many, those in most texts first; column 0 when none occurs."""
    texts_with = counts.getnnz(axis=0)
    order = np.argsort(-texts_with, kind="stable")[: max(1, most)]
    return np.sort(order[: max(1, int((texts_with > 0).sum()))])
