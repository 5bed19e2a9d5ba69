"""Write the tables that the code can write by itself into the pages: `python docs/make_tables.py`.

`keys`: every key of a recipe with its default and its line of help. `auto`: what the rules of `train/auto.py` answer at
some counts of training rows, found by asking them. `refused_...` and `accepted`: see `errors_page.py`. With `--check`
nothing is written, and stale pages give exit code 1. A test does the same.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import errors_page
from blocks import ROOT, filled, pages

from dongcha.config import Recipe, flow, help_lines
from dongcha.locale import speaking
from dongcha.train.auto import Measures
from dongcha.train.decide import RULES

ROWS = (100, 500, 999, 1000, 2000, 5000, 20_000)  # training rows that the rules are asked about
MOST_WIDTH = 1025  # how far the rules are searched for a step in the model's width
SAMPLE_TOKENS = 1000.0  # mean length that tells "N rows of mean length" from a fixed number
WORDS = {
    "keys": (("key", "default", "what it is for"), ("键", "默认值", "含义")),
    "required": ("required", "必填"),
    "none": ("-", "-"),
    "auto_head": ("key", "键"),
    "rows": ("{rows:,} rows", "{rows:,} 行"),
    "width": ("hidden width {low:,} to {high:,}", "隐层宽度 {low:,} 到 {high:,}"),
    "width_up": ("hidden width {low:,} or more", "隐层宽度 {low:,} 及以上"),
    "trains_backbone": ("the backbone trains", "主干参与训练"),
    "head_only": ("only the head trains", "只训练输出层"),
    "by_token": ("an answer a word", "逐词作答"),
    "by_text": ("an answer a text", "逐条作答"),
    "times_mean": ("{rows:g} × mean", "{rows:g} × 均长"),
    "comma": (", ", "，"),
    "case": (" ({said})", "（{said}）"),
}
Line = Sequence[str]


def word(key: str, language: str, **values: Any) -> str:
    """Return one of this script's own words."""
    return str(WORDS[key][language == "zh"]).format(**values)


def table(head: Line, lines: Sequence[Line]) -> str:
    """Set a Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def keys(language: str) -> str:
    """List every key of a recipe: its default as it would be written, and its line of help."""
    plain: dict[str, Any] = {"task": "classification", "model": "-", "data": {"train": "-"}}
    new = Recipe(**plain | {"model": "scratch", "pretrain": {"corpus": "-"}}).resolved()
    resolved = new | {"pretrain": new["pretrain"] | {"corpus": None}}
    with speaking(language):
        lines = [(f"`{path}`", _default(path, resolved, language), said) for path, said in help_lines().items()]
    head: Any = WORDS["keys"][language == "zh"]
    return table(head, lines)


def _default(path: str, resolved: dict[str, Any], language: str) -> str:
    if path in ("task", "model", "data", "data.train"):
        return word("required", language)
    if path == "pretrain":
        return "`null`"
    value: Any = resolved
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    is_section = isinstance(value, dict) and bool(value)
    return word("none", language) if is_section else f"`{flow(value)}`"


def auto(language: str) -> str:
    """Lay out what each rule answers by training rows; a rule has a line for each case that it tells apart."""
    widths = _widths()
    head = [word("auto_head", language), *(word("rows", language, rows=rows) for rows in ROWS)]
    lines = []
    for key, rule in RULES.items():
        for label, answers in _cases(rule, widths, language):
            lines.append([f"`train.{key}`{label}", *(_answer(value, language) for value in answers)])
    return table(head, lines)


def _measures(rows: int, width: int, backbone: bool, by_token: bool, tokens: float = SAMPLE_TOKENS) -> Measures:
    return Measures(rows, tokens, width, backbone, by_token)


def _by_width(width: int) -> list[Any]:
    cases = product(ROWS, (True, False), (True, False))
    return [rule(_measures(rows, width, *case)) for rule in RULES.values() for rows, *case in cases]


def _widths() -> list[tuple[int, int | None]]:
    """Return the bands (low, high) of widths inside which all answers stay the same; the last one has no end."""
    lows, last = [1], _by_width(1)
    for width in range(2, MOST_WIDTH):
        if (now := _by_width(width)) != last:
            lows.append(width)
            last = now
    return list(zip(lows, [*(low - 1 for low in lows[1:]), None], strict=True))


def _width(band: tuple[int, int | None], language: str) -> str:
    low, high = band
    return word("width_up", language, low=low) if high is None else word("width", language, low=low, high=high)


def _cases(rule: Any, widths: Any, language: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield (label, answer at each count of rows) for each set of conditions that the rule answers alike."""
    by_answer: dict[tuple[Any, ...], list[tuple[Any, bool, bool]]] = {}
    for width, backbone, by_token in product(widths, (True, False), (False, True)):
        found = tuple(_rule_answer(rule, rows, (width[0], backbone, by_token)) for rows in ROWS)
        by_answer.setdefault(found, []).append((width, backbone, by_token))
    for answers, cases in by_answer.items():
        held: list[list[Any]] = [sorted({case[i] for case in cases}, key=str) for i in range(3)]
        assert len(cases) == len(held[0]) * len(held[1]) * len(held[2]), "a rule that this table cannot show"
        said = [_width(held[0][0], language)] if len(held[0]) < len(widths) else []
        said += [word("trains_backbone" if held[1][0] else "head_only", language)] if len(held[1]) == 1 else []
        said += [word("by_token" if held[2][0] else "by_text", language)] if len(held[2]) == 1 else []
        yield (word("case", language, said=word("comma", language).join(said)) if said else ""), list(answers)


def _rule_answer(rule: Any, rows: int, case: tuple[int, bool, bool]) -> Any:
    """Return the answer, as ("mean", N) where it is N times the mean length."""
    once, twice = (rule(_measures(rows, *case, tokens=tokens)) for tokens in (SAMPLE_TOKENS, 2 * SAMPLE_TOKENS))
    return once if once == twice else ("mean", once / SAMPLE_TOKENS)


def _answer(value: Any, language: str) -> str:
    if isinstance(value, tuple):
        return word("times_mean", language, rows=value[1])
    return f"{value:g}" if isinstance(value, int | float) else f"`{value}`"


MAKERS = {"keys": keys, "auto": auto, **errors_page.MAKERS}


def fresh(text: str, language: str) -> str:
    """Return a page's text with its tables made anew."""

    def maker(name: str) -> Callable[[], str]:
        return lambda: MAKERS[name](language)

    return filled(text, "table", {name: maker(name) for name in MAKERS})


def main() -> int:
    """Write stale pages, or with `--check` name them; return how the shell should take it."""
    stale = []
    for page, language in pages():
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        if (new := fresh(text, language)) != text:
            stale.append(str(page))
            if "--check" not in sys.argv[1:]:
                path.write_text(new, encoding="utf-8")
    sys.stdout.write("".join(f"{page}\n" for page in stale))
    return int(bool(stale) and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
