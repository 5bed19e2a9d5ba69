"""Tell whether two pieces of a text were swapped (sentence order prediction: ALBERT, Lan et al. 2020).

Which pairs are swapped is drawn once, from their text's position; texts of one sentence give no pair.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.features import Chunk
from dongcha.data.sentences import sentences
from dongcha.models.sentence import Ordered
from dongcha.models.tokenizer import Tokenizer, frame_pairs
from dongcha.objectives.order import OrderObjective
from dongcha.pretrain._base import Learner

LEARNING_RATE = 3e-5
ROWS = 32


class Options(BaseModel):
    """How long the new layer trains alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    alone_steps: int = Field(50, ge=0, description="steps that the new layer trains alone first")


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Join neighbouring pieces of each text in pairs, every other one swapped by chance."""
    by_text = [pairs_of(text) for text in texts]
    found = [pair for pairs in by_text for pair in pairs]
    counts = np.array([len(pairs) for pairs in by_text], dtype=np.int64)
    row = np.repeat(np.arange(first, first + len(texts)), counts)
    swapped = np.random.default_rng([first, len(texts)]).random(len(found)) < 0.5
    turned = [pair[::-1] if swap else pair for pair, swap in zip(found, swapped.tolist(), strict=True)]
    sides = [[pair[side] for pair in turned] for side in range(2)]
    lengths, tokens, _ = frame_pairs(tokenizer, *(tokenizer.encode(side) for side in sides))
    if "token_type_ids" not in tokens and any(tokenizer.pair.types):
        tokens = {**tokens, "token_type_ids": np.zeros_like(tokens["input_ids"])}  # a chunk without any pair
    units = {"row": row, "swapped": swapped.astype(np.int64)}
    facts = {"texts": len(texts), "tokens": int(lengths.sum())}
    return Chunk(lengths, tokens, units, facts)


def pairs_of(text: str) -> list[tuple[str, str]]:
    """Cut a text into sentences and pair each with the next, none of them used twice."""
    pieces = [piece for _, piece in sentences(text)]
    return list(zip(pieces[::2], pieces[1::2], strict=False))


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int) -> Learner:
    """Load the model with its pooling; the two outputs are drawn from `seed`."""
    torch.manual_seed(seed)
    return Learner(Ordered(folder), OrderObjective(), options.alone_steps)
