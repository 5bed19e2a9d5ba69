"""Find international bank account numbers by country, length and check digits.

In: a plain text. Out: finds of kind IBAN. Source: ISO 13616, check digits by ISO 7064 MOD 97-10; lengths from the
SWIFT registry.
"""

import re

from dongcha.mask._base import Kind

_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTH_OF = {country: length for length, countries in _LENGTHS.items() for country in countries.split()}


def is_iban(number: str) -> bool:
    """Tell whether letters and digits without spaces are a valid account number."""
    turned = number[4:] + number[:4]
    return _LENGTH_OF.get(number[:2]) == len(number) and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


KIND = Kind(
    label="IBAN",
    hint=re.compile(r"[A-Za-z]{2}[0-9]{2}"),
    pattern=re.compile(
        r"(?<![0-9A-Za-z])(?:[A-Z]{2}[0-9]{2}(?:[ \-]?[0-9A-Z]{4}){2,7}(?:[ \-]?[0-9A-Z]{1,3})?"
        r"|[a-z]{2}[0-9]{2}[0-9a-z]{11,29})"
        r"(?![0-9A-Za-z])"
    ),
    proven=lambda found: is_iban(re.sub(r"[ \-]", "", found[0]).upper()),
)
