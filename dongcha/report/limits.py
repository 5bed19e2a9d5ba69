"""Say what the evidence of a report does not reach, each limit by its own rule.

In: a Report. Out: short sentences, the weightiest first. A rule is a function that returns a sentence or an empty
string; none of them looks at anything but the report.
"""

from collections.abc import Callable, Mapping

from dongcha.locale import say
from dongcha.locale.terms import slug, term
from dongcha.report.figures import count, is_number, score
from dongcha.report.verdict import DESCRIBED, UNTRAINED, after_row, facts_of, main_figure, test_rows
from dongcha.types import NO_TASK, Json, Report

FEW_ROWS = 200
FEW_OF_A_LABEL = 10
MOSTLY = 0.5  # of what its likeliest answers would score: below, a reader mostly keeps silent


def limits(report: Report) -> tuple[str, ...]:
    """List the limits that hold for this report."""
    return tuple(text for rule in _RULES if (text := rule(report)))


def _cut_by_clock(report: Report) -> str:
    cut = report.clock.get("cut")
    if not cut:
        return ""
    key = "report.limit.out_of_time" if cut["at_the_end"] else "report.limit.shortened"
    return say(key, minutes=report.clock["limit_seconds"] / 60, steps=count(cut["steps"]), all=count(cut["of"]))


def _few_rows(report: Report) -> str:
    rows = test_rows(report)
    return say("report.limit.few_rows", rows=count(rows), wanted=FEW_ROWS) if rows and rows < FEW_ROWS else ""


def _width(report: Report) -> str:
    after = after_row(report)
    if after is None or after.verdict is None:
        return ""
    half = (after.verdict.difference.high - after.verdict.difference.low) / 2
    return say("report.limit.width", half=score(half)) if is_number(half) else ""


def _even(report: Report) -> str:
    after = after_row(report)
    return say("report.limit.even") if after and after.verdict and after.verdict.word == "even" else ""


def _no_before(report: Report) -> str:
    after = after_row(report)
    alone = after and after.verdict is None and slug(after.name) not in UNTRAINED and main_figure(report, after)
    return say("report.limit.no_before") if alone else ""


def _unlabelled(report: Report) -> str:
    return say("report.limit.unlabelled") if facts_of(report, "train").get("unlabelled") else ""


def _label_names(report: Report) -> str:
    ways = _described(report)
    return say("report.limit.label_names") if any(not way.get("descriptions") for way in ways) else ""


def _balanced(report: Report) -> str:
    return say("report.limit.balanced") if any(way.get("calibrate", True) for way in _described(report)) else ""


def _described(report: Report) -> list[Mapping[str, Json]]:
    """Return the options of each way by which labels were told apart by descriptions."""
    ways = (report.recipe.get("adapt"), (report.recipe.get("evaluate") or {}).get("before"))
    return [way for way in ways if isinstance(way, Mapping) and way.get("method") == DESCRIBED]


def _one_seed(report: Report) -> str:
    seed = report.recipe.get("seed", report.environment.get("seed"))
    return say("report.limit.one_seed", seed=seed) if isinstance(seed, int) else ""


def _rare_labels(report: Report) -> str:
    support = [row.get("support") for row in report.per_label]
    rare = sum(1 for n in support if isinstance(n, int | float) and n < FEW_OF_A_LABEL)
    return say("report.limit.rare_labels", rare=rare, all=len(support), few=FEW_OF_A_LABEL) if rare else ""


def _one_source(report: Report) -> str:
    other = any(part.get("slice") == "test" for part in report.slices)
    same = facts_of(report, "test").get("source") in (None, "", facts_of(report, "train").get("source"))
    return say("report.limit.one_source") if test_rows(report) and same and not other else ""


def _cut_rows(report: Report) -> str:
    cut = facts_of(report, "test").get("cut_rows")
    return say("report.limit.cut_rows", rows=count(cut)) if isinstance(cut, int) and cut else ""


def _silent(report: Report) -> str:
    after = after_row(report)
    as_answered, likeliest = ((after.metrics if after else {}).get(name) for name in ("answerable_f1", "likeliest_f1"))
    if as_answered is None or likeliest is None or not as_answered.value < MOSTLY * likeliest.value:
        return ""
    return say("report.limit.silent", said=score(as_answered.value), likeliest=score(likeliest.value))


def _no_groups(report: Report) -> str:
    columns = {part.get("slice") for part in report.slices} - {"length", "label", "language", "test"}
    return "" if columns or report.task == NO_TASK else say("report.limit.no_groups")


def _skipped(report: Report) -> str:
    names = [term("check", check.name) for check in (*report.checks, *report.data_checks) if check.status == "skipped"]
    return say("report.limit.skipped", names=say("report.comma").join(names)) if names else ""


def _no_calibration(report: Report) -> str:
    return "" if report.calibration or report.task == NO_TASK else say("report.limit.no_calibration")


_RULES: tuple[Callable[[Report], str], ...] = (
    _no_before,
    _unlabelled,
    _label_names,
    _balanced,
    _cut_by_clock,
    _few_rows,
    _width,
    _even,
    _silent,
    _one_seed,
    _one_source,
    _rare_labels,
    _cut_rows,
    _no_groups,
    _skipped,
    _no_calibration,
)
