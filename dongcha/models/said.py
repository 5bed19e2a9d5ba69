"""Find where a written text is over.

In: a text as it was decoded, the strings at which it ends. Out: what it says.
"""

from collections.abc import Sequence


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
