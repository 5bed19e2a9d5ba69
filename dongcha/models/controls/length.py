"""Keep a text's length: no end before the fewest words, and none beyond the most; counted as the metric counts.

At the most, a word that was begun is written to its end, and a few signs may close the sentence; what would begin
another word, or half of a character of one, is not written.
"""

from dataclasses import dataclass

from dongcha.metrics._words import words
from dongcha.models.controls._base import Control, Draft

SIGNS = 3  # characters that may follow the last word
HALF = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class AtLeast(Control):
    """No end before so many words."""

    fewest: int

    def admits(self, draft: Draft, after: Draft) -> bool:
        """Tell whether the text may go on so: any text may, but for one that ends too early."""
        return not after.over or len(words(after.text)) >= self.fewest


@dataclass(frozen=True)
class AtMost(Control):
    """No word beyond so many."""

    most: int

    def admits(self, draft: Draft, after: Draft) -> bool:
        """Tell whether the text keeps to its length."""
        count = len(words(after.text))
        if count < self.most or after.over:
            return count <= self.most
        return count == self.most and not after.text.endswith(HALF) and _signs_behind(after.text) <= SIGNS


def _signs_behind(text: str) -> int:
    """Count the characters behind the last word."""
    return next((i for i, character in enumerate(reversed(text)) if words(character)), len(text))
