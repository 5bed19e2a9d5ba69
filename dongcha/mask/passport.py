"""Find passport numbers, where the text says that it is one.

In: a plain text. Out: finds of kind PASSPORT, the number alone. A passport number has no check digit of its own and
looks like any product code, so the word (护照, 通行证, passport) must stand close before it.
"""

import re

from dongcha.mask._base import Kind

KIND = Kind(
    label="PASSPORT",
    hint=re.compile("护照|通行证|passport", re.IGNORECASE),
    pattern=re.compile(
        r"(?:护照|通行证|passport)[^0-9\n]{0,12}?(?<![0-9A-Za-z])"
        r"(?P<value>[A-Z]{1,2}[0-9]{7,8}|E[A-HJ-NP-Z][0-9]{7}|[0-9]{9})(?![0-9A-Za-z])",
        re.IGNORECASE,
    ),
)
