"""Keep phrases out: no token may complete one, whichever tokens it is made of.

The text after each candidate is decoded and asked by the metric's own rule, so case and white space do not matter.
"""

from collections.abc import Sequence

from dongcha.metrics._rules import RULES
from dongcha.models.controls._base import Control, Kept


def control(phrases: Sequence[str]) -> Control:
    """Return what keeps phrases out of a text."""
    return Kept(lambda text: RULES["must_exclude"].keeps(phrases, text))
