"""Measure answers found in a text: exact match and F1, as SQuAD 2 and CMRC 2018 score them.

In: an `Outcome` whose `gold` has, by row, the acceptable answers (none: the question has no answer) and `predicted`
what was `Said`. Out: figures. English (Rajpurkar et al. 2016, section 6.1): lower case, without articles and
ASCII punctuation, F1 over the bag of words. Chinese (Cui et al. 2019, section 4.1): characters one by one, without the
marks that CMRC's scorer names, F1 over the longest common run; only what is no Chinese is cut by a rule of ours where
that scorer asks NLTK. The best of the acceptable answers counts.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of, ratio, share
from dongcha.metrics._words import is_chinese, isolated

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ENGLISH_MARKS = str.maketrans("", "", string.punctuation)
_CHINESE_MARKS = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
_PART = re.compile(r"\w+(?:[.,]\w+)*|[^\w\s]")  # 3.5 and 1,000 are one, 50% are two


@dataclass(frozen=True)
class Said:
    """An answer ("" for none), and the likeliest one, whether silence was preferred to it or not."""

    text: str
    likeliest: str


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, F1 first (the main one)."""
    family: list[Metric] = [
        CountMetric(name="answer_f1", counts=_f1, value=mean_of, row_scores=row_scores),
        CountMetric(name="exact_match", counts=_exact, value=mean_of, row_scores=_is_exact, is_share=True),
        CountMetric(name="answerable_f1", counts=_answerable, value=_first_by_second, row_scores=row_scores),
        CountMetric(name="likeliest_f1", counts=_likeliest, value=_first_by_second, row_scores=_likeliest_scores),
    ]
    return {metric.name: metric for metric in family}


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return the F1 of each row, (rows,)."""
    return _scores(outcome, lambda said: said.text)


def _likeliest_scores(outcome: Outcome) -> np.ndarray:
    return _scores(outcome, lambda said: said.likeliest)


def _scores(outcome: Outcome, text: Callable[[Said], str]) -> np.ndarray:
    pairs = zip(outcome.gold, outcome.predicted, strict=True)
    return np.array([best_f1(gold, text(said)) for gold, said in pairs])


def best_f1(gold: Sequence[str], found: str) -> float:
    """Return the F1 of an answer against the nearest of the acceptable ones; without any, 1 for no answer, else 0."""
    if not gold or not found:
        return float(not gold and not found)
    return max(answer_f1(one, found) for one in gold)


def answer_f1(gold: str, found: str) -> float:
    """Return 2 * shared / (tokens of gold + tokens of found); shared are those of the bag, in Chinese of one run.

    >>> round(answer_f1("the blue sky", "a sky"), 3)
    0.667
    >>> round(answer_f1("北京大学", "北京的大学"), 3)
    0.444
    """
    chinese = is_chinese(gold + found)
    one, two = (tokens(text, chinese=chinese) for text in (gold, found))
    if not one or not two:
        return float(one == two)
    shared = longest_run(one, two) if chinese else (Counter(one) & Counter(two)).total()
    return 2 * shared / (len(one) + len(two))


def tokens(text: str, *, chinese: bool | None = None) -> list[str]:
    """Return the tokens that are compared: words and single Chinese characters; no punctuation, no articles.

    `chinese` says whose rules count; None: Chinese ones where the text has such a character.
    """
    bare = _bare(text, is_chinese(text) if chinese is None else chinese)
    return _PART.findall(isolated(bare)) if chinese or is_chinese(bare) else bare.split()


def _bare(text: str, chinese: bool) -> str:
    """Return a text as it is compared as a whole."""
    if chinese:
        return text.lower().strip().translate(_CHINESE_MARKS)
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_ENGLISH_MARKS)).split())


def longest_run(one: Sequence[str], two: Sequence[str]) -> int:
    """Return the length of the longest run of tokens that both have."""
    longest, before = 0, [0] * (len(two) + 1)
    for token in one:
        row = [0] * (len(two) + 1)
        for j, other in enumerate(two, 1):
            row[j] = before[j - 1] + 1 if token == other else 0
        longest, before = max(longest, *row), row
    return longest


def is_exact(gold: Sequence[str], found: str) -> bool:
    """Tell whether an answer is an acceptable one, but for case, punctuation and articles."""
    if not gold or not found:
        return not gold and not found
    chinese = [is_chinese(one + found) for one in gold]
    return any(_bare(one, kind) == _bare(found, kind) for one, kind in zip(gold, chinese, strict=True))


def _f1(outcome: Outcome) -> np.ndarray:
    scores = row_scores(outcome)
    return np.stack([scores, np.ones(len(scores))], axis=1)


def _exact(outcome: Outcome) -> np.ndarray:
    return share(_is_exact(outcome))


def _is_exact(outcome: Outcome) -> np.ndarray:
    pairs = zip(outcome.gold, outcome.predicted, strict=True)
    return np.array([is_exact(gold, said.text) for gold, said in pairs], dtype=np.float64)


def _answerable(outcome: Outcome) -> np.ndarray:
    return _where_answered(outcome, row_scores(outcome))


def _likeliest(outcome: Outcome) -> np.ndarray:
    return _where_answered(outcome, _likeliest_scores(outcome))


def _where_answered(outcome: Outcome, scores: np.ndarray) -> np.ndarray:
    """Return F1 and one, (rows, 2), both 0 where the question has no answer."""
    has = np.array([bool(gold) for gold in outcome.gold], dtype=np.float64)
    return np.stack([scores * has, has], axis=1)


def _first_by_second(sums: np.ndarray) -> np.ndarray:
    return ratio(sums[..., 0], sums[..., 1], np.nan)
