"""Pretraining that is refused."""

import json

from error_case import Case
from error_desk import Desk


def reading(**pretrain):
    """Put the plain recipe with this `pretrain:`, good rows and a model."""
    return lambda desk: desk.plain(pretrain=pretrain)


def corpus(name: str, content: str, **pretrain):
    """Put a corpus beside it too."""
    return lambda desk: (desk.plain(pretrain={"corpus": name, **pretrain}), desk.put(name, content))


def anew(shape: dict, content: str = "the room was good\n" * 9, **pretrain):
    """Put a recipe whose model begins from scratch, and a corpus."""
    return lambda desk: (
        desk.plain(model={"scratch": shape}, pretrain={"corpus": "texts.txt", **pretrain}),
        desk.put("texts.txt", content),
    )


def without_mask(desk: Desk) -> None:
    desk.plain(pretrain={"method": "mlm"})
    path = desk.root / "encoder/tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings.pop("mask_token")
    path.write_text(json.dumps(settings), encoding="utf-8")


def by_writer(kind: str, task: str | None = None, **pretrain):
    """Put a recipe that a model which writes reads by, alone or before a task."""
    return lambda desk: (
        desk.recipe(task=task, model="writer", pretrain=pretrain, **({"train": {}} if task is None else {})),
        desk.rows(task=task or "classification"),
        desk.writer(kind),
    )


