"""Find the best legal tag sequence of many rows at once.

In: tag scores of all words end to end, the rows' bounds, which tag may follow which. Out: a tag a word.
Viterbi (1967): the best score of a prefix that ends in a tag is the best legal predecessor's plus the tag's own.
Shape letters: W words of all rows, R rows, C tags.
"""

import numpy as np


def legal_transitions(tags: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return (may_start (C,), may_follow (C, C) from-to) for BIO tags: I-X only after B-X or I-X."""
    inside = np.array([tag.startswith("I-") for tag in tags])
    kinds = [tag[2:] for tag in tags]
    same = np.array([[a == b and a != "" for b in kinds] for a in kinds])
    return ~inside, ~inside[None, :] | same


def best_paths(scores_WC: np.ndarray, starts: np.ndarray, tags: tuple[str, ...]) -> np.ndarray:
    """Return the best legal tag of each word (W,) int64.

    `scores_WC` are log-probabilities; `starts` (R + 1,) bound the rows. Rows advance together, longest first, so the
    Python loop is over the longest row's words, not over rows. Cost W * C * C.
    """
    may_start, may_follow = legal_transitions(tags)
    ban = np.where(may_follow, 0.0, -np.inf)
    lengths = np.diff(starts)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    back = np.zeros((len(scores_WC), len(tags)), dtype=np.int16)
    best = np.zeros(len(scores_WC), dtype=np.int64)
    if not len(order):
        return best
    final = np.zeros((len(order), len(tags)))
    running = scores_WC[starts[order]] + np.where(may_start, 0.0, -np.inf)
    for t in range(1, int(lengths[order[0]])):
        alive = int((lengths[order] > t).sum())
        final[alive : len(running)] = running[alive:]
        paths = running[:alive, :, None] + ban
        words = starts[order[:alive]] + t
        back[words] = paths.argmax(axis=1)
        running = paths.max(axis=1) + scores_WC[words]
    final[: len(running)] = running
    tag = final.argmax(axis=1)
    for t in range(int(lengths[order[0]]) - 1, -1, -1):
        alive = int((lengths[order] > t).sum())
        words = starts[order[:alive]] + t
        best[words] = tag[:alive]
        tag[:alive] = back[words, tag[:alive]]
    return best
