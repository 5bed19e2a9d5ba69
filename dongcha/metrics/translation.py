"""Measure translations: chrF, BLEU as sacreBLEU counts it, exact match; 0 to 1, where sacreBLEU writes 0 to 100.

In: an `Outcome` of `Wanted` and written texts (`_written.py`). Out: figures. chrF (Popović 2015): F2 of the shares of
characters in runs of 1 to 6, white space aside, against the reference that fits a row best. BLEU (Papineni et al. 2002;
Post 2018): sacreBLEU's tokenizer 13a, of Chinese targets zh, smoothing exp. Both are figures of counts summed over the
rows, no mean of rows. sacreBLEU (the extra `generate`) counts; its corpus figures are ours for ones as weights.
"""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, ratio
from dongcha.metrics._written import REMEMBERED, exact_match, library, mean_metric

CHAR_ORDER, WORD_ORDER = 6, 4  # the longest runs that are counted
BETA = 2  # recall weighs twice as much as precision
TOKENIZERS = {"zh": "zh"}
OTHER_TOKENIZER = "13a"

Value = Callable[[np.ndarray], np.ndarray]


def metrics(language: str = "en") -> dict[str, Metric]:
    """Return the metrics of texts in a language by name, chrF first (the main one)."""
    tokenizer = TOKENIZERS.get(language, OTHER_TOKENIZER)
    family = [
        _metric("chrf", partial(_counts, kind="CHRF", tokenizer="", width=3 * CHAR_ORDER), chrf, chrf),
        _metric("bleu", partial(_counts, kind="BLEU", tokenizer=tokenizer, width=2 + 2 * WORD_ORDER), bleu, row_bleu),
        mean_metric("exact_match", exact_match, is_share=True),
    ]
    return {metric.name: metric for metric in family}


def chrf(sums: np.ndarray) -> np.ndarray:
    """Return chrF of (..., 19) summed counts: runs written, wanted and shared by length, then rows; NaN for no rows."""
    by_length = sums[..., :-1].reshape(*sums.shape[:-1], CHAR_ORDER, 3)
    written, wanted, shared = np.moveaxis(by_length, -1, 0)
    both = (written > 0) & (wanted > 0)
    lengths = both.sum(axis=-1)
    precision, recall = (
        ratio(np.where(both, ratio(shared, side, 0.0), 0.0).sum(axis=-1), lengths, 0.0) for side in (written, wanted)
    )
    found = ratio((1 + BETA**2) * precision * recall, BETA**2 * precision + recall, 0.0)
    return np.where(sums[..., -1] > 0, found, np.nan)


def bleu(sums: np.ndarray) -> np.ndarray:
    """Return BLEU of (..., 11) summed counts; 0 where no run of some length was written, NaN for no rows."""
    return np.where((_totals(sums) > 0).all(axis=-1) | (sums[..., -1] == 0), row_bleu(sums), 0.0)


def row_bleu(sums: np.ndarray) -> np.ndarray:
    """Return BLEU over the lengths of runs that were written, for rows too short for all of them; NaN for no rows.

    The counts are tokens written, tokens wanted, right runs by length, written runs by length, rows. A length without
    a right run counts as half a right run, the next such length as a quarter, and so on (smoothing exp).
    """
    written, wanted, right = sums[..., 0], sums[..., 1], sums[..., 2 : 2 + WORD_ORDER]
    totals = _totals(sums)
    smoothed = np.where(right == 0, 0.5 ** np.cumsum(right == 0, axis=-1), right)
    logs = np.where(totals > 0, np.log(ratio(smoothed, totals, 1.0)), 0.0).sum(axis=-1)
    brevity = np.minimum(0.0, 1 - ratio(wanted, written, 1.0))
    found = np.exp(brevity + ratio(logs, (totals > 0).sum(axis=-1), 0.0))
    return np.where(sums[..., -1] > 0, np.where((right > 0).any(axis=-1), found, 0.0), np.nan)


def _metric(name: str, counts: Callable[[Outcome], np.ndarray], value: Value, of_row: Value) -> Metric:
    def row_scores(outcome: Outcome) -> np.ndarray:
        return np.nan_to_num(of_row(counts(outcome)))

    return CountMetric(name=name, counts=counts, value=value, row_scores=row_scores)


def _totals(sums: np.ndarray) -> np.ndarray:
    """Return how many runs were written, by length (..., 4)."""
    return sums[..., 2 + WORD_ORDER : -1]


def _counts(outcome: Outcome, kind: str, tokenizer: str, width: int) -> np.ndarray:
    """Return what each row brings and a one, (rows, width + 1); zeros of a row without reference."""
    found = np.zeros((len(outcome), width + 1))
    for row, (wanted, written) in enumerate(zip(outcome.gold, outcome.predicted, strict=True)):
        if wanted.references:
            found[row] = (*_counted(kind, tokenizer, wanted.references, written), 1)
    return found


@lru_cache(REMEMBERED)
def _counted(kind: str, tokenizer: str, references: tuple[str, ...], written: str) -> tuple[int, ...]:
    """Return sacreBLEU's own counts of one row, against the best reference or all of them, as the metric has it."""
    # no public call gives chrF's counts; sacreBLEU's own paired tests are built on this one
    counts = _scorer(kind, tokenizer)._extract_corpus_statistics([written], [[one] for one in references])
    return tuple(counts[0])


@cache
def _scorer(kind: str, tokenizer: str) -> Any:
    make = getattr(library("sacrebleu.metrics"), kind)
    return make(tokenize=tokenizer) if tokenizer else make(char_order=CHAR_ORDER, beta=BETA)
