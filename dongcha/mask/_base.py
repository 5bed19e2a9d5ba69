"""Hold what a kind of personal data is, and read a text plainly while its offsets stay true.

In: a text. Out: stretches of it. A kind gives a pattern that is quick to search, and a proof that a find is real
(check digit, valid number range); it never guesses by context alone. Knows no single kind.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# One character for one: full-width digits and letters, what stands inside numbers and addresses, spaces, dashes.
# Full-width commas, colons and brackets stay, because they end what is found.
_PLAIN = {ord(wide): ord(wide) - 0xFEE0 for wide in "＋－．＠＿"} | {0x3000: 0x20, 0xA0: 0x20, 0x202F: 0x20}
_PLAIN |= {code: code - 0xFEE0 for first, last in ("０９", "ＡＺ", "ａｚ") for code in range(ord(first), ord(last) + 1)}
_PLAIN |= dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), 0x2D)
_WIDTHLESS = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")

# A number may not go on to the left or right: no letter, digit, decimal point or dash and digit.
NOT_AFTER_NUMBER = r"(?<![0-9A-Za-z])(?<![0-9][.\-_/])"
NOT_BEFORE_NUMBER = r"(?![0-9A-Za-z])(?![.\-_/]?[0-9])"


def always(found: re.Match[str]) -> bool:
    """Accept every find of a pattern that is proof enough."""
    return True


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of personal data.

    `label` names it in spans and in `[LABEL]`; `hint` is a cheap pattern without which no find is possible; `pattern`
    finds candidates (its group `value`, where it has one, is the stretch); `proven` tells whether a find is real.
    """

    label: str
    hint: re.Pattern[str]
    pattern: re.Pattern[str]
    proven: Callable[[re.Match[str]], bool] = always

    def stretches(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each proven find in a plain text."""
        if self.hint.search(text):
            group: str | int = "value" if "value" in self.pattern.groupindex else 0
            for found in self.pattern.finditer(text):
                if self.proven(found):
                    yield found.span(group)


def read_plainly(text: str) -> tuple[str, list[int] | None]:
    """Return the text in half width without widthless characters, and where each character stood.

    The second value is None when no character was taken out: offsets are then the same.
    """
    if text.isascii():
        return text, None
    text = text.translate(_PLAIN)
    if not _WIDTHLESS.search(text):
        return text, None
    kept = [index for index, character in enumerate(text) if not _WIDTHLESS.match(character)]
    return "".join(text[index] for index in kept), kept


def digits(text: str) -> str:
    """Return only the digits of a text."""
    return "".join(character for character in text if "0" <= character <= "9")
