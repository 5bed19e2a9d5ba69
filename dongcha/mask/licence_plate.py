"""Find number plates of vehicles of mainland China.

In: a plain text. Out: finds of kind LICENCE_PLATE. Source: GA 36-2018: a province, a letter, five characters (six with
D or F first or last on new-energy plates), never I or O; here at least two of them digits.
"""

import re

from dongcha.mask._base import Kind

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SIGN = "[0-9A-HJ-NP-Z]"

KIND = Kind(
    label="LICENCE_PLATE",
    hint=re.compile(f"[{_PROVINCE}][A-HJ-NP-Z]"),
    pattern=re.compile(
        rf"[{_PROVINCE}][A-HJ-NP-Z][ ·•.\-]?(?=[A-Z]*[0-9][A-Z]*[0-9])"
        rf"(?:[DF][0-9A-HJ-NP-Z][0-9]{{4}}|[0-9]{{5}}[DF]|{_SIGN}{{5}}|{_SIGN}{{4}}[挂学警港澳])(?![0-9A-Za-z])"
    ),
)
