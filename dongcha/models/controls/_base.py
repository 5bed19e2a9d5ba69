"""Say what a control is: what keeps one rule of one row while its text is written.

In: drafts, what a row has written so far. Out: which tokens may follow. A control remembers nothing of a draft but what
it would find again from its ids, so that beams may part and join, and a row writes the same in any batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dongcha.models.said import said
from dongcha.models.tokenizer import Tokenizer


@dataclass(frozen=True)
class Pen:
    """What all drafts of a model are written with: its tokenizer, the tokens and the strings that end a text."""

    tokenizer: Tokenizer
    ends: frozenset[int]
    stops: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """What a row has written: its tokens, those that ended it among them, and how many more have room."""

    pen: Pen
    ids: tuple[int, ...]
    left: int

    @cached_property
    def raw(self) -> str:
        """The text as it is decoded."""
        return self.pen.tokenizer.text_of(self.ids)

    @cached_property
    def text(self) -> str:
        """The text that metrics will read."""
        return said(self.raw, self.pen.stops)

    @cached_property
    def over(self) -> bool:
        """Whether the text has ended."""
        body = self.raw.lstrip()
        return bool(self.ids and self.ids[-1] in self.pen.ends) or any(stop in body for stop in self.pen.stops)

    def after(self, token: int) -> "Draft":
        """Return the draft with one more token."""
        return Draft(self.pen, (*self.ids, token), self.left - 1)


class Control:
    """Keep one rule of one row. Each method answers for a draft that has not ended."""

    def mask(self, draft: Draft) -> np.ndarray | None:
        """Return which tokens may follow (V,), where that is known for all at once."""
        return None

    def admits(self, draft: Draft, after: Draft) -> bool:
        """Tell whether a draft may be followed by another, one token longer."""
        return True

    def favours(self, draft: Draft) -> dict[int, float]:
        """Return what is added to the logits of some tokens."""
        return {}

    def hint(self, draft: Draft, *, ending: bool) -> int | None:
        """Return the token to try where the likeliest one will not do; `ending`: that one would end the text."""
        return None


@dataclass(frozen=True)
class Kept(Control):
    """A rule that holds of a text at any moment or never again: what breaks it is not written."""

    keeps: Callable[[str], bool]

    def admits(self, draft: Draft, after: Draft) -> bool:
        """Tell whether the longer text keeps the rule."""
        return self.keeps(after.text)
