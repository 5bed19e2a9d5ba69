"""Measure summaries: ROUGE against references, and beside it how much was copied from the document, and how long it is.

In: an `Outcome` of `Wanted` and written texts (`_written.py`). Out: figures. ROUGE (Lin 2004) is F1 of shared words,
pairs of words, and of the longest common subsequence of the whole text; the best of the references counts, each metric
by itself; the mean over rows. Words are those of `_words.py`: of Chinese the characters; no stemming, no stop words.
Copying has no better side: `copy_rate`, `novel_bigrams` and `length_ratio` describe, and are no main metric.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of
from dongcha.metrics._words import words
from dongcha.metrics._written import REMEMBERED, Wanted, mean_metric

ROUGE = ("rouge_l", "rouge_1", "rouge_2")


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, ROUGE-L first (the main one)."""
    family = [mean_metric(name, partial(_rouge, which=which)) for which, name in enumerate(ROUGE)]
    family += [mean_metric("copy_rate", _copy_rate), mean_metric("novel_bigrams", _novel_bigrams)]
    family += [CountMetric(name="length_ratio", counts=_lengths, value=mean_of, row_scores=_nearness)]
    return {metric.name: metric for metric in family}


def rouge(reference: str, written: str) -> tuple[float, float, float]:
    """Return ROUGE-L, ROUGE-1 and ROUGE-2 of a text, each 0 to 1.

    >>> [round(f, 3) for f in rouge("the cat sat on the mat", "the cat lay on a mat")]
    [0.667, 0.667, 0.2]
    """
    one, two = words(reference), words(written)
    common = (longest_common(one, two), shared(one, two), shared([*pairwise(one)], [*pairwise(two)]))
    sizes = (len(one) + len(two), len(one) + len(two), max(0, len(one) - 1) + max(0, len(two) - 1))
    # texts too short for a pair of words, or for any word, are as good as they are alike
    longest, single, pair = (
        2 * count / size if size else float(one == two) for count, size in zip(common, sizes, strict=True)
    )
    return longest, single, pair


def shared(one: Iterable[Hashable], two: Iterable[Hashable]) -> int:
    """Count what both have, each as often as in the one that has fewer."""
    return (Counter(one) & Counter(two)).total()


def longest_common(one: Sequence[str], two: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, a row of the table at a time as bits of one number.

    Hyyrö 2004 ("Bit-parallel LCS-length computation revisited", equation 6): a 0 stands where the row grows. Time is
    len(one) * len(two) / 64.
    """
    places: dict[str, int] = {}
    for place, token in enumerate(two):
        places[token] = places.get(token, 0) | 1 << place
    row = whole = (1 << len(two)) - 1
    for token in one:
        met = row & places.get(token, 0)
        row = ((row + met) | (row - met)) & whole
    return len(two) - row.bit_count()


def copied(source: str, written: str) -> tuple[float, float]:
    """Return the share of the words written that stand in the source, and of the pairs of words that do not; or NaN.

    The first is the extractive fragment coverage of Grusky et al. 2018, equation 1: their fragments are the longest
    runs shared with the source, each word that stands there begins one or lies in one, and no other word does.
    """
    given, said = words(source), words(written)
    if not given or not said:
        return np.nan, np.nan
    known, pairs, said_pairs = set(given), set(pairwise(given)), [*pairwise(said)]
    new = sum(pair not in pairs for pair in said_pairs)
    return sum(word in known for word in said) / len(said), new / len(said_pairs) if said_pairs else np.nan


@lru_cache(REMEMBERED)
def _best(references: tuple[str, ...], written: str) -> tuple[float, ...]:
    return tuple(max(figures) for figures in zip(*(rouge(one, written) for one in references), strict=True))


def _rouge(wanted: Wanted, written: str, which: int) -> float:
    return _best(wanted.references, written)[which] if wanted.references else np.nan


_copied = lru_cache(REMEMBERED)(copied)


def _copy_rate(wanted: Wanted, written: str) -> float:
    return _copied(wanted.source, written)[0]


def _novel_bigrams(wanted: Wanted, written: str) -> float:
    return _copied(wanted.source, written)[1]


def _lengths(outcome: Outcome) -> np.ndarray:
    """Return words written and words of the reference nearest in length, (rows, 2); zeros of a row without one."""
    found = np.zeros((len(outcome), 2))
    for row, (wanted, written) in enumerate(zip(outcome.gold, outcome.predicted, strict=True)):
        if wanted.references:
            size = len(words(written))
            found[row] = size, min((len(words(one)) for one in wanted.references), key=lambda n: (abs(n - size), n))
    return found


def _nearness(outcome: Outcome) -> np.ndarray:
    """Return minus the words that a row has too many or too few, (rows,)."""
    written, wanted = _lengths(outcome).T
    return np.asarray(-np.abs(written - wanted))
