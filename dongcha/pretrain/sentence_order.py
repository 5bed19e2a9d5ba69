"""Tell whether two pieces of a text were swapped (sentence order prediction: ALBERT, Lan et al. 2020).

A piece is a sentence; one that is longer than half a block is cut where that room ends, so that two pieces always fit
and nothing of them is lost. Which pairs are swapped is drawn once, from their text's position; texts of one piece give
no pair.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.features import Chunk, within
from dongcha.data.sentences import sentences
from dongcha.models.kind import DECODER, ENCODER
from dongcha.models.sentence import Ordered
from dongcha.models.tokenizer import Tokenizer, lay_pairs, windows
from dongcha.objectives.order import OrderObjective
from dongcha.pretrain._base import Learner

FITS = (ENCODER, DECODER)
LEARNING_RATE = 3e-5
ROWS = 32


class Options(BaseModel):
    """How long the new layer trains alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    alone_steps: int = Field(50, ge=0, description="steps that the new layer trains alone first")


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Join neighbouring pieces of each text in pairs, every other one swapped by chance."""
    by_text = [[sentence for _, sentence in sentences(text)] for text in texts]
    encoded = tokenizer.encode([sentence for own in by_text for sentence in own])
    cover = windows(encoded.lengths, tokenizer.pair_room // 2, 0)
    row = np.repeat(np.arange(len(texts)), [len(own) for own in by_text])[cover.row]  # the text of each piece
    opening = openings(row, len(texts))
    swapped = np.random.default_rng([first, len(texts)]).random(len(opening)) < 0.5
    begin, counts = encoded.starts[:-1][cover.row] + cover.start, cover.end - cover.start
    sides = opening + swapped, opening + ~swapped
    places, sizes = tuple(begin[side] for side in sides), tuple(counts[side] for side in sides)
    lengths, tokens, _ = lay_pairs(tokenizer, (encoded, encoded), places, sizes)
    if "token_type_ids" not in tokens and any(tokenizer.pair.types):
        tokens = {**tokens, "token_type_ids": np.zeros_like(tokens["input_ids"])}  # a chunk without any pair
    units = {"row": row[opening] + first, "swapped": swapped.astype(np.int64)}
    facts = {"texts": len(texts), "tokens": int(lengths.sum())}
    return Chunk(lengths, tokens, units, facts)


def openings(row: np.ndarray, num_texts: int) -> np.ndarray:
    """Return which pieces (p,), in order and each of text `row`, open a pair with the next; none is used twice."""
    counts = np.bincount(row, minlength=num_texts)
    nth = within(counts)
    return np.flatnonzero((nth % 2 == 0) & (nth + 1 < counts[row]))


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int) -> Learner:
    """Load the model with its pooling; the two outputs are drawn from `seed`."""
    torch.manual_seed(seed)
    return Learner(Ordered(folder), OrderObjective(), options.alone_steps)