PRETRAIN_CASES = (
    Case(
        "pretrain: mistyped method",
        ("a method of pretraining that is mistyped", "预训练方法名写错"),
        ("take the name that the message gives", "改用消息给出的名称"),
        reading(method="simsce"),
    ),
    Case(
        "pretrain: another method's option",
        ("`masked` for `simcse`, which masks nothing", "把 `masked` 写给了 `simcse`，它并不掩码"),
        ("take one of the method's own", "改用该方法自己的选项"),
        reading(method="simcse", masked=0.2),
    ),
    Case(
        "pretrain: mistyped key",
        ("`step` for `steps`", "用 `step` 代替 `steps`"),
        ("take the key that the message names", "改用消息指出的键"),
        reading(method="mlm", step=100),
    ),
    Case(
        "pretrain: all is masked",
        ("`masked: 1`", "`masked: 1`"),
        ("leave some words to guess from", "留一些词作线索"),
        reading(method="mlm", masked=1.0),
    ),
    Case(
        "pretrain: no steps",
        ("`steps: 0`", "`steps: 0`"),
        ("leave `pretrain` out instead", "不需要就删去 `pretrain`"),
        reading(method="mlm", steps=0),
    ),
    Case(
        "pretrain: no such corpus",
        ("a corpus that is not there", "语料文件不存在"),
        ("type the name that is there", "改用实际的文件名"),
        lambda d: (d.plain(pretrain={"corpus": "laws.txt"}), d.put("law.txt", "the room was good\n")),
    ),
    Case(
        "pretrain: empty corpus",
        ("a corpus of no bytes", "语料是空文件"),
        ("put texts in it", "写入文本"),
        corpus("law.txt", ""),
    ),
    Case(
        "pretrain: corpus without text",
        ("a corpus whose column is not called `text`", "语料的列名不是 `text`"),
        ("rename the column", "把列名改为 `text`"),
        corpus("law.csv", "title,body\na,the room was good\n"),
    ),
    Case(
        "pretrain: rows in the recipe",
        ("texts written into the recipe as its corpus", "把语料直接写进了配方"),
        ("put them in a file", "放进文件"),
        reading(corpus=[{"text": "the room was good"}]),
    ),
    Case(
        "pretrain: one sentence a text",
        ("`sentence_order` on texts of one sentence", "对只有一句的文本用 `sentence_order`"),
        ("give longer texts, or another method", "提供更长的文本，或换一种方法"),
        reading(method="sentence_order"),
    ),
    Case(
        "pretrain: no mask token",
        ("`mlm` with a tokenizer that has no mask token", "分词器没有掩码词元却用 `mlm`"),
        ("take `simcse` or `tsdae`", "改用 `simcse` 或 `tsdae`"),
        without_mask,
    ),
    Case(
        "no task: and no pretrain",
        ("`task: null` without `pretrain`", "写了 `task: null` 却没有 `pretrain`"),
        ("add `pretrain`, or name a task", "加上 `pretrain`，或写明任务"),
        lambda d: d.plain(task=None, train={}),
    ),
    Case(
        "no task: a corpus beside",
        ("`pretrain.corpus` beside `task: null`", "`pretrain.corpus` 与 `task: null` 同时写了"),
        ("move the file to `data.train`", "把文件写到 `data.train`"),
        lambda d: d.plain(task=None, train={}, pretrain={"corpus": "texts.txt"}),
    ),
    Case(
        "no task: how to train one",
        ("`train` beside `task: null`", "`train` 与 `task: null` 同时写了"),
        ("delete it", "删去它"),
        lambda d: d.plain(task=None, pretrain="mlm", train={"epochs": 2}),
    ),
    Case(
        "no task: nothing to guess from",
        ("`sentence_order` without a task, on texts of one sentence", "没有任务，对只有一句的文本用 `sentence_order`"),
        ("give longer texts, or another method", "提供更长的文本，或换一种方法"),
        lambda d: d.plain(task=None, train={}, pretrain="sentence_order"),
    ),
    Case(
        "pretrain: mlm on a decoder",
        ("`mlm` with a model that writes from left to right", "让从左到右写的模型用 `mlm` 来读"),
        ("take `causal`, or leave `method` out", "改用 `causal`，或不写 `method`"),
        by_writer("llama", method="mlm"),
    ),
    Case(
        "pretrain: causal on an encoder",
        ("`causal` with a model that reads from both sides", "让从两边读的模型用 `causal`"),
        ("take `mlm`, or leave `method` out", "改用 `mlm`，或不写 `method`"),
        reading(method="causal"),
    ),
    Case(
        "pretrain: causal on an encoder with a decoder",
        ("`causal` with a model of the T5 kind", "让 T5 一类的模型用 `causal`"),
        ("take `span_corruption`, or leave `method` out", "改用 `span_corruption`，或不写 `method`"),
        by_writer("t5", method="causal"),
    ),
    Case(
        "pretrain: no sentinels",
        ("a model of the BART kind, whose tokenizer has no sentinels", "BART 一类的模型，其分词器没有哨兵词元"),
        ("take a model of the T5 kind", "换用 T5 一类的模型"),
        by_writer("bart"),
    ),
    Case(
        "pretrain: what is written is lost",
        ("`simcse` before a task that writes", "在要写文本的任务之前用 `simcse`"),
        ("take `causal`", "改用 `causal`"),
        by_writer("llama", task="generation", method="simcse"),
    ),
    Case(
        "pretrain: an option of the other way",
        ("`masked` where a decoder reads by `causal`", "写了 `masked`，而解码器以 `causal` 来读"),
        ("delete it", "删去它"),
        by_writer("llama", masked=0.2),
    ),
    Case(
        "new pieces: no corpus",
        ("`pretrain.new_pieces` without a corpus", "写了 `pretrain.new_pieces` 却没有语料"),
        ("add corpus: FILE", "请写 corpus: 文件"),
        reading(method="mlm", new_pieces=20),
    ),
    Case(
        "new pieces: a model from scratch",
        ("`model: scratch` with `pretrain.new_pieces`", "写了 `model: scratch` 与 `pretrain.new_pieces`"),
        ("set model.scratch.vocabulary", "设置 model.scratch.vocabulary"),
        anew({}, new_pieces=20),
    ),
    Case(
        "new pieces: nothing to add",
        ("`pretrain.new_pieces` for texts whose words are known", "给用词已知的文本写了 `pretrain.new_pieces`"),
        ("leave the key out", "去掉该键"),
        corpus("texts.txt", "the room was good\n" * 9, method="mlm", new_pieces=20),
    ),
    Case(
        "scratch: nothing to read",
        ("`model: scratch` without `pretrain`", "写了 `model: scratch` 却没有 `pretrain`"),
        ("add a corpus", "加上语料"),
        lambda d: d.plain(model="scratch"),
    ),
    Case(
        "scratch: no corpus",
        ("`model: scratch` with `pretrain: mlm`", "写了 `model: scratch` 与 `pretrain: mlm`"),
        ("add a corpus", "加上语料"),
        lambda d: d.plain(model="scratch", pretrain="mlm"),
    ),
    Case(
        "scratch: another method",
        ("`model: scratch` read by `simcse`", "让 `model: scratch` 用 `simcse` 来读"),
        ("take `mlm`", "改用 `mlm`"),
        anew({}, method="simcse"),
    ),
    Case(
        "scratch: mistyped key",
        ("`layer` for `layers`", "用 `layer` 代替 `layers`"),
        ("take the key that the message names", "改用消息指出的键"),
        anew({"layer": 2}),
    ),
    Case(
        "scratch: uneven heads",
        ("a width that the heads cannot share", "宽度不能由注意力头平分"),
        ("take a multiple", "改成倍数"),
        anew({"hidden": 64, "heads": 5}),
    ),
    Case(
        "scratch: a corpus of nothing",
        ("a corpus of one short word", "语料只有一个短词"),
        ("give more texts", "提供更多文本"),
        anew({}, content="word\n"),
    ),
)
