"""Report -> its sections in reading order; a section whose part of the report is empty is left out."""

from collections.abc import Callable, Collection

from dongcha.report.blocks import Block, Section
from dongcha.report.sections import data, errors, pretraining, run, scores
from dongcha.types import Report

SECTIONS: tuple[tuple[str, Callable[[Report], list[Block]]], ...] = (
    ("verdict", scores.verdict),
    ("table", scores.table_section),
    ("pretraining", pretraining.section),
    ("tests", scores.extra_tests),
    ("checks", run.checks),
    ("flips", errors.flips),
    ("hardest", errors.hardest),
    ("labels", errors.per_label),
    ("confusion", errors.confusion),
    ("slices", scores.slices),
    ("calibration", scores.calibration),
    ("data", data.splits),
    ("gap", data.gap),
    ("curves", run.curves),
    ("clock", run.clock),
    ("recipe", run.recipe),
    ("environment", run.environment),
    ("load", run.load),
    ("limits", run.limits_section),
)


def sections(report: Report, only: Collection[str] | None = None) -> tuple[Section, ...]:
    """Build all sections, or `only` those of these names, that have something to say."""
    built = ((name, build(report)) for name, build in SECTIONS if only is None or name in only)
    return tuple(Section(name, tuple(blocks)) for name, blocks in built if blocks)
