"""Set a Report as one HTML file that needs no network and no script.

In: a Report with only the texts that may be seen, and a language in force. Out: the page. Every string is escaped and
shows its invisible characters: the template cannot forget it, because the environment does it to each output.
"""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dongcha.locale import current_language, say
from dongcha.locale.terms import term, visible
from dongcha.report.figures import count, percent
from dongcha.report.sections import sections
from dongcha.types import Report

_FOLDER = Path(__file__).parent / "templates"
_TAGS = {"en": "en", "zh": "zh-CN"}
FOLD_AT, CUT_AT = 240, 20_000  # characters: longer texts are folded; beyond the second they are cut


def to_html(report: Report) -> str:
    """Return the page in the language in force."""
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            sections=sections(report),
            tag=_TAGS[current_language()],
            style=Markup((_FOLDER / "style.css").read_text(encoding="utf-8")),
            created=report.created.replace("T", " ").removesuffix("Z").split("+")[0],
            texts=(report.recipe.get("report") or {}).get("texts", "shown"),
            say=say,
            term=term,
            count=count,
            percent=percent,
            fold_at=FOLD_AT,
            cut_at=CUT_AT,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _seen(value: Any) -> Any:
    """Show what is hidden in a string before it is escaped; what is markup already is ours."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
