"""Find resident identity numbers of mainland China, 18 characters, by region, birth date and check digit.

In: a plain text. Out: finds of kind IDENTITY_CARD. Source: GB 11643-1999, check digit by ISO 7064 MOD 11-2. The old
15-digit form has no check digit and is left alone.
"""

import datetime as dt
import re

from dongcha.mask._base import NOT_AFTER_NUMBER, NOT_BEFORE_NUMBER, Kind

_REGIONS = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")  # provinces, first two digits
_WEIGHTS = [pow(2, 17 - place, 11) for place in range(17)]


def is_identity_number(number: str) -> bool:
    """Tell whether 18 characters are a valid number: region, a birth date from 1900 to today, check digit."""
    try:
        born = dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    expected = "10X98765432"[total % 11]
    in_range = born.year >= 1900 and born <= dt.date.today()
    return in_range and bool(_REGIONS.match(number)) and number[17].upper() == expected


KIND = Kind(
    label="IDENTITY_CARD",
    hint=re.compile(r"[1-8][0-9]{5}"),
    pattern=re.compile(
        NOT_AFTER_NUMBER + r"[1-8][0-9]{5}[ \-]?[12][0-9]{7}[ \-]?[0-9]{3}[ \-]?[0-9Xx]" + NOT_BEFORE_NUMBER
    ),
    proven=lambda found: is_identity_number(re.sub(r"[ \-]", "", found[0])),
)
