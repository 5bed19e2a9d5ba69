"""Measure how long the texts are, and what the model will not read of them.

In: a View; tokens only where `encode` is given, on a sample. Out: the check `lengths`. In tagging, gold spans that lie
in the cut part are counted: a span is cut when the text up to its end already has more tokens than the model reads.
State: one number a row.
"""

from collections.abc import Callable

import numpy as np

from dongcha.data.checks._base import NUM_EXAMPLES, View, short, split_order
from dongcha.data.fields import form
from dongcha.data.rows import read_texts
from dongcha.locale import say
from dongcha.types import Check, Json

Encode = Callable[[list[str]], list[list[int]]]


def check(view: View) -> list[Check]:
    """Measure characters, and tokens where a model is at hand."""
    figures: dict[str, Json] = {}
    clauses, examples = [], []
    num_cut = num_spans = 0
    for name in split_order(view.splits):
        figures[name] = facts = {"characters": _spread([len(text) for text in view.texts_read(name)])}
        if view.encode is None:
            clauses.append(say("data_checks.lengths_characters", split=name, **facts["characters"]))
            continue
        tokens, cut = _tokens(view, name, view.encode)
        facts |= tokens
        clauses.append(say("data_checks.lengths_tokens", split=name, **tokens["tokens"]))
        num_cut += tokens["cut_rows"]
        num_spans += tokens["cut_spans"]
        examples += cut
    sampled = view.sampled_note("data_checks.lengths_sampled") if view.encode else ""
    message = say("data_checks.lengths", clauses=say("data_checks.and").join(clauses), note=sampled)
    if not num_cut:
        return [Check("lengths", "passed", message, figures=figures)]
    if view.reads_windows:
        share = _cut_share(figures)
        note = say("data_checks.lengths_windows", rows=num_cut, share=share, most=view.max_tokens)
        return [Check("lengths", "passed", f"{message}{note}", figures=figures)]
    note = say("data_checks.lengths_cut", rows=num_cut, share=_cut_share(figures), most=view.max_tokens)
    note += say("data_checks.lengths_spans", spans=num_spans) if num_spans else ""
    return [
        Check(
            name="lengths",
            status="warned",
            message=f"{message}{note}",
            count=num_cut,
            examples=tuple(map(short, examples[:NUM_EXAMPLES])),
            fix=say("data_checks.lengths_fix"),
            figures=figures,
        )
    ]


def _tokens(view: View, name: str, encode: Encode) -> tuple[dict[str, Json], list[str]]:
    """Return the figures of one split in tokens, special ones counted, and the texts that are cut."""
    sample = view.sampled(name)
    texts = list(read_texts(sample, view.fields))
    lengths = [len(ids) for ids in encode(texts)] if texts else []
    limit = view.max_tokens if view.max_tokens is not None else max(lengths, default=0)
    cut = [row for row, length in enumerate(lengths) if length > limit]
    cut_spans, spans = 0, 0
    for target in (name for name in view.targets if form(name) == "spans" and name in sample.columns):
        gold = sample.column(target)
        spans += sum(len(row or ()) for row in gold)
        ends = [texts[row][: span["end"]] for row in cut for span in gold[row] or ()]
        cut_spans += sum(len(ids) > limit for ids in encode(ends)) if ends else 0
    return {
        "tokens": _spread(lengths),
        "sampled": len(texts),
        "cut_rows": len(cut),
        "cut_share": len(cut) / max(1, len(texts)),
        "spans": spans,
        "cut_spans": cut_spans,
    }, [texts[row] for row in sorted(cut, key=lambda row: -lengths[row])]


def _cut_share(figures: dict[str, Json]) -> float:
    sampled = sum(facts.get("sampled", 0) for facts in figures.values())
    return float(sum(facts.get("cut_rows", 0) for facts in figures.values()) / max(1, sampled))


def _spread(lengths: list[int]) -> dict[str, int]:
    if not lengths:
        return {"median": 0, "most": 0, "longest": 0}
    median, most = np.quantile(lengths, [0.5, 0.95], method="higher")
    return {"median": int(median), "most": int(most), "longest": max(lengths)}
