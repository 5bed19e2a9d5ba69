"""Write the model card: README.md with front matter, the verdict, the table, checks, limits and how to load.

In: a Report and a language in force. Out: Markdown. It is what people publish, so it never holds a text of the data,
whatever the recipe says of the report. Front matter: the fields that model hubs read (model-index, metrics, tags).
"""

import json
import re

from dongcha.locale import say
from dongcha.locale.terms import JOINED, slug, term, visible
from dongcha.report import figures
from dongcha.report.blocks import Block, Bullets, Checks, Code, Facts, Fold, Headline, Paragraph, Table
from dongcha.report.sections import sections
from dongcha.report.verdict import after_row, facts_of
from dongcha.types import NO_TASK, Interval, Json, Report, Row

_SHOWN = ("verdict", "table", "tests", "checks", "labels", "calibration", "data", "load", "limits")
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~#])")
_PIPELINES = {
    "classification": "text-classification",
    "tagging": "token-classification",
    "regression": "text-classification",
    "relation": "text-classification",
    "pairs": "text-classification",
    "choice": "multiple-choice",
    "qa": "question-answering",
    "retrieval": "sentence-similarity",
}
_READERS = {"mlm": "fill-mask", "causal": "text-generation", "span_corruption": "text2text-generation"}


def to_card(report: Report) -> str:
    """Return the card as Markdown, its front matter first."""
    about = {key: getattr(report, key) for key in ("title", "hash")}
    parts = [
        _front_matter(report),
        f"# {_safe(say('report.card.title', name=report.name))}",
        _safe(say("report.card.about", task=term("task", report.task), created=report.created[:10], **about)),
    ]
    for section in sections(report, _SHOWN):
        if body := [text for block in section.blocks if (text := _block(block))]:
            parts += [f"## {say(f'report.section.{section.name}')}", *body]
    return "\n\n".join([*parts, say("report.card.more")]) + "\n"


def _front_matter(report: Report) -> str:
    """Write YAML whose values are JSON (YAML 1.2 holds it whole), so that no name can break out of it."""
    after = after_row(report)
    languages = facts_of(report, "train").get("languages") or ()
    fields: dict[str, Json] = {
        "language": [code for code in languages if re.fullmatch("[a-z]{2}", code)],
        "library_name": "transformers",
        "pipeline_tag": _pipeline(report),
        "tags": ["dongcha", *report.task.split(JOINED)],
        "metrics": [*(report.main_metrics or (report.main_metric,))],
        "model-index": [{"name": report.name, "results": [_result(report, after)]}] if after else None,
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=True)}" for key, value in fields.items() if value]
    return "\n".join(["---", *lines, "---"])


def _pipeline(report: Report) -> str | None:
    """Name the hubs' kind of what the model does; one that only read texts guesses words, writes, or gives vectors."""
    if report.task == NO_TASK:
        return _READERS.get(str(report.pretraining.get("method")), "feature-extraction")
    return _PIPELINES.get(report.task)


def _result(report: Report, row: Row) -> Json:
    return {
        "task": {"type": _pipeline(report) or report.task},
        "dataset": {"name": report.name, "type": slug(report.name), "split": "test"},
        "metrics": [_metric(name, figure) for name, figure in row.metrics.items() if figures.is_number(figure.value)],
    }


def _metric(name: str, figure: Interval) -> Json:
    return {"type": name, "name": term("metric", name), "value": round(figure.value, 6)}


def _block(block: Block) -> str:
    """Set a block as Markdown; what the card has no form for (charts, folds, examples) is left out."""
    for kind, setter in _SETTERS:
        if isinstance(block, kind):
            return setter(block)  # type: ignore[arg-type]
    return ""


def _headline(block: Headline) -> str:
    return "\n\n".join([f"**{_safe(block.sentence)}**", *map(_safe, block.caveats)])


def _table(block: Table) -> str:
    """Set a table without the columns that only draw."""
    kept = [i for i in range(len(block.head)) if not any(row[i].whisker for row in block.rows)]
    rule = ["---:" if i in block.numeric else "---" for i in kept]
    rows = [[block.head[i] for i in kept], *([row[i].text for i in kept] for row in block.rows)]
    lines = ["| " + " | ".join(map(_safe, row)) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(lines) + (f"\n\n{_safe(block.note)}" if block.note else "")


def _checks(block: Checks) -> str:
    said = ((say(f"report.status.{c.status}"), term("check", c.name), c.message) for c in block.items)
    return "\n".join(f"- **{_safe(status)}** {_safe(name)}: {_safe(message)}" for status, name, message in said)


def _code(block: Code) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", block.text)), default=0))
    return f"{_safe(block.caption)}\n\n{fence}\n{visible(block.text)}\n{fence}"


def _listed(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {_safe(item)}" for item in items)


def _safe(text: str) -> str:
    """Escape a text for Markdown: one line, no markup, no HTML, no link."""
    line = _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("://", ":&#47;&#47;")


_SETTERS = (
    (Headline, _headline),
    (Table, _table),
    (Checks, _checks),
    (Code, _code),
    (Bullets, lambda block: _listed(block.items)),
    (Facts, lambda block: _listed(tuple(f"{name}: {value}" for name, value in block.pairs))),
    (Paragraph, lambda block: _safe(block.text)),
    (Fold, lambda block: ""),
)
