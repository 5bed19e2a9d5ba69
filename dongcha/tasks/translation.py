"""Say the same in another language.

Rows: `source`, `target`; `references` may hold further right translations, which only judging reads. Metrics: chrF
first, BLEU; see `metrics/translation.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dongcha.metrics import Metric, translation
from dongcha.tasks._writes import Writing

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False


@dataclass(frozen=True, kw_only=True)
class Task(Writing):
    """A translation."""

    name = "translation"
    fields = ("source", "target", "references?")
    baselines = ("copy_source",)
    usual_prompts: ClassVar[Mapping[str, str]] = {
        "en": "Text: {source}\nTranslation:",
        "zh": "原文：{source}\n译文：",
    }

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of translations, chrF first."""
        return translation.metrics(self.writes)
