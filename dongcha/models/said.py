"""Find where a written text is over.

In: a text as it was decoded, the strings at which it ends. Out: what it says.
"""

from collections.abc import Sequence


class ToTheLetter(tuple[str, ...]):
    """Strings that end a text wherever they stand; others do not among the blanks that it opens with."""


def opened(text: str, stops: Sequence[str]) -> str:
    """Return a text from where it opens: without blanks before it, but for one that is taken to the letter."""
    return text if isinstance(stops, ToTheLetter) else text.lstrip()


def is_over(text: str, stops: Sequence[str]) -> bool:
    """Tell whether a string that ends a text stands in it."""
    body = opened(text, stops)
    return any(stop in body for stop in stops)


def cut_at(text: str, stops: Sequence[str]) -> str:
    """Return what of a text comes before the first of some strings."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text


def said(text: str, stops: Sequence[str]) -> str:
    """Return what a decoded text is taken to say: up to the first string that ends it, without blanks around."""
    return cut_at(text.lstrip(), stops).strip()


def plain_cut_at(stops: Sequence[str]) -> str:
    """Return what `cut_at` does to a text, as Python that stands behind it."""
    return "".join(f".split({stop!r})[0]" for stop in stops)
