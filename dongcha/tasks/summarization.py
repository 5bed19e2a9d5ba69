"""Say the gist of a document in few words.

Rows: `document`, `summary`; `references` may hold further good summaries, which only judging reads. Metrics: ROUGE-L
first; see `metrics/summaries.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dongcha.metrics import Metric, summaries
from dongcha.tasks._writes import Writing

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here: the end of a document is cut
TAKES_WINDOWS = False


@dataclass(frozen=True, kw_only=True)
class Task(Writing):
    """A summary, or a title."""

    name = "summarization"
    fields = ("document", "summary", "references?")
    baselines = ("lead_1",)
    usual_prompts: ClassVar[Mapping[str, str]] = {
        "en": "Text: {document}\nSummary:",
        "zh": "正文：{document}\n摘要：",
    }

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of summaries, ROUGE-L first."""
        return summaries.metrics()
