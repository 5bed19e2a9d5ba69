"""Find e-mail addresses (the common part of RFC 5321: dot-atoms, a domain with a lettered top level).

In: a plain text. Out: finds of kind EMAIL. File names such as `logo@2x.png` are not addresses.
"""

import re

from dongcha.mask._base import Kind

_LOCAL = "0-9A-Za-z\u00c0-\u024f._%+'-"
_NOT_TOP_LEVEL = {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "mjs", "html", "py", "java", "local"}


def _is_address(found: re.Match[str]) -> bool:
    local, _, domain = found[0].rpartition("@")
    return ".." not in local and domain.rpartition(".")[2].lower() not in _NOT_TOP_LEVEL


KIND = Kind(
    label="EMAIL",
    hint=re.compile("@"),
    pattern=re.compile(
        rf"(?<![{_LOCAL}])[0-9A-Za-z\u00c0-\u024f_][{_LOCAL}]{{0,63}}(?<![.'])@"
        r"(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.){1,8}[A-Za-z]{2,24}(?![0-9A-Za-z@-])"
    ),
    proven=_is_address,
)
