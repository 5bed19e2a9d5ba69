"""Say in one plain sentence what training changed, and what qualifies that sentence.

In: a Report. Out: the rows that count as before and after, the number of test rows, the sentence, its caveats. Honest
when nothing changed, when it got worse, when a simple baseline does as well, when a check failed.
"""

from collections.abc import Mapping

from dongcha.locale import say
from dongcha.locale.terms import slug, term
from dongcha.report.figures import count, interval, p_value, score, signed, signed_interval
from dongcha.types import Interval, Json, Report, Row

DESCRIBED = "zero_shot"  # the way that tells labels apart by descriptions, and its row
UNTRAINED = (DESCRIBED, "in_context")  # the rows of models of which nothing was trained


def after_row(report: Report) -> Row | None:
    """Return the row of the trained model: the last that was tested against before, else the last."""
    tested = [row for row in report.table if row.verdict is not None]
    return next(reversed(tested or report.table), None)


def by_rights(report: Report) -> bool:
    """Tell whether answers are right or wrong; else they are better or worse by degrees, as texts and numbers are.

    McNemar's test is that of the former alone.
    """
    after = after_row(report)
    return after is None or after.verdict is None or after.verdict.test == "mcnemar"


def before_row(report: Report) -> Row | None:
    """Return the row named before; None where there is none."""
    return next((row for row in report.table if slug(row.name).startswith("before")), None)


def is_against_before(report: Report, row: Row) -> bool:
    """Tell whether a row is compared with before, as rows of earlier versions are that do not say with what."""
    before = before_row(report)
    return not row.against or (before is not None and row.against == before.name)


def tested_words(report: Report, row: Row, *, named: bool = False) -> str:
    """Say how a row's test ended, and against which row where that is not before; empty where none was made.

    `named`: before is named too, where no heading says it.
    """
    if row.verdict is None:
        return ""
    facts = {"word": say(f"report.word.{row.verdict.word}"), "p": p_value(row.verdict.p_value)}
    if is_against_before(report, row) and not named:
        return say("report.screen.verdict", **facts)
    return say("report.screen.verdict_against", **facts, other=term("row", row.against or "before"))


def main_figure(report: Report, row: Row | None) -> Interval | None:
    """Return a row's figure on the main metric."""
    return row.metrics.get(report.main_metric) if row else None


def facts_of(report: Report, split: str) -> Mapping[str, Json]:
    """Return what is known of a split, empty where nothing is."""
    facts = report.data.get(split)
    return facts if isinstance(facts, Mapping) else {}


def test_rows(report: Report) -> int | None:
    """Return how many rows the scores rest on."""
    rows = facts_of(report, "test").get("rows")
    return rows if isinstance(rows, int) else None


def sentence(report: Report) -> str:
    """Say what changed, by how much, how sure, on how many rows."""
    after, before = after_row(report), before_row(report)
    figure = main_figure(report, after)
    if after is None or figure is None:
        return say("report.verdict.nothing")
    rows = test_rows(report)
    on_rows = say("report.verdict.on_rows", rows=count(rows)) if rows else ""
    metric = term("metric", report.main_metric)
    if after.verdict is None:
        key = "untrained" if slug(after.name) in UNTRAINED else "alone"
        return say(
            f"report.verdict.{key}", metric=metric, after=score(figure.value), interval=interval(figure), on=on_rows
        )
    verdict, reference = after.verdict, main_figure(report, before)
    return say(
        f"report.verdict.{verdict.word}",
        metric=metric,
        before=score(reference.value if reference else figure.value - verdict.difference.value),
        after=score(figure.value),
        difference=signed(verdict.difference.value),
        interval=signed_interval(verdict.difference),
        p=p_value(verdict.p_value).replace(" ", "\u00a0"),  # so that no line breaks inside it
        test=term("test", verdict.test),
        on=on_rows,
    )


def caveats(report: Report) -> tuple[str, ...]:
    """List what must be read with the verdict: flips, a baseline as good, checks that failed."""
    after = after_row(report)
    found = []
    if after is not None and after.verdict is not None and after.verdict.gained + after.verdict.lost:
        key = "report.verdict.flips" if by_rights(report) else "report.verdict.flips_degree"
        if report.main_metric in LOWER_IS_BETTER:
            key = "report.verdict.flips_number"
        found.append(say(key, gained=count(after.verdict.gained), lost=count(after.verdict.lost)))
    found += [
        say("report.verdict.rival", rival=term("row", row.name), score=score(row.metrics[report.main_metric].value))
        for row in _rivals(report, after)
    ]
    if failed := [check for check in (*report.checks, *report.data_checks) if check.status == "failed"]:
        names = say("report.comma").join(term("check", check.name) for check in failed)
        found.append(say("report.verdict.failed", count=len(failed), names=names))
    return tuple(found)


def _rivals(report: Report, after: Row | None) -> list[Row]:
    """List the baselines whose figure lies within the interval of the trained model, or on its better side.

    A row that was itself tested against before is another state of the model, and no baseline.
    """
    figure, reference = main_figure(report, after), before_row(report)
    if after is None or figure is None:
        return []
    known = ("", reference.name if reference else "")
    others = [row for row in report.table if row not in (after, reference)]
    others = [row for row in others if row.verdict is None or row.against not in known]
    scored = [row for row in others if report.main_metric in row.metrics]
    if report.main_metric in LOWER_IS_BETTER:
        return [row for row in scored if row.metrics[report.main_metric].value <= figure.high]
    return [row for row in scored if row.metrics[report.main_metric].value >= figure.low]


LOWER_IS_BETTER = frozenset(
    {
        *("rmse", "mae", "mse", "loss", "log_loss", "token_loss", "answer_loss", "masked_loss"),
        *("perplexity", "masked_perplexity"),
        *("ece", "brier", "wer", "cer", "ter"),
    }
)
