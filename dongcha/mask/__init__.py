"""Text in, personal data found or hidden out: one file a kind, Chinese and English.

Found is what proves itself: by check digit, by a valid number range, by its shape. Names and addresses do not, and are
not looked for. Full-width digits, spaces inside numbers and zero-width characters do not hide anything, and offsets
always point into the text as it was given. A stranger's kind comes by the entry points `dongcha.mask`.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache

from dongcha import registry
from dongcha.mask._base import Kind, read_plainly
from dongcha.types import Span

# Where two finds overlap, the kind named first keeps its own.
METHODS = (
    "url_credential",
    "email_address",
    "identity_card",
    "iban",
    "bank_card",
    "social_security",
    "phone",
    "ip_address",
    "licence_plate",
    "passport",
)


@cache
def kinds() -> tuple[Kind, ...]:
    """Return all kinds in order of precedence, a stranger's last."""
    strangers = [name for name in registry.names("mask") if name not in METHODS]
    return tuple(registry.find("mask", name).KIND for name in (*METHODS, *strangers))


def find(text: str, field: str = "text") -> list[Span]:
    """Return the personal data in a text as spans of characters, in order, none overlapping."""
    plain, places = read_plainly(text)
    taken: list[tuple[int, int, str]] = []
    for kind in kinds():
        for start, end in kind.stretches(plain):
            if all(end <= other_start or other_end <= start for other_start, other_end, _ in taken):
                taken.append((start, end, kind.label))
    taken.sort()
    if places is not None:
        taken = [(places[start], places[end - 1] + 1, label) for start, end, label in taken]
    return [Span(start, end, label, field) for start, end, label in taken]


def count(texts: Iterable[str]) -> dict[str, int]:
    """Count the finds in many texts by kind, most frequent first; kinds that were not found are left out."""
    return dict(Counter(span.label for text in texts for span in find(text)).most_common())


def mask_text(text: str) -> str:
    """Return the text with each find replaced by its kind in brackets, such as `[EMAIL]`."""
    pieces, last = [], 0
    for span in find(text):
        pieces += [text[last : span.start], f"[{span.label}]"]
        last = span.end
    return "".join(pieces) + text[last:]


__all__ = ["METHODS", "Kind", "count", "find", "kinds", "mask_text"]
