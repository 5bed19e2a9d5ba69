"""What models that write refuse: rows, prompts, models, ways to adapt and to answer."""

import json
from typing import Any

from error_case import Case
from error_desk import Desk

from dongcha.testing import tiny_rows

FILL = ("fill it in, or remove the row", "补全或删去该行")
LEAVE_OUT = ("leave it out", "去掉")


def learn(task: str, *rows: dict[str, Any], data: dict[str, Any] | None = None, **sections: Any):
    """Put rows (good ones without any), a recipe that trains on them, and a tiny model that writes."""

    def put(desk: Desk) -> None:
        given = rows or tiny_rows(task, 24)
        desk.put("rows.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in given))
        desk.recipe(task=task, data={"train": "rows.jsonl", **(data or {})}, **({"model": "writer"} | sections))
        desk.writer()

    return put


def with_encoder(task: str, **sections: Any):
    """Put good rows, a recipe, and a model that does not write."""

    def put(desk: Desk) -> None:
        learn(task, model="encoder", **sections)(desk)
        desk.encoder()

    return put


def without_end(desk: Desk) -> None:
    """Put good rows, a recipe, and a model whose tokenizer has no token that ends a text."""
    learn("translation")(desk)
    path = desk.root / "writer" / "tokenizer_config.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told.pop("eos_token")
    path.write_text(json.dumps(told), encoding="utf-8")


def second(task: str, **odd: Any) -> list[dict[str, Any]]:
    """Return a good row, and another with changed values."""
    good, other = tiny_rows(task, 2)
    return [good, other | odd]


def lacking(task: str, name: str) -> list[dict[str, Any]]:
    """Return rows without one of their fields."""
    return [{key: value for key, value in row.items() if key != name} for row in tiny_rows(task, 4)]


WRITING_CASES = (
    Case(
        "translation: a model that does not write",
        ("an encoder as the `model` of a translation", "翻译任务的 `model` 是编码器"),
        ("name a decoder or an encoder-decoder", "指定解码器或编码器-解码器模型"),
        with_encoder("translation"),
    ),
    Case(
        "translation: a tokenizer without an end",
        ("a model whose tokenizer names no `eos_token`", "模型的分词器没有 `eos_token`"),
        ("name it in tokenizer_config.json", "在 tokenizer_config.json 中指定"),
        without_end,
    ),
    Case(
        "translation: no target",
        ("rows without a column `target`", "数据缺少 `target` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        learn("translation", *lacking("translation", "target")),
    ),
    Case(
        "translation: blank target",
        ("a row whose `target` is white space", "某一行的 `target` 只有空白"),
        FILL,
        learn("translation", *second("translation", target="  ")),
    ),
    Case(
        "translation: a prompt without room",
        ("a `data.prompt` longer than `data.max_tokens`", "`data.prompt` 比 `data.max_tokens` 还长"),
        ("shorten it", "缩短提示"),
        learn("translation", data={"prompt": "Please translate. " * 9 + "{source}", "max_tokens": 64}),
    ),
    Case(
        "translation: windows",
        ("`data.long_texts: windows` for a translation", "翻译任务设 `data.long_texts: windows`"),
        ("leave `data.long_texts` out", "去掉 `data.long_texts`"),
        learn("translation", data={"long_texts": "windows"}),
    ),
    Case(
        "summarization: no summary",
        ("rows without a column `summary`", "数据缺少 `summary` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        learn("summarization", *lacking("summarization", "summary")),
    ),
    Case(
        "summarization: a number as document",
        ("a row whose `document` is 7", "某一行的 `document` 是 7"),
        ("write text", "写文本"),
        learn("summarization", *second("summarization", document=7)),
    ),
    Case(
        "summarization: beams of none",
        ("`evaluate.decoding.beams: 0`", "`evaluate.decoding.beams: 0`"),
        ("1 or more", "1 或更多"),
        learn("summarization", evaluate={"decoding": {"beams": 0}}),
    ),
    Case(
        "summarization: a key mistyped",
        ("`evaluate.decoding.temprature`", "`evaluate.decoding.temprature`"),
        ("`temperature`", "`temperature`"),
        learn("summarization", evaluate={"decoding": {"temprature": 1}}),
    ),
    Case(
        "prompt: for a task that does not write",
        ("`data.prompt` for a classification", "分类任务设 `data.prompt`"),
        LEAVE_OUT,
        with_encoder("classification", data={"prompt": "{text}"}),
    ),
    Case(
        "lora: a layer that is not there",
        ("`adapt: {method: lora, targets: [q_prj]}`", "`adapt: {method: lora, targets: [q_prj]}`"),
        ("take a name from the list", "从列出的名称中选"),
        learn("translation", adapt={"method": "lora", "targets": ["q_prj"]}),
    ),
    Case(
        "in_context: another task",
        ("`adapt: in_context` for a translation", "翻译任务设 `adapt: in_context`"),
        ("take another method", "换用其他方法"),
        learn("translation", adapt="in_context"),
    ),
    Case(
        "in_context: a model that does not write",
        ("`adapt: in_context` with an encoder", "对编码器设 `adapt: in_context`"),
        ("name a decoder", "指定解码器模型"),
        with_encoder("classification", adapt="in_context"),
    ),
)
