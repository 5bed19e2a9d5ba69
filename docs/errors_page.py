"""Lay out the tables of `errors.md` from the cases in `tests/errors/`, each run as it is described.

In: the cases. Out: a table of refusals a group, and one of what is accepted. Knows no case by name.
"""

import sys
from typing import Any

from blocks import ROOT

sys.path[:0] = [str(ROOT / "tests" / "errors")]

HEADS = {
    "refused": (("what you did", "message", "exit code", "what to do"), ("做了什么", "消息", "退出码", "怎么办")),
    "accepted": (("what you did", "what is made of it", "what is said"), ("做了什么", "如何处理", "提示")),
}
NOTHING = ("-", "-")
LONGEST = 500  # characters of what a data check says


def code(text: str) -> str:
    """Set text as code, whatever quotes it holds; a bar is told apart from a table's."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}".replace("|", "\\|")


def cells(*parts: str) -> str:
    """Set a row of a table."""
    return "| " + " | ".join(parts) + " |"


def in_language(pair: tuple[Any, Any], language: str) -> Any:
    """Take the one of two that a page is in."""
    return pair[language == "zh"]


def line(case: Any, language: str) -> str:
    """Return the row of a refusal: what was done, the exact message, its exit code, what to do."""
    from error_case import outcome

    found = outcome(case, language)
    message = "<br>".join(code(part) for part in found.message.splitlines())
    return cells(in_language(case.did, language), message, str(found.code), in_language(case.fix, language))


def accepted_line(case: Any, language: str) -> str:
    """Return the row of what is accepted: what was done, what is made of it, what a data check says."""
    from error_case import outcome, told

    said = told(case, outcome(case, language))
    shown = code(said[:LONGEST]) if said else in_language(NOTHING, language)
    return cells(in_language(case.did, language), in_language(case.made, language), shown)


def table(kind: str, lines: list[str], language: str) -> str:
    """Put the head over rows."""
    head = in_language(HEADS[kind], language)
    return "\n".join([cells(*head), cells(*["---"] * len(head)), *lines])


def refused(group: str, language: str) -> str:
    """Lay out the refusals of a group."""
    from error_cases import GROUPS

    return table("refused", [line(case, language) for case in GROUPS[group]], language)


def accepted(language: str) -> str:
    """Lay out what is accepted."""
    from error_cases import ACCEPTED

    return table("accepted", [accepted_line(case, language) for case in ACCEPTED], language)


MAKERS = {
    "refused_recipes": lambda language: refused("recipes", language),
    "refused_data": lambda language: refused("data", language),
    "refused_tasks": lambda language: refused("tasks", language),
    "refused_writing": lambda language: refused("writing", language),
    "refused_zero_shot": lambda language: refused("zero_shot", language),
    "refused_models": lambda language: refused("models", language),
    "refused_index": lambda language: refused("index", language),
    "refused_pretraining": lambda language: refused("pretraining", language),
    "refused_machine": lambda language: refused("machine", language),
    "accepted": accepted,
}
