"""Encode whole texts, one answer a row: a text alone, or two that are read together.

In: texts, a tokenizer, how long texts are met. Out: a chunk without targets; one feature a row, or several windows of
a long text, each with the 0-based row that it belongs to. Two texts are always cut, never read in windows.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from dongcha.data.features import Chunk, Features
from dongcha.models.tokenizer import Tokenizer, frame, frame_pairs
from dongcha.tasks._base import Columns, Lengths, Texts


class Whole(ABC):
    """A task with one vector of outputs a feature; what it is called, what it reads, and its texts are its own."""

    head = "sequence"
    isolates_cjk = False

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    num_inputs: ClassVar[int]
    baselines: ClassVar[tuple[str, ...]]

    @abstractmethod
    def texts(self, rows: Columns) -> Texts:
        """Return what is read of rows, as `Task.texts` has it."""


def encode_whole(texts: Texts, tokenizer: Tokenizer, lengths: Lengths, first_row: int) -> Chunk:
    """Turn texts into framed features of at most the model's length; count the rows and tokens that had no room.

    `first_row` is the data set's position of the first row.
    """
    if len(texts) == 2:
        framed, tokens, missing = frame_pairs(tokenizer, *(tokenizer.encode(side) for side in texts))
        facts = {"rows": len(framed), "cut_rows": int((missing > 0).sum()), "cut_tokens": int(missing.sum())}
        return Chunk(framed, tokens, {"row": np.arange(first_row, first_row + len(framed))}, facts)
    encoded = tokenizer.encode(texts[0])
    cover = lengths.cover(encoded.lengths, tokenizer.room)
    framed, tokens = frame(tokenizer, encoded, cover, {})
    cut = encoded.lengths > tokenizer.room
    facts = {"rows": len(encoded.lengths), "cut_rows": int(cut.sum())}
    facts["cut_tokens"] = int((encoded.lengths - tokenizer.room)[cut].sum())
    if lengths.long_texts == "windows":
        facts |= {"window_rows": facts["cut_rows"], "cut_rows": 0, "cut_tokens": 0}
    return Chunk(framed, tokens, {"row": (cover.row + first_row).astype(np.int64)}, facts)


def mean_by_row(outputs: np.ndarray, features: Features, num_rows: int, first_row: int) -> np.ndarray:
    """Return outputs by row (rows, C) from outputs by feature (N, C): the windows of one text count alike."""
    if len(outputs) == num_rows:
        return outputs
    row = np.asarray(features.units["row"]) - first_row
    sums = np.zeros((num_rows, outputs.shape[1]))
    np.add.at(sums, row, outputs)
    return np.asarray(sums / np.bincount(row, minlength=num_rows)[:, None])
