"""Make any number of rows out of the texts at hand: joins of random halves, with planted repeats.

In: a number of rows, a seed, the folder of data sets. Out: rows `text`, `label`, the same for the same three. A text is
the first half of one text and the second half of another of about its length and its language, English and Chinese in
turn; its label is the set of the first. In every 20 rows one is an exact copy of an earlier text and one a near copy (a
letter put in), so 5 % of each. Knows no bench.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

EVERY = 20  # rows in which one exact and one near repeat stand
EXACT, NEAR = 9, 19  # their places among them
SHORTEST = 20  # characters of a text worth halving
SHORTEST_NEAR = 40  # characters of a text that stays near (Jaccard 0.8) with one letter more
REACH = 2_000  # texts of next length, to either side, that may give the second half
BLOCK = 1 << 14  # rows whose random numbers are drawn at once
LETTERS = {"en": "abcdefghijklmnoprstuvw", "zh": "的一是不了在人有我他这个们中来上大为和国"}
LANGUAGES = tuple(LETTERS)


@dataclass(frozen=True)
class Halves:
    """First and second halves of the texts of one language, by length of the whole, and the set of each."""

    first: list[str] = field(default_factory=list)
    second: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)


def halves_of(folder: Path) -> dict[str, Halves]:
    """Cut the training texts of all sets that have a `text` field in half, by language."""
    found: dict[str, Halves] = {}
    for language in LANGUAGES:
        texts = [
            (text, path.parent.name)
            for path in sorted(folder.glob(f"*_{language}/train.jsonl"))
            for text in _texts(path)
            if len(text) >= SHORTEST
        ]
        found[language] = halves = Halves()
        for text, name in sorted(texts, key=lambda pair: (len(pair[0]), pair)):
            cut = text.rfind(" ", 0, len(text) // 2 + 1) if language == "en" else len(text) // 2
            cut = cut if cut > 0 else len(text) // 2
            halves.first.append(text[:cut])
            halves.second.append(text[cut:])
            halves.label.append(name)
    return found


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line).get("text")
            if isinstance(text, str):
                yield text


def joined_rows(num_rows: int, folder: Path, seed: int = 13) -> Iterator[dict[str, str]]:
    """Yield `num_rows` rows; the first rows of two calls with one seed are the same."""
    rng = np.random.default_rng(seed)
    halves = halves_of(folder)
    made: list[tuple[str, str]] = []  # text and label of rows that are no repeats
    long: list[int] = []  # which of these a near copy may be made of
    for start in range(0, num_rows, BLOCK):
        draws = rng.random((BLOCK, 4)).tolist()
        for row, draw in zip(range(start, min(start + BLOCK, num_rows)), draws, strict=False):
            place = row % EVERY
            if place == EXACT:
                text, label = made[int(draw[0] * len(made))]
            elif place == NEAR and long:
                text, label = made[long[int(draw[0] * len(long))]]
                text = _one_letter_more(text, draw)
            else:
                language = LANGUAGES[row % 2]
                text, label = _join(halves[language], draw)
                long += [len(made)] if len(text) >= SHORTEST_NEAR else []
                made.append((text, label))
            yield {"text": text, "label": label}


def _join(halves: Halves, draw: list[float]) -> tuple[str, str]:
    count = len(halves.first)
    one = int(draw[0] * count)
    low, high = max(0, one - REACH), min(count, one + REACH + 1)
    return halves.first[one] + halves.second[low + int(draw[1] * (high - low))], halves.label[one]


def _one_letter_more(text: str, draw: list[float]) -> str:
    letters = LETTERS["zh" if any("\u4e00" <= c <= "\u9fff" for c in text[:20]) else "en"]
    at = 1 + int(draw[1] * (len(text) - 1))
    return text[:at] + letters[int(draw[2] * len(letters))] + text[at:]


def write_rows(path: Path, num_rows: int, folder: Path) -> None:
    """Write rows as JSON Lines."""
    with path.open("w", encoding="utf-8") as out:
        for row in joined_rows(num_rows, folder):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
