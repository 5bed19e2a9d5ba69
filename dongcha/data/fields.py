"""Name the fields of rows, and the one canonical form of each.

In: a column of one batch. Out: the column as text (string), label (string, or list<string>), score (float64), spans
(list<{start,end,label}> in the order of the text), a place ({start,end,type}), choices (list<string>), answers
({text: [...], answer_start: [...]}), relevant documents (list<{doc,grade}>), messages (list<{role,content}>),
attributes (list<{name,value}>), references (list<string>), or as it is. A value that cannot be brought to its form is
refused with its row. Knows no format and no model; how a form is made is in `forms/`, which column makes which field is
`conversion.py`'s, whether two fields of a row agree `agreement.py`'s.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from dongcha.data.cells import Cells
from dongcha.data.dialogue import MESSAGES, to_messages
from dongcha.data.forms.answers import (
    ANSWERS,
    RELEVANT,
    to_answer,
    to_answers,
    to_choices,
    to_doc,
    to_references,
    to_relevant,
)
from dongcha.data.forms.places import PLACE, SPANS, to_place, to_spans
from dongcha.data.forms.plain import SCORE, STRINGS, TEXT, to_any, to_label, to_labels, to_score, to_text, to_texts
from dongcha.data.forms.rules import ATTRIBUTES, RULES, to_attributes, to_rules


@dataclass(frozen=True)
class Field:
    """How a field gets its form, its Arrow type where all its values are missing, and whether it is gold.

    `tells_apart` says that a model reads it beside the inputs where rows have it: equal texts with other values differ.
    `is_one_of_many` says of gold that a text may have several values, a row each: another one is another row to learn.
    """

    convert: Callable[[Cells], pa.Array]
    is_gold: bool = False
    type: pa.DataType = TEXT
    tells_apart: bool = False
    is_one_of_many: bool = False


_TEXTS = ("text", "text_a", "text_b", "question", "context", "query", "source", "document", "prompt")
_GOLD_TEXTS = ("target", "summary", "completion", "solution", "test", "entry_point", "reply")

FIELDS: Mapping[str, Field] = {
    **{name: Field(to_text) for name in _TEXTS},
    **{name: Field(to_text, is_gold=True) for name in _GOLD_TEXTS},
    "references": Field(to_references, is_gold=True, type=STRINGS),
    **{name: Field(to_place, type=PLACE) for name in ("head", "tail")},
    "doc": Field(to_doc),
    "messages": Field(to_messages, type=MESSAGES),
    "constraints": Field(to_rules, type=RULES),
    "attributes": Field(to_attributes, type=ATTRIBUTES, tells_apart=True),
    "positive": Field(to_text, is_gold=True, is_one_of_many=True),
    "relevant": Field(to_relevant, is_gold=True, type=RELEVANT, is_one_of_many=True),
    "negatives": Field(to_texts, is_gold=True, type=STRINGS),
    "choices": Field(to_choices, type=STRINGS),
    "answer": Field(to_answer, is_gold=True),
    "answers": Field(to_answers, is_gold=True, type=ANSWERS),
    "label": Field(to_label, is_gold=True),
    "labels": Field(to_labels, is_gold=True, type=STRINGS),
    "score": Field(to_score, is_gold=True, type=SCORE),
    "spans": Field(to_spans, is_gold=True, type=SPANS),
}
ANY = Field(to_any)  # a field of a stranger's task


def form(name: str) -> str:
    """Return the field whose form a field has: `label` for `intent.label`, one of several tasks' own, else itself."""
    return name.rpartition(".")[2]


def known(name: str) -> Field:
    """Return how a field gets its form; one that is a stranger's task's stays as it is."""
    return FIELDS.get(form(name), ANY)
