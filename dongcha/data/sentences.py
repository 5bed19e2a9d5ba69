"""Cut a text into sentences, English and Chinese alike: each ends at a full stop, ? or !, or with its line.

A stop inside a word or a number ("3.5", "dongcha.run") ends nothing: in English white space follows an end.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？；…]+[”’」』）]*|\n")


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each sentence starts, and its text without the white space around it; blank ones are left out.

    >>> list(sentences("It rains. 下雨了！真的"))
    [(0, 'It rains.'), (10, '下雨了！'), (14, '真的')]
    """
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    for start, end in pairwise(cuts):
        if found := text[start:end].strip():
            yield start + text[start:end].index(found), found


def sentence_at(text: str, place: int) -> str:
    """Return the sentence that holds a character; the whole text where none does."""
    return next((found for start, found in sentences(text) if start <= place < start + len(found)), text)
