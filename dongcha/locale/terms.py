"""Name things for people: metrics, models, checks, steps, splits by their term, and texts with nothing hidden in them.

In: a name as the parts write it (`macro_f1`, `labels_aligned`), or a text by anybody. Out: the term in the language in
force, the name itself where the catalogue has none; the text with its invisible characters shown as marks, so that
a bidirectional override or a terminal's escape code cannot change what a reader sees.
"""

import re
import unicodedata

from dongcha.locale import catalogue, say

JOINED = " + "  # between the kinds of several tasks
_PLAIN = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")  # they join letters of Indic and Persian words and the parts of an emoji
_EMOJI_TAIL = frozenset("\ufe0e\ufe0f")
_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2028\u2029")
_SUSPECT = re.compile(r"[^\x20-\x7e\u4e00-\u9fff\uff01-\uff5e\u3001-\u3017]")


def slug(name: str) -> str:
    """Write a name in lower case with one underscore for all that is no letter or digit."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def term(kind: str, name: str) -> str:
    """Return the term of a name among its kind (`metric`, `row`, `check`, `step`, `split`, ...)."""
    if kind == "task" and JOINED in name:
        return JOINED.join(term(kind, one) for one in name.split(JOINED))
    key = f"report.{kind}.{slug(name)}"
    if key not in catalogue() and kind in ("metric", "row") and "." in name:  # one of several tasks' own
        task, _, own = name.rpartition(".")
        return say("report.of_task", task=task, name=term(kind, own))
    return say(key) if key in catalogue() else name.replace("_", " ") if kind in ("check", "step") else name


def visible(text: str) -> str:
    """Show each control, bidirectional, zero-width or unpaired character as a mark such as ⟦U+202E⟧."""
    return _SUSPECT.sub(lambda match: _mark(text, match.start()), text)


def _mark(text: str, at: int) -> str:
    character = text[at]
    if character in _PLAIN or character in _EMOJI_TAIL or (character in _JOINERS and _joins(text, at)):
        return character
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") or character in _HIDDEN_LETTERS
    return f"⟦U+{ord(character):04X}⟧" if hidden else character


def _joins(text: str, at: int) -> bool:
    """Tell whether a joiner stands where scripts need one: between two characters that are no ASCII and no spaces."""
    around = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    return all(c > "\x7f" and not c.isspace() and not "\u4e00" <= c <= "\u9fff" for c in around)


def one_line(text: str, width: int) -> str:
    """Shorten a text to one visible line of at most `width` characters."""
    line = " ".join(visible(text[: 4 * width]).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
