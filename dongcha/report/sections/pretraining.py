"""Build the section of pretraining: what was read, what it gained the task look by look, what was forgotten.

In: a Report. Out: lists of blocks, empty where nothing was read before the task.
"""

from dongcha.locale import say
from dongcha.report.blocks import Block, Bullets, Paragraph
from dongcha.report.pretrain import looks_line, pretrain_lines
from dongcha.types import NO_TASK, Report


def section(report: Report) -> list[Block]:
    """Tell of pretraining in sentences."""
    told = report.pretraining
    if not told:
        return []
    names = ("corpus", "method", "blocks", "tokens", "steps", "of")
    lines = pretrain_lines(told)
    if told.get("scores"):
        lines.append(looks_line(told))
    key = "pretrain.read" if report.task != NO_TASK else "pretrain.read_alone"
    return [Paragraph(say(key, **{name: told[name] for name in names})), Bullets(tuple(lines))]
