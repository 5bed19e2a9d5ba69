"""Guess each token from those before it: causal language modelling (Radford et al. 2018, section 3.1).

Short texts share a block, packed end to end, each with its own beginning token and the token that ends it, positions
counting anew; no text sees another. A text too long for a block is cut as everywhere here, and only its last block ends
it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from dongcha.data.features import IGNORED, Chunk, Features, gather, within
from dongcha.metrics import perplexity
from dongcha.models.heads import writer
from dongcha.models.heads.sequence import own_pooling
from dongcha.models.kind import DECODER
from dongcha.models.tokenizer import Tokenizer, side_by_side
from dongcha.models.unigram import UnigramWriter, counts_of
from dongcha.objectives.written import WrittenObjective
from dongcha.pretrain._base import Learner
from dongcha.pretrain._blocks import cover_of
from dongcha.pretrain._surprise import General

FITS, WRITES = (DECODER,), True
LEARNING_RATE = 5e-5
ROWS = 4  # blocks, each of several texts: logits are as wide as the vocabulary at every token
MOST_TOKENS = 256
METRICS = perplexity.metrics()


class Options(BaseModel):
    """There is nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Pack texts into blocks that fit the tokenizer's longest input; `row` is that of a block's first text."""
    return packed(apart(texts, tokenizer, first), tokenizer.max_tokens)


def apart(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Return blocks of single texts: beginning, tokens, the end where the text ends; columns as writer.py has them."""
    encoded = tokenizer.encode(texts)
    cover = cover_of(texts, encoded, tokenizer.max_tokens - len(tokenizer.prefix) - 1)
    count = len(cover.row)
    inside = np.repeat(cover.start + encoded.starts[cover.row], cover.end - cover.start)
    inner = encoded.ids[inside + within(cover.end - cover.start)]
    ends = (cover.end == encoded.lengths[cover.row]).astype(np.int64)
    ids, lengths, _ = side_by_side(
        [
            (np.tile(tokenizer.prefix, count), np.full(count, len(tokenizer.prefix))),
            (inner, cover.end - cover.start),
            (np.full(int(ends.sum()), tokenizer.end_id), ends),
        ]
    )
    following = np.append(ids[1:], IGNORED).astype(np.int32)
    following[np.cumsum(lengths) - 1] = IGNORED
    tokens = {"input_ids": ids, "next": following, "position": within(lengths).astype(np.int32)}
    facts = {"texts": len(texts), "tokens": int(encoded.lengths.sum())}
    return Chunk(lengths, tokens, {"row": (cover.row + first).astype(np.int64)}, facts)


def packed(chunk: Chunk, room: int) -> Chunk:
    """Let neighbours share a block as long as there is room; no token moves, only the bounds of blocks do."""
    opens, used = [], room + 1
    for i, length in enumerate(chunk.lengths.tolist()):
        if used + length > room:
            opens.append(i)
            used = 0
        used += length
    begins = np.array(opens, dtype=np.int64)
    lengths = np.add.reduceat(chunk.lengths, begins) if len(begins) else np.zeros(0, np.int64)
    return Chunk(lengths, chunk.tokens, {name: column[begins] for name, column in chunk.units.items()}, chunk.facts)


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int) -> Learner:
    """Load the model with its output layer; nothing is new."""
    module: Any = writer.build(folder, writer.SPEC)
    module.pooling = own_pooling(folder) or "mean"
    return Learner(module, WrittenObjective())


def general(texts: Sequence[str], folder: Path, tokenizer: Tokenizer, seed: int) -> General:
    """Return texts whose every token is asked for, given those before it in its block."""
    features = gather([apart(texts, tokenizer, 0)])
    return General(features, WrittenObjective(), tokenizer.pad_id, seed, len(texts), METRICS["token_loss"], draws=1)


def by_frequency(corpus: Features, num_pieces: int) -> UnigramWriter:
    """Return what guesses by how often a token is asked for in the corpus, ends of texts among them."""
    return UnigramWriter(counts_of(corpus, "next", num_pieces))
