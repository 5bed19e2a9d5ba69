"""Find addresses (URLs) that carry a password or a key: `user:password@host`, or `?token=...`.

In: a plain text. Out: finds of kind URL_CREDENTIAL, the whole address. A plain link is not personal data.
"""

import re

from dongcha.mask._base import Kind

_SECRET = r"access_token|auth_token|token|api_?key|apikey|password|passwd|pwd|secret|client_secret|sig|signature"
_END = r"[^\s\"'<>，。；！？、（）《》【】\u4e00-\u9fff]"

KIND = Kind(
    label="URL_CREDENTIAL",
    hint=re.compile("://"),
    pattern=re.compile(
        rf"(?<![0-9A-Za-z])[A-Za-z][0-9A-Za-z+.\-]{{1,20}}://(?:"
        rf"[^\s/:@?#\"'<>]{{1,100}}:[^\s/@?#\"'<>]{{1,200}}@{_END}{{1,2000}}"
        rf"|(?=[^\s]{{1,2000}}?[?&#](?:{_SECRET})=[^\s&]{{4,}}){_END}{{1,2000}})(?<![.,;:!?)\]}}])",
        re.IGNORECASE,
    ),
)
