"""Write what a prompt asks for, within rules that each row may bring.

Rows: `prompt`, `completion`; `references` may hold further good answers, `constraints` rules that an answer is to
keep ({must_include, must_exclude, min_length, max_length, regex, json_schema}). Metrics: chrF first, BLEU, and how many
rules were kept; see `metrics/translation.py` and `metrics/constraints.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dongcha.metrics import Metric, constraints, translation
from dongcha.tasks._writes import Writing

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False


@dataclass(frozen=True, kw_only=True)
class Task(Writing):
    """Text that a prompt asks for."""

    name = "generation"
    fields = ("prompt", "completion", "references?", "constraints?")
    rules = ("constraints",)
    baselines = ("nearest_target",)
    usual_prompts: ClassVar[Mapping[str, str]] = {"en": "{prompt}\n", "zh": "{prompt}\n"}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of texts, chrF first, then those of rules."""
        return {**translation.metrics(self.writes), **constraints.metrics()}
