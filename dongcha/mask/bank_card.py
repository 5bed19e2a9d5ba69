"""Find bank and credit card numbers by issuer, length and check digit.

In: a plain text. Out: finds of kind BANK_CARD. Source: ISO/IEC 7812-1 (Luhn); issuer ranges of UnionPay (62, and the
older debit cards 9558 and 60), Visa, Mastercard, American Express, JCB, Discover, Diners, Maestro.
"""

import re

from dongcha.mask._base import NOT_AFTER_NUMBER, NOT_BEFORE_NUMBER, Kind, digits

_ISSUERS = (
    (re.compile("62"), {16, 17, 18, 19}),
    (re.compile("9558"), {19}),
    (re.compile("60[0-9]{2}"), {16, 18, 19}),
    (re.compile("4"), {13, 16, 19}),
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),
    (re.compile("3[47]"), {15}),
    (re.compile("35"), {16}),
    (re.compile("6011|64[4-9]|65"), {16}),
    (re.compile("30[0-5]|36|38"), {14}),
    (re.compile("1800|2131"), {15}),
    (re.compile("50|5[6-8]|6"), {12, 13, 16, 19}),
)


def luhn(number: str) -> bool:
    """Tell whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def is_card_number(number: str) -> bool:
    """Tell whether digits are a card number of a known issuer's range and length, with a true check digit."""
    issued = any(issuer.match(number) and len(number) in lengths for issuer, lengths in _ISSUERS)
    return issued and len(set(number)) > 1 and luhn(number)


KIND = Kind(
    label="BANK_CARD",
    hint=re.compile(r"[0-9]{4}[ \-]?[0-9]{4}|3[0-9]{3}[ \-][0-9]{6}"),
    pattern=re.compile(
        NOT_AFTER_NUMBER + r"(?:[0-9]{12,19}"
        r"|[0-9]{4}(?:(?P<gap>[ \-])[0-9]{4}){2}(?:(?P=gap)[0-9]{1,4}){1,2}"
        r"|[0-9]{4}[ \-][0-9]{6}[ \-][0-9]{4,5}"  # American Express, Diners
        r"|[0-9]{6}[ \-][0-9]{10,13})"  # UnionPay
         + NOT_BEFORE_NUMBER
    ),
    proven=lambda found: is_card_number(digits(found[0])),
)
