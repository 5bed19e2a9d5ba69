"""Lay prompts and answers as features of a model that writes, and find the answers again.

Many rows are one ragged column: values end to end (S,), and lengths (n,).
"""

from collections.abc import Mapping

import numpy as np

from dongcha.data.features import IGNORED, Chunk, Features, bounds, within
from dongcha.models.tokenizer import Encoded, Tokenizer, side_by_side


def laid(
    tokenizer: Tokenizer,
    prompts: tuple[np.ndarray, np.ndarray],
    answers: tuple[np.ndarray, np.ndarray] | None,
    units: Mapping[str, np.ndarray],
    facts: Mapping[str, int],
    learnt: np.ndarray | None = None,
) -> Chunk:
    """Lay prompts in their frame, answers behind them; say at each token which one is to come.

    That is asked of the answers, and of what is `learnt` of the prompts (S,) where these stand before answers.
    """
    count = len(prompts[1])
    suffix = tokenizer.suffix if tokenizer.two_sided else tokenizer.suffix[:0]
    read = [tiled(tokenizer.prefix, count), prompts, tiled(suffix, count)]
    ids, lengths, part = side_by_side([*read, answers or none(count)])
    written = part == len(read)
    if tokenizer.two_sided:
        following = np.where(written, ids, IGNORED)
    else:
        asked = written.copy()
        if learnt is not None:
            asked[part == 1] = learnt
        asked[bounds(lengths)[:-1]] = False  # nothing stands before what a feature opens with
        following = np.full(len(ids), IGNORED, dtype=np.int32)
        following[:-1] = np.where(asked[1:], ids[1:], IGNORED)
    tokens = {"input_ids": ids, "next": following.astype(np.int32), "position": within(lengths).astype(np.int32)}
    tokens |= {"written": written.astype(np.int8)} if tokenizer.two_sided else {}
    return Chunk(lengths, tokens, units, facts)


def answers_in(features: Features) -> np.ndarray:
    """Mark the tokens (S,) at which a feature's answer is asked for: the last stretch that is."""
    asked = np.asarray(features.tokens["next"]) != IGNORED
    owner = np.repeat(np.arange(len(features)), features.lengths)
    begins = asked & ~np.concatenate([[False], asked[:-1] & (owner[1:] == owner[:-1])])[: len(asked)]
    begun = np.cumsum(begins)
    last = np.zeros(len(features), dtype=np.int64)
    last[owner[asked]] = begun[asked]  # of equal places the last one stays
    found: np.ndarray = asked & (begun == last[owner])
    return found


def cut_facts(encoded: Encoded, room: int) -> dict[str, int]:
    """Count the prompts, those longer than the room, and the tokens by which they are."""
    excess = np.maximum(encoded.lengths - room, 0)
    return {"rows": len(excess), "cut_rows": int((excess > 0).sum()), "cut_tokens": int(excess.sum())}


def around(tokenizer: Tokenizer) -> int:
    """Return how many tokens stand around a prompt."""
    return len(tokenizer.prefix) + (len(tokenizer.suffix) if tokenizer.two_sided else 0)


def ended(ids: np.ndarray, lengths: np.ndarray, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Return answers with what ends a text behind each."""
    end = tokenizer.suffix if tokenizer.two_sided and len(tokenizer.suffix) else np.array([tokenizer.end_id])
    return side_by_side([(ids, lengths), tiled(end, len(lengths))])[:2]


def inner_of(prompts: Features, before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the tokens of prompts without what frames them, and their lengths."""
    lengths = prompts.lengths.astype(np.int64)
    place = within(lengths)
    inside = (place >= before) & (place < np.repeat(lengths - after, lengths))
    return np.asarray(prompts.tokens["input_ids"])[inside], lengths - before - after


def values_of(encoded: Encoded) -> tuple[np.ndarray, np.ndarray]:
    """Return encoded texts as values end to end and their lengths."""
    return encoded.ids, encoded.lengths


def tiled(tokens: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same tokens in each of so many rows."""
    return np.tile(tokens, count), np.full(count, len(tokens))


def none(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return no token in any of so many rows."""
    return np.zeros(0, dtype=np.int32), np.zeros(count, dtype=np.int64)


def heads(ids: np.ndarray, lengths: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first `kept` (n,) of each row's values."""
    return ids[within(lengths) < np.repeat(kept, lengths)], kept
