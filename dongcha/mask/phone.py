"""Find telephone numbers: China (mobile, fixed line, 400), North America, and any with a country code.

In: a plain text. Out: finds of kind PHONE. Sources: the Chinese and North American numbering plans, ITU-T E.164. Digits
without a shape of their own (ten in a row, groups parted only by spaces) are not taken: tables of figures look alike.
"""

import re

from dongcha.mask._base import NOT_AFTER_NUMBER, NOT_BEFORE_NUMBER, Kind, digits

_CHINA_MOBILE = r"(?:(?:\+|00)?86[ \-]?|\(\+86\)[ ]?)?1[3-9][0-9](?:[ \-]?[0-9]{4}){2}"
_CHINA_AREA = r"0(?:10|2[0-9]|[3-9][0-9]{2})"
_CHINA_FIXED = (
    rf"(?:(?:\+|00)86[ \-]?)?(?:[(（]{_CHINA_AREA}[)）][ ]?|{_CHINA_AREA}[ \-])"
    r"[2-8][0-9]{2,3}[ \-]?[0-9]{4}(?:-[0-9]{1,5})?"
)
_CHINA_SERVICE = r"[48]00-(?:[0-9]{3}-[0-9]{4}|[0-9]{7})"
_AMERICA = (
    r"(?:\+?1[ .\-])?(?:\([2-9][0-9]{2}\)[ ]?[2-9][0-9]{2}[.\-][0-9]{4}"
    r"|[2-9][0-9]{2}(?P<gap>[.\-])[2-9][0-9]{2}(?P=gap)[0-9]{4})(?:[ ]?(?:x|ext\.?)[ ]?[0-9]{1,6})?"
)
_INTERNATIONAL = r"(?:\+|00(?=[1-9][0-9]{0,2}[ \-]))[1-9](?:[ \-.]?(?:\([0-9]{1,4}\)|[0-9])){6,14}"

# E.164 country codes, by first digits (ITU Operational Bulletin 1114).
_COUNTRY = re.compile(
    "1|7|2[07]|2[1-46-9][0-9]|3[0-469]|3[578][0-9]|4[013-9]|42[0-9]|5[1-8]|5[09][0-9]|6[0-6]|6[789][0-9]"
    "|8[1246]|8[058][0-9]|9[0-58]|9[679][0-9]"
)


def _is_number(found: re.Match[str]) -> bool:
    """Tell whether a number with a country code names a country and has a length that E.164 allows."""
    if not found["international"]:
        return True
    number = digits(found[0])
    number = number[2:] if found[0].startswith("00") else number
    is_decimal = re.fullmatch(r"\+[0-9]+\.[0-9]+", found[0])
    return bool(_COUNTRY.match(number)) and 9 <= len(number) <= 15 and not is_decimal


KIND = Kind(
    label="PHONE",
    hint=re.compile(r"[0-9]{4}|\+[0-9]|[0-9]{3}[ .\-][0-9]{3}"),
    pattern=re.compile(
        NOT_AFTER_NUMBER + rf"(?:{_CHINA_MOBILE}|{_CHINA_FIXED}|{_CHINA_SERVICE}|{_AMERICA}"
        rf"|(?P<international>{_INTERNATIONAL}))" + NOT_BEFORE_NUMBER
    ),
    proven=_is_number,
)
