"""Find the key that was meant: "did you mean", by the number of edits.

In: a mistyped word and the words there are. Out: the nearest ones. Knows nothing of recipes.
"""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known words that were most likely meant, nearest first, possibly none.

    Case is ignored and `-` counts as `_`. Every word within one edit is named (a typo may lie one edit from two
    words), else those at the smallest distance, as long as that is at most a third of the word's length.
    """
    plain = _plain(word)
    limit = max(1, len(plain) // 3)
    similar = [key for key in known if abs(len(_plain(key)) - len(plain)) <= limit]
    distances = {key: edits(plain, _plain(key)) for key in similar}
    best = min(distances.values(), default=limit + 1)
    if best > limit:
        return ()
    return tuple(sorted((key for key in distances if distances[key] <= max(best, 1)), key=lambda k: (distances[k], k)))


def edits(one: str, other: str) -> int:
    """Count the insertions, deletions, substitutions and swaps of neighbours between two words.

    Optimal string alignment (Damerau 1964; restricted: no letter is edited twice).
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_")[:64]
