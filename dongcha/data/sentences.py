"""Cut a text into sentences, English and Chinese alike: each ends at a full stop, ? or !, or with its line."""

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"[^.!?。！？\n]*(?:[.!?。！？\n]+[\"'”’)）]*|$)")


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each sentence starts, and its text without the white space around it; blank ones are left out.

    >>> list(sentences("It rains. 下雨了！真的"))
    [(0, 'It rains.'), (10, '下雨了！'), (14, '真的')]
    """
    for match in _SENTENCE.finditer(text):
        if found := match[0].strip():
            yield match.start() + match[0].index(found), found


def sentence_at(text: str, place: int) -> str:
    """Return the sentence that holds a character; the whole text where none does."""
    return next((found for start, found in sentences(text) if start <= place < start + len(found)), text)
