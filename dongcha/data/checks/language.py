"""Tell which languages the texts are in, by the scripts of their letters.

In: a View. Out: the check `language`: the share of rows in Chinese, in Latin letters (`en`), in others and in none, by
split. Scripts cannot tell English from French, so `en` means Latin letters. Splits that differ are warned of: the test
would then measure another language. State: four counts a split.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from dongcha.data.checks._base import View, split_order
from dongcha.locale import say
from dongcha.types import Check

SCRIPTS = ("zh", "en", "other", "none")
CHINESE_SHARE = 0.3  # of the letters: a Chinese character says as much as three Latin letters
APART = 0.1  # difference in a script's share of rows beyond which two splits differ
_LATIN = ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
_HAN = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_OTHER = (
    (0x370, 0x1DFF),
    (0x1F00, 0x1FFF),
    (0x3040, 0x31FF),
    (0xA000, 0xDFFF),
)  # Greek ... Thai, kana and Hangul, Yi ... Hangul


def check(view: View) -> list[Check]:
    """Count rows by script, and compare the splits."""
    shares: dict[str, dict[str, float]] = {}
    for name in split_order(view.splits):
        scripts = Counter(scripts_of(view.texts_read(name)))
        shares[name] = {script: scripts[script] / max(1, scripts.total()) for script in SCRIPTS}
    clauses = say("data_checks.and").join(
        say("data_checks.language_in", split=name, mix=_mix(share)) for name, share in shares.items()
    )
    apart = _apart(shares)
    if not apart:
        return [Check("language", "passed", say("data_checks.language", clauses=clauses), figures=shares)]
    message = say("data_checks.language_apart", splits=", ".join(apart), clauses=clauses)
    return [Check("language", "warned", message, len(apart), fix=say("data_checks.language_fix"), figures=shares)]


def scripts_of(texts: Sequence[str]) -> list[str]:
    """Return `zh`, `en`, `other` or `none` (no letters) for each text; Japanese and Korean are `other`."""
    scripts: list[str] = []
    for start in range(0, len(texts), 4096):
        scripts += _scripts(texts[start : start + 4096])
    return scripts


def _scripts(texts: Sequence[str]) -> list[str]:
    codes = np.frombuffer("\0".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    starts = np.cumsum(lengths) - lengths
    han, latin, other = (_count(codes, starts, ranges) for ranges in (_HAN, _LATIN, _OTHER))
    letters = han + latin + other
    is_chinese = (han >= CHINESE_SHARE * letters) & (other < 0.2 * letters)
    is_latin = latin >= 0.5 * letters
    chosen = np.select([letters == 0, is_chinese, is_latin], [3, 0, 1], default=2)
    return [SCRIPTS[index] for index in chosen]


def _count(codes: np.ndarray, starts: np.ndarray, ranges: Sequence[tuple[int, int]]) -> np.ndarray:
    inside = np.zeros(len(codes), dtype=np.int64)
    for first, last in ranges:
        inside |= (codes >= first) & (codes <= last)
    return np.asarray(np.add.reduceat(inside, starts)) if len(starts) else inside


def _apart(shares: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the splits whose mix differs from the first one's (train, where there is one)."""
    first = next(iter(shares.values()), {})
    return [name for name, mix in shares.items() if any(abs(mix[s] - first[s]) > APART for s in SCRIPTS)]


def _mix(shares: Mapping[str, float]) -> str:
    present = sorted((script for script in SCRIPTS if shares[script] >= 0.0005), key=lambda script: -shares[script])
    names = {script: say(f"data_checks.script_{script}") for script in SCRIPTS}
    return " + ".join(f"{names[script]} {shares[script]:.1%}" for script in present) or names["none"]
