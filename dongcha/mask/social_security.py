"""Find social security numbers of the United States, written `ddd-dd-dddd`.

In: a plain text. Out: finds of kind SOCIAL_SECURITY. Source: SSA, "Social Security Number Randomization": never 000,
666 or 9xx in front, never 00 in the middle, never 0000 at the end.
"""

import re

from dongcha.mask._base import NOT_AFTER_NUMBER, NOT_BEFORE_NUMBER, Kind

KIND = Kind(
    label="SOCIAL_SECURITY",
    hint=re.compile(r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}"),
    pattern=re.compile(NOT_AFTER_NUMBER + r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}" + NOT_BEFORE_NUMBER),
)
