"""Gather passages out of the texts at hand: real texts, each once, cut short, English and Chinese in turn.

In: how many, the folder of data sets, a seed. Out: passages `(language, text)`, the same for the same three. A passage
is what stands in a set's text fields, at least 5 words (English) or 8 characters (Chinese) of it, cut to the first 100.
Knows no bench.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LONGEST = 100  # words of an English passage, characters of a Chinese one
SHORTEST = {"en": 5, "zh": 8}
FIELDS = ("text", "positive", "query", "context", "document", "question", "text_a", "text_b", "source", "target")
LANGUAGES = ("en", "zh")


def passages(count: int, folder: Path, seed: int = 13) -> list[tuple[str, str]]:
    """Return `count` passages, as many of each language, in random order within it; ValueError where there are fewer.

    A call for more passages begins with those of a call for fewer.
    """
    rng = np.random.default_rng(seed)
    by_language = {}
    for language in LANGUAGES:
        texts = sorted(set(_texts(folder, language)))
        by_language[language] = [texts[i] for i in rng.permutation(len(texts))]
    short = {language: len(texts) for language, texts in by_language.items() if 2 * len(texts) < count}
    if short:
        raise ValueError(f"{folder} holds too few texts for {count} passages: {short}")
    languages = [LANGUAGES[i % 2] for i in range(count)]
    return [(language, by_language[language][i // 2]) for i, language in enumerate(languages)]


def _texts(folder: Path, language: str) -> Iterator[str]:
    for path in sorted(folder.glob(f"*_{language}/*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                for name in FIELDS:
                    if isinstance(row.get(name), str) and (text := cut(row[name], language)):
                        yield text


def cut(text: str, language: str) -> str:
    """Return the first 100 words of an English text, the first 100 characters of a Chinese one; "" of a short one."""
    words, joint = (text.split(), " ") if language == "en" else (list(" ".join(text.split())), "")
    return joint.join(words[:LONGEST]) if len(words) >= SHORTEST[language] else ""
