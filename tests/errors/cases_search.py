"""What retrieval, and texts read apart, refuse: rows, corpora, keys of other tasks, an index that is not whole."""

import json
import shutil
from typing import Any

from cases_tasks import ASK, CAT, WINDOWS, asked, in_windows, learn, then
from error_case import Case
from error_desk import Desk

from dongcha.testing import tiny_rows

CORPUS = ({"doc": "paris", "text": "the room was good"}, {"doc": "london", "text": "the room was bad"})
ASKED = [{"query": f"good room {i}", "relevant": [{"doc": "paris", "grade": 2}]} for i in range(24)]


def over(*rows: dict[str, Any], corpus: tuple[dict[str, Any], ...] = CORPUS, **sections: Any):
    """Put rows, a corpus that they are searched in, a recipe and a model."""

    def put(desk: Desk) -> None:
        desk.put("pages.jsonl", "".join(json.dumps(page, ensure_ascii=False) + "\n" for page in corpus))
        learn("retrieval", *(rows or ASKED), corpus="pages.jsonl", **sections)(desk)

    return put


def judged(**one: Any):
    """Put two rows over a corpus, the second of which judges a single document."""
    return over(ASKED[0], {"query": "bad room", "relevant": [one]}, *ASKED[1:])


def keyed(**sections: Any):
    """Put good rows of classification, and a recipe with keys of another task."""
    return lambda desk: desk.plain(**sections)


def harmed(name: str, content: bytes | None):
    """Put a finished run, one file of whose index is taken away or written over."""

    def put(desk: Desk) -> None:
        place = desk.run("retrieval") / "model" / "index" / name
        place.unlink() if content is None else place.write_bytes(content)

    return put


def without_index(desk: Desk) -> None:
    """Put a finished run that lacks its index."""
    shutil.rmtree(desk.run("retrieval") / "model" / "index")


