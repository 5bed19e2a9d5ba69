"""Rows of relations that tagging refuses, and models, files and options that triples cannot be found with."""

import json
from typing import Any

from cases_tasks import learn, then
from error_case import Case
from error_desk import RUN, Desk

from dongcha.testing import tiny_rows

RELATIONS = "runs/relations"
TEXT = ("--text", "the room was in the service")


def both(*rows: dict[str, Any]):
    """Put a run of tagging and one of relation, and rows to score on."""

    def put(desk: Desk) -> None:
        desk.run("tagging")
        desk.run("relation", at=RELATIONS)
        desk.put("gold.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    return put


def unlabelled() -> dict[str, Any]:
    """Return a row that marks a pair and says nothing of it."""
    return {name: value for name, value in tiny_rows("relation", 1)[0].items() if name != "label"}


TRIPLE_CASES = (
    Case(
        "relation: place that is a word",
        ("a `head` that is the word itself", "`head` 写成了词本身"),
        ("give its characters: `{start, end}`", "给出字符位置 `{start, end}`"),
        then("relation", head="room"),
    ),
    Case(
        "tagging: place outside of its text",
        ("rows of relations for tagging, a `tail` that ends after the text", "把关系数据用于标注，而 `tail` 超出文本"),
        ("correct its end", "更正其结束位置"),
        learn("tagging", tiny_rows("relation", 1)[0], tiny_rows("relation", 2)[1] | {"tail": {"start": 5, "end": 99}}),
    ),
    Case(
        "tagging: places under another name",
        ("`columns: {spans: [head, tial]}`", "`columns: {spans: [head, tial]}`"),
        ("type the column's name as it is", "按原样写列名"),
        learn("tagging", *tiny_rows("relation", 4), columns={"spans": ["head", "tial"]}),
    ),
    Case(
        "triples: models changed over",
        ("`dongcha triples` with the relation model first", "`dongcha triples` 把关系模型写在前面"),
        ("give the tagger first", "先写标注模型"),
        both(),
        ("triples", RELATIONS, RUN, *TEXT),
    ),
    Case(
        "triples: nothing to answer",
        ("`dongcha triples` with two models alone", "`dongcha triples` 只给了两个模型"),
        ("give a file, `--text` or `--gold`", "给出文件、`--text` 或 `--gold`"),
        both(),
        ("triples", RUN, RELATIONS),
    ),
    Case(
        "triples: gold without labels",
        ("`--gold` with rows that have no `label`", "`--gold` 的数据没有 `label`"),
        ("give the rows that say what is right", "给出带有正确答案的数据"),
        both(unlabelled()),
        ("triples", RUN, RELATIONS, "--gold", "gold.jsonl"),
    ),
    Case(
        "triples: output onto the gold rows",
        ("`--gold gold.jsonl --output gold.jsonl`", "`--gold gold.jsonl --output gold.jsonl`"),
        ("name another file", "换一个文件名"),
        both(tiny_rows("relation", 1)[0]),
        ("triples", RUN, RELATIONS, "--gold", "gold.jsonl", "--output", "gold.jsonl"),
    ),
)
