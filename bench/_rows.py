"""Hold the training rows as every contender reads them, and the clock that every contender's steps are read by.

In: our own features of a split, and the raw rows behind them. Out: the very same token ids and labels as plain lists.
Tokens of real text are a text's pieces without its frame ([CLS], [SEP]) and without padding, counted alike for all.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dongcha.data.features import Features

WARM = 2  # steps before the clock starts
IGNORED = -100


@dataclass(frozen=True)
class Rows:
    """N texts: ids and labels a token, and the raw words with their labels, for who tokenises again.

    `frame` is the number of tokens of each text that are not of the text itself.
    """

    ids: list[list[int]]
    labels: list[list[int]]
    words: list[list[str]]
    word_labels: list[list[int]]
    num_labels: int
    frame: int

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, frame included, (N,)."""
        return np.array([len(row) for row in self.ids])

    @property
    def num_text_tokens(self) -> int:
        """Tokens of real text in all rows."""
        return text_tokens(int(self.lengths.sum()), len(self.ids), self.frame)


def text_tokens(num_tokens: int, num_rows: int, frame: int) -> int:
    """Return how many of the unpadded tokens of some rows are of the texts themselves."""
    return num_tokens - frame * num_rows


def rows_of(features: Features, raw: list[dict[str, Any]], tags: tuple[str, ...], frame: int) -> Rows:
    """Return our features, one a row, as plain lists beside the raw rows (`tokens`, `tags` of the model's outputs)."""
    spans = list(zip(features.starts[:-1].tolist(), features.starts[1:].tolist(), strict=True))
    ids, labels = (np.asarray(features.tokens[name]) for name in ("input_ids", "target"))
    number = {tag: i for i, tag in enumerate(tags)}
    assert len(raw) == len(spans), "a text was cut into windows: its row is not one feature"
    return Rows(
        ids=[ids[a:b].tolist() for a, b in spans],
        labels=[labels[a:b].tolist() for a, b in spans],
        words=[row["tokens"] for row in raw],
        word_labels=[[number[tag] for tag in row["tags"]] for row in raw],
        num_labels=len(tags),
        frame=frame,
    )


@dataclass
class Steps:
    """When each step ended, and the tokens of real text it saw."""

    ends: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def end(self, tokens: int) -> None:
        """Note the end of a step."""
        self.ends.append(time.perf_counter())
        self.tokens.append(tokens)

    def stretch(self, tail: int = 0) -> tuple[int, float]:
        """Return tokens and seconds of the steps after the warm ones, without the last `tail`.

        Seconds run from the end of the last warm step to that of the last counted one, so fetching rows is within.
        """
        last = len(self.ends) - tail
        return sum(self.tokens[WARM:last]), self.ends[last - 1] - self.ends[WARM - 1]
