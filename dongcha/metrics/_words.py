"""Cut a text into what is counted of it: words, and single Chinese (or Japanese) characters.

In: a text of any script. Out: its words in lower case without punctuation, which parts them: "well-known" is two, as in
the usual reading of ROUGE. Answers of a few words are cut otherwise (`metrics/answers.py`).
"""

import re

CHINESE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LETTER = rf"[^\W_{CHINESE}]"  # a letter or digit of a script that puts spaces between words
_CHINESE = re.compile(f"[{CHINESE}]")
_WORD = re.compile(f"[{CHINESE}]|{LETTER}+")


def is_chinese(text: str) -> bool:
    """Tell whether a text has a Chinese (or Japanese) character."""
    return _CHINESE.search(text) is not None


def isolated(text: str) -> str:
    """Return a text with spaces around each Chinese character."""
    return _CHINESE.sub(lambda found: f" {found[0]} ", text)


def words(text: str) -> list[str]:
    """Return the words of a text in order.

    >>> words("A well-known e-mail, sent at 3.5")
    ['a', 'well', 'known', 'e', 'mail', 'sent', 'at', '3', '5']
    >>> words("用 Python 3 写的。")
    ['用', 'python', '3', '写', '的']
    """
    return _WORD.findall(text.lower())
