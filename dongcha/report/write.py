"""Put a Report on disk and read it back: report.json, report.html, README.md.

In: a Report and a folder. Out: three files, each whole or absent; only such texts of people in them as the recipe
allows. Knows nothing of how a report was made.
"""

import json
from pathlib import Path

from dongcha.errors import UserError
from dongcha.files import write_text
from dongcha.locale import say, speaking
from dongcha.report.as_html import to_html
from dongcha.report.as_json import from_json, to_json
from dongcha.report.model_card import to_card
from dongcha.report.texts import as_allowed
from dongcha.types import Report

JSON_NAME, HTML_NAME, CARD_NAME = "report.json", "report.html", "README.md"


def write_report(report: Report, folder: Path) -> Path:
    """Write report.json, README.md and report.html in the report's language; return the path of the last."""
    allowed = as_allowed(report)
    with speaking(report.language):
        page, card = to_html(allowed), to_card(allowed)
    write_text(folder / JSON_NAME, _dumped(to_json(allowed)))
    write_text(folder / CARD_NAME, _clean(card))
    write_text(folder / HTML_NAME, _clean(page))
    return folder / HTML_NAME


def read_report(folder: Path) -> Report:
    """Read the Report of a run's folder; a missing or broken file is refused with its path."""
    path = folder / JSON_NAME
    if not path.is_file():
        raise UserError(say("report.missing", path=path))
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(say("report.broken", path=path, found=error)) from error


def _dumped(value: object) -> str:
    """Write JSON with its letters as they are, or escaped where one of them (a lone surrogate) has no UTF-8."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return (text if _clean(text) == text else json.dumps(value, indent=2, allow_nan=False)) + "\n"


def _clean(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode("utf-8")
