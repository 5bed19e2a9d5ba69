"""Cut a text into the terms that BM25 counts.

In: a text of any script. Out: its terms in order. Letters and digits make words, in lower case (the English "'s" goes);
a run of Chinese characters or kana gives its overlapping pairs, a run of one character itself: pairs need no
dictionary and find words of two characters wherever they stand. A single character is therefore not found inside a
longer run. Characters without width are seen through. No stemming: "hotels" is not "hotel", since bm25s brings no
stemmer of its own. Time grows as the text.
"""

import re
import unicodedata

_HAN = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?:(?![{_HAN}])[^\W_])+(?:'(?:(?![{_HAN}])[^\W_])+)?")
_POSSESSIVE = "'s"
WIDTHLESS = re.compile("[\u00ad\u200b\u2060\ufeff]")  # soft hyphen, zero-width space, word joiner, BOM


def terms_of(text: str) -> list[str]:
    """Return the terms of a text, in order, each as often as it stands there; full-width forms count as plain ones."""
    plain = unicodedata.normalize("NFKC", WIDTHLESS.sub("", text)).replace("\u2019", "'").lower()
    found: list[str] = []
    for run in _RUN.finditer(plain):
        term = run[0]
        if run["han"] is None:
            found.append(term.removesuffix(_POSSESSIVE))
        elif len(term) == 1:
            found.append(term)
        else:
            found += [term[i : i + 2] for i in range(len(term) - 1)]
    return found
