"""Find labelled spans in texts (named entities and the like).

Rows: `text`, `spans`; `__words__` when the user gave tokens. Outputs: (S, C) logits by token. Inside, each word has a
BIO tag; the label sits on the word's first subword, in the one window that owns it, and nowhere else. Out come spans.
Metrics: span F1 first, counted as CoNLL does; see `metrics/spans.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data.dataset import WORDS, Dataset
from dongcha.data.features import IGNORED, Chunk, Features, bounds, within
from dongcha.data.tags import WORD, fill_words, row_bounds
from dongcha.metrics import Metric, Outcome
from dongcha.metrics import spans as metrics
from dongcha.models.tokenizer import Encoded, Tokenizer, Windows, frame
from dongcha.tasks._base import Columns, Lengths, Texts
from dongcha.tasks._labelled import softmax
from dongcha.tasks._viterbi import best_paths
from dongcha.types import Prediction

LONG_TEXTS = "windows"  # what `long_texts: auto` means here
NO_WORD = -1
FAR = 1 << 32  # texts are laid this far apart when their offsets share one number line


@dataclass(frozen=True, kw_only=True)
class Task:
    """Tagging with span `labels`, in sorted order."""

    labels: tuple[str, ...]
    lengths: Lengths = field(default_factory=Lengths)

    name = "tagging"
    fields = ("text", "spans")
    num_inputs = 1
    head = "token"
    loss = "cross_entropy"
    baselines = ("frequent_tag",)
    isolates_cjk = True

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> "Task":
        """Find the span labels in the training rows."""
        labels = {span["label"] for spans in train.column("spans") for span in spans or ()}
        return cls(labels=tuple(sorted(labels)), lengths=lengths)

    @classmethod
    def untaught(cls, labels: Sequence[str], others: Sequence[Dataset], lengths: Lengths) -> "Task":
        """Take the span labels as they were named."""
        return cls(labels=tuple(sorted(labels)), lengths=lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Task":
        """Rebuild the task of a saved model."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"])
        return cls(labels=tuple(card["labels"]), lengths=lengths)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return {"task": self.name, "labels": list(self.labels), "long_texts": self.lengths.long_texts}

    @property
    def tags(self) -> tuple[str, ...]:
        """The BIO tags, the model's outputs in order: O first."""
        return ("O", *(f"{place}-{label}" for label in self.labels for place in "BI"))

    @property
    def num_outputs(self) -> int:
        """One output a tag."""
        return len(self.tags)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The task's metrics, the main one first."""
        return metrics.metrics(self.labels)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The BIO tags."""
        return self.tags

    def texts(self, rows: Columns) -> Texts:
        """Return the text."""
        return (rows["text"],)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into windows; each token knows its word (if it is the word's first) and the word's tag."""
        words = words_of(rows)
        encoded = tokenizer.encode(rows["text"])
        first = first_subwords(encoded, words)
        cover = self.lengths.cover(encoded.lengths, tokenizer.room)
        columns = {"word": (first, NO_WORD)}
        facts = {"rows": len(encoded.lengths), "cut_rows": int((encoded.lengths > tokenizer.room).sum())}
        if self.lengths.long_texts == "windows":
            facts |= {"window_rows": facts["cut_rows"], "cut_rows": 0}
        if "spans" in rows:
            targets, counts = self._targets(rows["spans"], words, encoded, first)
            columns["target"] = (targets, IGNORED)
            facts |= counts
        lengths, tokens = frame(tokenizer, encoded, cover, columns)
        _disown(tokens, cover, len(tokenizer.prefix), lengths)
        return Chunk(lengths, tokens, {"row": (cover.row + first_row).astype(np.int64)}, facts)

    def _targets(
        self, spans: Sequence[Any], words: "Words", encoded: Encoded, first: np.ndarray
    ) -> tuple[np.ndarray, dict[str, int]]:
        """Return tag ids by token (S,), and how many spans words and tokens cannot carry back whole."""
        token_row = np.repeat(np.arange(len(encoded.lengths)), encoded.lengths)
        carries = first >= 0
        places = words.starts[token_row[carries]] + first[carries]
        reached = np.zeros(len(words.begin), dtype=bool)
        reached[places] = True
        tags, carried = self._word_tags(spans, words, reached)
        targets = np.full(len(first), IGNORED, dtype=np.int64)
        targets[carries] = tags[places]
        return targets, {"spans": len(carried), "damaged_spans": int((~carried).sum())}

    def _word_tags(self, spans: Sequence[Any], words: "Words", reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the tag id of each word (W,), and for each gold span whether text -> tokens -> spans gives it back."""
        ids = {label: i for i, label in enumerate(self.labels)}
        flat = [
            (row, span["start"], span["end"], ids.get(span["label"], -1))
            for row, found in enumerate(spans)
            for span in found or ()
        ]
        row, start, end, label = np.array(flat, dtype=np.int64).reshape(-1, 4).T
        first = np.searchsorted(words.end, start + row * FAR, side="right")
        last = np.searchsorted(words.begin, end + row * FAR, side="left") - 1
        covers = (last >= first) & (label >= 0)
        tags = np.zeros(len(words.begin), dtype=np.int64)
        inner = np.where(covers, last - first, 0)
        inside = np.repeat(first, inner) + 1 + within(inner)
        tags[inside] = np.repeat(2 * label + 2, inner)
        tags[first[covers]] = 2 * label[covers] + 1
        unreached = bounds((~reached).astype(np.int64))
        at, to = np.minimum(first, len(tags) - 1), np.clip(last, 0, len(tags) - 1)
        exact = (words.begin[at] == start + row * FAR) & (words.end[to] == end + row * FAR) if len(tags) else covers
        whole = unreached[np.maximum(last + 1, 0)] == unreached[np.minimum(first, len(tags))]
        return tags, covers & exact & whole

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Choose the best legal tag sequence of each row over its words, windows joined, and read off the spans."""
        words = words_of(rows)
        starts = words.starts
        word = np.asarray(features.tokens["word"])
        owner = np.repeat(np.asarray(features.units["row"]) - first_row, features.lengths)
        carries = word >= 0
        log_probs = np.full((int(starts[-1]), len(self.tags)), -30.0)
        log_probs[:, 0] = 0.0  # a word that no token reaches is outside
        log_probs[starts[owner[carries]] + word[carries]] = np.log(softmax(outputs[carries]) + 1e-12)
        tags = best_paths(log_probs, starts, self.tags)
        sure = np.exp(log_probs[np.arange(len(tags)), tags])
        given = given_words(rows)
        return [
            self._prediction(i, tags[a:b], sure[a:b], words.offsets(i), given[i] is not None)
            for i, (a, b) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
        ]

    def _prediction(
        self, row: int, tags: np.ndarray, sure: np.ndarray, words: np.ndarray, with_tags: bool
    ) -> Prediction:
        opens = np.flatnonzero(tags % 2 == 1)
        spans = []
        for at in opens.tolist():
            end = at + 1
            while end < len(tags) and tags[end] == tags[at] + 1:
                end += 1
            span = {"start": int(words[at, 0]), "end": int(words[end - 1, 1]), "label": self.labels[tags[at] // 2]}
            spans.append(span | {"confidence": round(float(sure[at:end].min()), 4)})
        target: dict[str, Any] = {"spans": spans}
        if with_tags:
            target["tags"] = [self.tags[t] for t in tags.tolist()]
        return Prediction(row, target, float(sure.min(initial=1.0)))

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay gold and predicted spans side by side as (start, end, label)."""
        gold = [[(s["start"], s["end"], s["label"]) for s in spans or ()] for spans in rows["spans"]]
        predicted = [[(s["start"], s["end"], s["label"]) for s in p.target["spans"]] for p in predictions]
        return Outcome(gold, predicted, None)

    def per_label(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and support of each span label."""
        return metrics.per_label(outcome, self.labels)

    def confusion(self, outcome: Outcome) -> dict[str, Any]:
        """Return nothing: spans that differ in place have no cell."""
        return {}

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Task":
        """Return the task as it is: nothing here is decided on validation rows."""
        return self

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the spans as "EU=ORG, German=MISC"; a dash for none."""
        found = [f"{text[s['start'] : s['end']]}={s['label']}" for s in target["spans"] or ()]
        return ", ".join(found) or "-"

    def class_weights(self, train: Dataset) -> tuple[float, ...]:
        """Return no weights: most words are outside, and weighing tags would trade precision for recall unsaid."""
        return ()


@dataclass(frozen=True)
class Words:
    """The words of all rows on one number line: `begin` and `end` (W,) are offset + row * FAR; `starts` bound rows."""

    begin: np.ndarray
    end: np.ndarray
    starts: np.ndarray

    def offsets(self, row: int) -> np.ndarray:
        """Return a row's words as character offsets (words, 2)."""
        part = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return np.stack([self.begin[part], self.end[part]], axis=1) - row * FAR


def given_words(rows: Columns) -> list[Any]:
    """Return the user's own tokens of each row; None for a row that came as text, another task's among several say."""
    return rows.get(WORDS) or [None] * len(rows["text"])


def words_of(rows: Columns) -> Words:
    """Return each row's words: the user's tokens where the row has them, else those found in its text."""
    words = fill_words(pa.array(given_words(rows), pa.list_(WORD)), pa.array(rows["text"], pa.string()))
    starts = row_bounds(words)
    row = np.repeat(np.arange(len(words)), np.diff(starts))
    flat = words.flatten()
    begin, end = (pc.struct_field(flat, name).to_numpy().astype(np.int64) + row * FAR for name in ("start", "end"))
    return Words(begin, end, starts)


def first_subwords(encoded: Encoded, words: Words) -> np.ndarray:
    """Return, by token (S,), the index in its row of the word that the token is the first subword of, else -1."""
    first = np.full(len(encoded.ids), NO_WORD, dtype=np.int32)
    if not len(words.begin):
        return first
    row = np.repeat(np.arange(len(encoded.lengths)), encoded.lengths)
    begin, end = encoded.begin + row * FAR, encoded.end + row * FAR
    # the first word that ends after the token begins; a token that opens with a blank still finds its word
    word = np.minimum(np.searchsorted(words.end, begin, side="right"), len(words.end) - 1)
    touches = (end > begin) & (words.begin[word] < end) & (words.end[word] > begin)
    hits = np.flatnonzero(touches)
    if len(hits):
        hits = hits[np.concatenate([[True], np.diff(word[hits]) != 0])]
        first[hits] = word[hits] - words.starts[row[hits]]
    return first


def _disown(tokens: dict[str, np.ndarray], cover: Windows, before: int, lengths: np.ndarray) -> None:
    """Take word and target from tokens that lie in a window's borrowed margins: each word counts in one window."""
    starts = bounds(lengths)
    window = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(int(starts[-1])) - starts[window] - before + cover.start[window]
    borrowed = (place < cover.own_start[window]) | (place >= cover.own_end[window])
    tokens["word"][borrowed] = NO_WORD
    if "target" in tokens:
        tokens["target"][borrowed] = IGNORED
