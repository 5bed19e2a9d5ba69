"""Plan batches: which features go together, in which order, within a budget of tokens.

In: lengths, a budget, a seed, an epoch. Out: index arrays. The plan depends on nothing else: it is the same for any
number of processes, and the same again after a resume. Features of like length share a batch, so little is padding.
Features of one group are never parted: groups are then what is planned, each as long as its features padded. Tasks
with rows of their own share no batch; how often each one's turn comes is evened out by a temperature.
"""

import numpy as np

from dongcha.data.features import Features

POOL = 64  # batches whose rows are sorted together; larger pads less, smaller mixes lengths more


def plan_features(features: Features, batch_tokens: int, seed: int, epoch: int, temperature: float) -> list[np.ndarray]:
    """Plan an epoch of features: as `plan_epoch` does, or where tasks have rows of their own `plan_mixed`."""
    if features.tasks is None:
        return plan_epoch(features.lengths, batch_tokens, seed, epoch, features.groups)
    return plan_mixed(features.lengths, features.tasks, batch_tokens, seed, epoch, temperature)


def plan_mixed(
    lengths: np.ndarray, tasks: np.ndarray, batch_tokens: int, seed: int, epoch: int, temperature: float
) -> list[np.ndarray]:
    """Plan batches of one task each, as many features in all as there are, those of a task by `shares`.

    A task that gives more than its rows gives each of them equally often, but for a remainder drawn anew each epoch;
    one that gives fewer, other ones each epoch. `tasks` (N,) are numbers from 0.
    """
    rng = np.random.default_rng([seed, epoch, 1])
    batches: list[np.ndarray] = []
    for task, wanted in enumerate(shares(np.bincount(tasks), temperature)):
        own = np.flatnonzero(tasks == task)
        whole, rest = divmod(int(wanted), max(1, len(own)))
        drawn = np.concatenate([np.tile(own, whole), rng.permutation(own)[:rest]])
        batches += [drawn[batch] for batch in plan_epoch(lengths[drawn], batch_tokens, seed, epoch)]
    return [batches[i] for i in rng.permutation(len(batches))]


def shares(counts: np.ndarray, temperature: float) -> np.ndarray:
    """Share out a sum of rows in proportion to rows^(1/temperature), whole numbers by largest remainder.

    Temperature 1 gives each task its own rows; the larger it is, the more even (Devlin et al. 2018, multilingual BERT;
    Conneau and Lample 2019, equation 1: alpha = 1/temperature).
    """
    weights = np.where(counts > 0, np.power(np.maximum(counts, 1).astype(np.float64), 1 / temperature), 0.0)
    exact = weights / max(weights.sum(), 1e-300) * counts.sum()
    found: np.ndarray = np.floor(exact + 1e-9).astype(np.int64)
    found[np.argsort(found - exact, kind="stable")[: int(counts.sum() - found.sum())]] += 1
    return found


def plan_epoch(
    lengths: np.ndarray, batch_tokens: int, seed: int, epoch: int, groups: np.ndarray | None = None
) -> list[np.ndarray]:
    """Shuffle, sort by length within pools, cut where the padded size would pass the budget, shuffle the batches.

    `lengths` (N,) in tokens. A batch of b features, the longest of t tokens, has b * t <= batch_tokens, or b = 1.
    Every feature occurs exactly once. Cost grows as N log N. With `groups` (N,) of one size the law is the same with
    groups for features; where sizes differ, a batch of groups may pass the budget by as much as they differ.
    """
    if not len(lengths):
        return []
    if groups is not None:
        starts, padded = of_groups(lengths, groups)
        return [members(starts, chosen) for chosen in plan_epoch(padded, batch_tokens, seed, epoch)]
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    per_pool = max(1, int(POOL * batch_tokens / max(1.0, float(lengths.mean()))))
    batches: list[np.ndarray] = []
    for start in range(0, len(order), per_pool):
        pool = order[start : start + per_pool]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches.extend(cut(pool, lengths, batch_tokens))
    return [batches[i] for i in rng.permutation(len(batches))]


def plan_inference(lengths: np.ndarray, batch_tokens: int, groups: np.ndarray | None = None) -> list[np.ndarray]:
    """Plan batches in order of length, longest first, so that the memory peak comes at once; groups stay whole."""
    if groups is not None:
        starts, padded = of_groups(lengths, groups)
        return [members(starts, chosen) for chosen in plan_inference(padded, batch_tokens)]
    return cut(np.argsort(lengths, kind="stable"), lengths, batch_tokens)[::-1]


def of_groups(lengths: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each group begins (G + 1,) and how many tokens it has when padded to its longest (G,)."""
    opens = np.flatnonzero(np.diff(np.asarray(groups), prepend=-1))
    starts = np.append(opens, len(lengths))
    longest = np.maximum.reduceat(lengths, opens) if len(opens) else np.zeros(0, dtype=np.int64)
    return starts, longest.astype(np.int64) * np.diff(starts)


def members(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the features of groups, group after group."""
    sizes = np.diff(starts)[chosen]
    ends = np.cumsum(sizes)
    found: np.ndarray = np.arange(int(ends[-1])) + np.repeat(starts[:-1][chosen] - ends + sizes, sizes)
    return found


def cut(order: np.ndarray, lengths: np.ndarray, batch_tokens: int) -> list[np.ndarray]:
    """Cut an order of growing lengths into the fewest runs within the padded budget, then level their sizes.

    Runs are levelled so that a pool does not end in one tiny batch whose gradient weighs as much as the others.
    """
    batches, start = [], 0
    sorted_lengths = lengths[order].astype(np.int64)
    while start < len(order):
        # sizes are non-decreasing in the end, so the last end within budget is found by bisection
        low, high = start + 1, len(order)
        while low < high:
            middle = (low + high + 1) // 2
            if (middle - start) * sorted_lengths[middle - 1] <= batch_tokens:
                low = middle
            else:
                high = middle - 1
        batches.append(order[start:low])
        start = low
    if len(batches) > 1 and len(batches[-1]) < len(batches[-2]) // 2:
        last = np.concatenate(batches[-2:])
        half = len(last) // 2
        if (len(last) - half) * int(lengths[last].max()) <= batch_tokens:
            batches[-2:] = [last[:half], last[half:]]
    return batches