SEARCH_CASES = (
    Case(
        "retrieval: documents by name, and no corpus",
        ("rows with `relevant` and no `data.corpus`", "各行有 `relevant` 却没有 `data.corpus`"),
        ("name the file of documents", "指明文档文件"),
        learn("retrieval", *ASKED),
    ),
    Case(
        "retrieval: document with a slip",
        ("a row that calls `pariss` relevant", "某一行把 `pariss` 标为相关"),
        ("write the name that the message offers", "改为消息给出的名称"),
        judged(doc="pariss", grade=1),
    ),
    Case(
        "retrieval: document that is not there",
        ("a row that calls `d-4711` relevant", "某一行把 `d-4711` 标为相关"),
        ("add it to the corpus, or delete it from the row", "补进文档库或从该行删去"),
        judged(doc="d-4711", grade=1),
    ),
    Case(
        "retrieval: negative grade",
        ("a `grade` of `-1`", "`grade` 为 `-1`"),
        ("write 0 for not relevant", "不相关写 0"),
        judged(doc="paris", grade=-1),
    ),
    Case(
        "retrieval: grade that is a fraction",
        ("a `grade` of `0.5`", "`grade` 为 `0.5`"),
        ("write whole numbers", "写整数"),
        judged(doc="paris", grade=0.5),
    ),
    Case(
        "retrieval: judgement without a document",
        ("an entry of `relevant` without `doc`", "`relevant` 中某一项缺少 `doc`"),
        ("name the document", "写明文档"),
        judged(grade=1),
    ),
    Case(
        "retrieval: two documents of one name",
        ("a corpus with `paris` twice", "文档库中有两个 `paris`"),
        ("give each a name of its own", "各取一个名称"),
        over(corpus=(*CORPUS, CORPUS[0])),
    ),
    Case(
        "retrieval: corpus without texts",
        ("a corpus without a column `text`", "文档库缺少 `text` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        over(corpus=({"doc": "paris", "body": "the room was good"},)),
    ),
    Case(
        "retrieval: corpus without names",
        ("a corpus without a column `doc`, but with `id`", "文档库缺少 `doc` 列，但有 `id`"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        over(corpus=({"id": "paris", "text": "the room was good"},)),
    ),
    Case(
        "retrieval: blank document",
        ("a document whose `text` is white space", "某个文档的 `text` 只有空白"),
        ("fill it in, or remove it", "补全或删去"),
        over(corpus=(*CORPUS, {"doc": "berlin", "text": " "})),
    ),
    Case(
        "retrieval: no such corpus",
        ("`data.corpus: page.jsonl`, which is not there", "`data.corpus: page.jsonl` 不存在"),
        ("correct the path", "更正路径"),
        learn("retrieval", *ASKED, corpus="page.jsonl"),
    ),
    Case(
        "retrieval: blank answer",
        ("a row whose `positive` is white space", "某一行的 `positive` 只有空白"),
        ("fill it in, or remove the row", "补全或删去该行"),
        then("retrieval", positive=" "),
    ),
    Case(
        "retrieval: no query",
        ("rows with `question` in place of `query`", "各行有 `question` 而没有 `query`"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        learn("retrieval", {"question": "good room", "positive": "the room was good"}),
    ),
    Case(
        "retrieval: no answer",
        ("rows with neither `positive` nor `relevant`", "各行既无 `positive` 也无 `relevant`"),
        ("add one of them, or name its column", "补上其一，或指明列名"),
        learn("retrieval", {"query": "good room", "other": "the room was good"}),
    ),
    Case(
        "retrieval: wrong answers in one text",
        ("`negatives` written as a text", "`negatives` 写成一个文本"),
        ("write a list", "写成列表"),
        then("retrieval", negatives="the room was bad"),
    ),
    Case(
        "retrieval: a wrong answer of white space",
        ("a blank text among `negatives`", "`negatives` 中有空白文本"),
        ("leave it out", "去掉它"),
        then("retrieval", negatives=["the room was bad", " "]),
    ),
    Case(
        "retrieval: windows",
        ("`data.long_texts: windows` for retrieval", "检索任务设 `data.long_texts: windows`"),
        WINDOWS,
        in_windows("retrieval"),
    ),
    Case(
        "retrieval: too many wrong answers",
        ("`train.hard_negatives: 99`", "`train.hard_negatives: 99`"),
        ("give 32 at most", "最多写 32"),
        keyed(task="retrieval", train={"hard_negatives": 99}),
    ),
    Case(
        "a corpus for another task",
        ("`data.corpus` for classification", "分类任务设 `data.corpus`"),
        ("delete it", "删去"),
        keyed(data={"train": "rows.jsonl", "corpus": "pages.jsonl"}),
    ),
    Case(
        "wrong answers for another task",
        ("`train.hard_negatives` for classification", "分类任务设 `train.hard_negatives`"),
        ("delete it", "删去"),
        keyed(train={"hard_negatives": 2}),
    ),
    Case(
        "predict: index deleted",
        ("a run whose `model/index/` was deleted", "运行结果的 `model/index/` 已被删除"),
        ("copy the run again, or run its recipe anew", "重新复制，或重新运行其配方"),
        without_index,
        ASK,
    ),
    Case(
        "predict: index without a file",
        ("a run whose `model/index/index.json` was deleted", "运行结果的 `model/index/index.json` 已被删除"),
        ("copy the run again, or run its recipe anew", "重新复制，或重新运行其配方"),
        harmed("index.json", None),
        ASK,
    ),
    Case(
        "predict: index damaged",
        ("a run whose `model/index/index.json` is cut off", "运行结果的 `model/index/index.json` 残缺"),
        ("copy the run again, or run its recipe anew", "重新复制，或重新运行其配方"),
        harmed("index.json", b'{"form": 1, "rows"'),
        ASK,
    ),
    Case(
        "predict: row without a query",
        ("a JSON line without `query`, for a model of retrieval", "给检索模型的 JSON 行缺少 `query`"),
        ("give it", "补上它"),
        asked("retrieval", question="good room"),
        CAT,
    ),
)

APART_CASES = (
    Case(
        "pairs: read neither way",
        ("`data.pairs: separate`", "`data.pairs: separate`"),
        ("write `together` or `apart`", "写 `together` 或 `apart`"),
        learn("pairs", *tiny_rows("pairs", 4), pairs="separate"),
    ),
    Case(
        "texts apart for another task",
        ("`data.pairs: apart` for classification", "分类任务设 `data.pairs: apart`"),
        ("delete it", "删去"),
        keyed(data={"train": "rows.jsonl", "pairs": "apart"}),
    ),
    Case(
        "pairs: windows, texts apart",
        (
            "`data.long_texts: windows` beside `data.pairs: apart`",
            "`data.long_texts: windows` 与 `data.pairs: apart` 同用",
        ),
        WINDOWS,
        learn("pairs", *tiny_rows("pairs", 24), pairs="apart", long_texts="windows"),
    ),
    Case(
        "pairs: scores and odds, texts apart",
        (
            "`train.label_smoothing` for scores of `data.pairs: apart`",
            "`train.label_smoothing` 用于 `data.pairs: apart` 的分数",
        ),
        ("delete it", "删去"),
        lambda desk: (
            learn("pairs", *({"text_a": f"room {i}", "text_b": "a flat", "score": i} for i in range(24)))(desk),
            desk.recipe(task="pairs", data={"train": "rows.jsonl", "pairs": "apart"}, train={"label_smoothing": 0.1}),
        ),
    ),
)
