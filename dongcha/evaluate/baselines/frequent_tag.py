"""Tag each word as training most often tagged it: what knowing words without their context is worth.

Words are told apart as written, case and all; one that training never had is outside. An inside tag without a
beginning begins a span, by conlleval's rule.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dongcha.data.dataset import WORDS, Dataset
from dongcha.data.tags import WORD, fill_words, offsets, spans_column, spans_to_tags
from dongcha.types import Prediction, Span

OUTSIDE = "O"


@dataclass(frozen=True)
class _Row:
    text: str
    words: list[tuple[int, int]]
    spans: list[Span]

    @property
    def written(self) -> list[str]:
        return [self.text[start:end] for start, end in self.words]


def predict(train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int) -> list[Prediction]:
    """Return spans for each test row; confidence is the product of the chosen tags' shares in training."""
    best, unknown = _learn(train)
    predictions: list[Prediction] = []
    for rows in _rows(test, ["text"]):
        chosen = [[best.get(word, unknown) for word in row.written] for row in rows]
        tags = pa.array([[tag for tag, _ in row] for row in chosen], pa.list_(pa.string()))
        words = pa.array([[{"start": s, "end": e} for s, e in row.words] for row in rows], pa.list_(WORD))
        spans, _ = spans_column(tags, words)
        sure = [float(np.prod([share for _, share in row])) for row in chosen]
        found = zip(spans.to_pylist(), sure, strict=True)
        predictions += [Prediction(i, {"spans": s}, c) for i, (s, c) in enumerate(found, len(predictions))]
    return predictions


def _learn(train: Dataset) -> tuple[dict[str, tuple[str, float]], tuple[str, float]]:
    """Return each word's commonest tag with its share, and what to say of unknown words.

    Of a word's equally common tags the one commoner over all words is taken.
    """
    by_word: defaultdict[str, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    for rows in _rows(train, ["text", "spans"]):
        for row in rows:
            tags = spans_to_tags(row.spans, row.words)
            overall.update(tags)
            for word, tag in zip(row.written, tags, strict=True):
                by_word[word][tag] += 1
    best = {}
    for word, counts in by_word.items():
        tag = max(counts, key=lambda t: (counts[t], overall[t], t))
        best[word] = (tag, counts[tag] / counts.total())
    return best, (OUTSIDE, overall[OUTSIDE] / max(1, overall.total()))


def _rows(dataset: Dataset, columns: list[str]) -> Iterator[list[_Row]]:
    """Yield a batch of rows at a time; words come from `__words__` in the rows that have them."""
    has_words = WORDS in dataset.table.column_names
    for batch in dataset.batches(columns=[*columns, WORDS] if has_words else columns):
        given = pa.array(batch[WORDS] if has_words else [None] * len(batch["text"]), pa.list_(WORD))
        words = fill_words(given, pa.array(batch["text"], pa.string())).to_pylist()
        spans = batch.get("spans") or [None] * len(words)
        yield [
            _Row(text, offsets(places), [_span(span) for span in found or ()])
            for text, places, found in zip(batch["text"], words, spans, strict=True)
        ]


def _span(value: dict[str, Any]) -> Span:
    return Span(value["start"], value["end"], value["label"])
