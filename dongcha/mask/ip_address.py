"""Find internet addresses of machines, IPv4 and IPv6, that can point to a person.

In: a plain text. Out: finds of kind IP_ADDRESS. Version and section numbers (`v1.2.3.4`, all parts below 10), loopback
and unspecified addresses are left alone. Source: RFC 791, RFC 4291, by the standard library's `ipaddress`.
"""

import ipaddress
import re

from dongcha.mask._base import Kind

_VERSION_BEFORE = re.compile(r"(?:\bv|version|release|版本|版)[ :：]?$", re.IGNORECASE)


def _is_address(found: re.Match[str]) -> bool:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified:
        return False
    if address.version == 6:
        return sum(bool(part) for part in found[0].split(":")) >= 3 and any(c.isdigit() for c in found[0])
    is_section = all(int(part) < 10 for part in found[0].split("."))
    before = found.string[max(0, found.start() - 10) : found.start()]
    return not is_section and not _VERSION_BEFORE.search(before)


KIND = Kind(
    label="IP_ADDRESS",
    hint=re.compile(r"[0-9]\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f:]"),
    pattern=re.compile(
        r"(?<![0-9A-Za-z.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z])(?!\.[0-9])"
        r"|(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"
    ),
    proven=_is_address,
)
