"""Recipes that ask for zero-shot and cannot have it."""

import json
from typing import Any

from error_case import Case
from error_desk import Desk

from dongcha.data.dataset import BATCH
from dongcha.testing import tiny_rows

TOLD = {"good": "good and clean", "bad": "bad and dirty"}


def asking(**options: Any):
    """Put good rows, a model, and a recipe whose `adapt: zero_shot` has these options."""
    return lambda desk: desk.plain(adapt={"method": "zero_shot", **options})


def of_task(task: str):
    """Put rows of another task, a model, and a recipe that asks for zero-shot."""

    def put(desk: Desk) -> None:
        desk.rows(task=task)
        desk.recipe(task=task, adapt="zero_shot")
        desk.encoder()

    return put


def of_pairs(labels: int = 2, **options: Any):
    """Put pairs that are read apart, of so many labels, and a recipe that tells them by zero-shot."""

    def put(desk: Desk) -> None:
        names = ("same", "other", "neither")[:labels]
        rows = [{**row, "label": names[i % labels]} for i, row in enumerate(tiny_rows("pairs", 40))]
        desk.put("rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
        data = {"train": "rows.jsonl", "pairs": "apart"}
        desk.recipe(task="pairs", data=data, adapt={"method": "zero_shot", **options})
        desk.encoder()

    return put


def of_texts(split: dict[str, Any] | None = None, **options: Any):
    """Put rows without labels, a model, and a recipe that asks for zero-shot, and for a split if one is given."""

    def put(desk: Desk) -> None:
        rows = [{"text": row["text"]} for row in tiny_rows("classification", 24)]
        desk.put("rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
        data = {"train": "rows.jsonl"} | ({"split": split} if split else {})
        desk.recipe(data=data, adapt={"method": "zero_shot", **options})
        desk.encoder()

    return put


def labelled_late(desk: Desk) -> None:
    """Put rows of which only those beyond the first stretch that is read have labels."""
    asking(descriptions=TOLD)(desk)
    rows = [{"text": f"good room {i}"} | ({"label": "good"} if i > BATCH else {}) for i in range(BATCH + 9)]
    desk.put("rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))


def alike(desk: Desk) -> None:
    """Put rows whose labels differ in case alone, and describe none."""
    asking()(desk)
    rows = [{"text": f"room {i}", "label": ("US", "us")[i % 2]} for i in range(24)]
    desk.put("rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))


def twice(desk: Desk) -> None:
    """Ask for zero-shot as the model and as what it is compared with."""
    desk.plain(adapt="zero_shot", evaluate={"before": "zero_shot"})


assert set(TOLD) == {row["label"] for row in tiny_rows("classification", 2)}

ZERO_SHOT_CASES = (
    Case(
        "zero-shot: label unknown",
        ("a description for a label that no row has", "为数据中没有的标签写了描述"),
        ("write the label as the rows have it", "按数据中的写法写标签"),
        asking(descriptions={**TOLD, "goood": "fine"}),
    ),
    Case(
        "zero-shot: label without description",
        ("descriptions for some labels, not for all", "只描述了部分标签"),
        ("describe every label, or none", "描述全部标签，或都不描述"),
        asking(descriptions={"good": "good and clean"}),
    ),
    Case(
        "zero-shot: names that are the same words",
        ("labels told apart by case alone, without descriptions", "只差大小写的标签，且没有描述"),
        ("describe every label", "描述全部标签"),
        alike,
    ),
    Case(
        "zero-shot: empty description",
        ("a description without a word", "描述为空"),
        ("write a few words", "写几个词"),
        asking(descriptions={**TOLD, "bad": " "}),
    ),
    Case(
        "zero-shot: template without its place",
        ("a template without `{label}`", "模板中没有 `{label}`"),
        ("write `{label}` where the description goes", "在放描述处写 `{label}`"),
        asking(templates=["This text is about {lable}."]),
    ),
    Case(
        "zero-shot: mistyped option",
        ("`description` for `descriptions`", "写成 `description`，应为 `descriptions`"),
        ("take the option that the message names", "改用消息所示的选项"),
        asking(description=TOLD),
    ),
    Case(
        "zero-shot: cloze without its head",
        ("`by: cloze` on a model without a masked-language-model head", "对没有掩码语言模型输出层的模型用 `by: cloze`"),
        ("use `by: similarity`, or another model", "用 `by: similarity`，或换模型"),
        asking(by="cloze"),
    ),
    Case(
        "zero-shot: cloze without a mask",
        ("a cloze whose template has no `{mask}`", "完形填空的模板中没有 `{mask}`"),
        ("write `{mask}` where the word goes", "在填词处写 `{mask}`"),
        asking(by="cloze", templates=["{text} It was {label}."]),
    ),
    Case(
        "zero-shot: task without labels of texts",
        ("`zero_shot` for numbers", "对数值任务使用 `zero_shot`"),
        ("train, or take another task", "改为训练，或换任务"),
        of_task("regression"),
    ),
    Case(
        "zero-shot: pairs without what is alike",
        ("labels of pairs without `alike`", "句对的标签没有写 `alike`"),
        ("name the label of texts that say the same", "写明意思相同时的标签"),
        of_pairs(),
    ),
    Case(
        "zero-shot: pairs of a mistyped label",
        ("`alike` with a label that no row has", "`alike` 写了数据中没有的标签"),
        ("write the label as the rows have it", "按数据中的写法写标签"),
        of_pairs(alike="sane"),
    ),
    Case(
        "zero-shot: pairs of three labels",
        ("`alike` where rows have three labels", "有三个标签却用 `alike`"),
        ("train", "改为训练"),
        of_pairs(3, alike="same"),
    ),
    Case(
        "zero-shot: pairs with descriptions",
        ("`descriptions` beside `alike`", "`descriptions` 与 `alike` 同用"),
        ("leave them out", "去掉它"),
        of_pairs(alike="same", descriptions={"same": "alike", "other": "not alike"}),
    ),
    Case(
        "zero-shot: alike for single texts",
        ("`alike` for texts that are no pairs", "对不成对的文本用 `alike`"),
        ("leave it out", "去掉它"),
        asking(alike="good"),
    ),
    Case(
        "zero-shot: texts alone, no descriptions",
        ("training rows without labels, and no `descriptions`", "训练数据没有标注，也没有写 `descriptions`"),
        ("describe each label, or name the label column", "描述每个标签，或指明标签列"),
        of_texts(),
    ),
    Case(
        "zero-shot: texts alone, one description",
        ("training rows without labels, one in `descriptions`", "训练数据没有标注，`descriptions` 中只有一个"),
        ("describe the other labels too", "把其余标签也写上描述"),
        of_texts(descriptions={"good": "good and clean"}),
    ),
    Case(
        "zero-shot: texts alone, a split",
        ("a share for `test` of training rows without labels", "要从没有标注的训练数据中划出 `test`"),
        ("leave it out, and give a labelled file", "去掉它，并给出已标注的文件"),
        of_texts({"test": 0.3}, descriptions=TOLD),
    ),
    Case(
        "zero-shot: texts alone, then labels",
        ("a long file whose first rows have no labels", "长文件靠前的行没有标注"),
        ("label all rows, or none", "全部标注，或全不标注"),
        labelled_late,
    ),
    Case(
        "zero-shot: compared with itself",
        ("`zero_shot` both as the model and as before", "`zero_shot` 既作模型又作训练前"),
        ("leave `evaluate.before` out", "去掉 `evaluate.before`"),
        twice,
    ),
)
