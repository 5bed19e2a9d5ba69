"""Texts that look odd and are read all the same, with what is made of them."""

import hashlib
import json
from functools import cache

from error_case import Accepted
from error_desk import RUN, Desk, Outcome

from dongcha.testing import tiny_rows

GOOD = "text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in tiny_rows("classification", 24))
LABELS = 10_000
TWENTY = range(20)
ZH = "".join(f"房间{i}很好的，我们喜欢,好\n房间{i}不好的，我们不要,差\n" for i in TWENTY)
CAT = ("predict", RUN, "-")


def table(content: str | bytes, name: str = "rows.csv", **data):
    """Put a table, a recipe that trains on it, and a model."""

    def put(desk: Desk) -> None:
        desk.put(name, content)
        desk.recipe(data={"train": name, **data})
        desk.encoder()

    return put


def asked(*lines: str):
    """Put a finished run and these lines on standard input."""

    def put(desk: Desk) -> None:
        desk.run()
        desk.stdin = "".join(f"{line}\n" for line in lines)

    return put


def apart(number: int) -> str:
    """Return a text that is unlike that of any other number."""
    letters = hashlib.sha256(str(number).encode()).hexdigest()
    return " ".join(letters[i : i + 8] for i in range(0, 32, 8))


@cache
def checks(out: str) -> dict:
    """The data checks of `check --json`, by name."""
    return {found["name"]: found for found in json.loads(out)["checks"]}


def labels(*wanted: str):
    """Hold that training has exactly these labels."""
    return lambda outcome: set(checks(outcome.out)["labels"]["figures"]["rows"]) == set(wanted)


def rows(count: int):
    """Hold that so many rows were read in all."""

    def holds(outcome: Outcome) -> bool:
        figures = checks(outcome.out)["duplicates"]["figures"]
        return sum(facts["rows"] for facts in figures.values()) == count

    return holds


def answers(count: int):
    """Hold that so many answers came, one a line."""
    return lambda outcome: len([json.loads(line) for line in outcome.out.splitlines()]) == count


def many_labels(outcome: Outcome) -> bool:
    """Hold that training has nine labels of ten, and the rest went to test."""
    return checks(outcome.out)["labels"]["figures"]["labels"] == LABELS * 9 // 10


good = labels("good", "bad")

ACCEPTED = (
    Accepted(
        "CRLF",
        ("a file with Windows line ends", "Windows 换行（CRLF）的文件"),
        ("read as with plain ones; labels carry no carriage return", "与普通换行相同，标签不带回车符"),
        table(GOOD.replace("\n", "\r\n")),
        good,
    ),
    Accepted(
        "BOM",
        ("a byte order mark before the header", "表头前有字节顺序标记（BOM）"),
        ("no part of the first column's name", "不算入第一列的列名"),
        table("\ufeff" + GOOD),
        good,
    ),
    Accepted(
        "UTF-16",
        ("a table that Excel saved as Unicode text", "Excel 另存的 Unicode 文本"),
        ("known by its mark", "按标记识别"),
        table(GOOD.replace(",", "\t").encode("utf-16"), "rows.tsv"),
        good,
    ),
    Accepted(
        "GBK",
        ("Chinese in GBK", "GBK 编码的中文"),
        ("known by its common characters", "按常用汉字识别"),
        table(("text,label\n" + ZH).encode("gbk")),
        labels("好", "差"),
    ),
    Accepted(
        "mixed encodings, replaced",
        ("one bad byte, and `data.encoding_errors: replace`", "有一个坏字节，设 `data.encoding_errors: replace`"),
        ("the byte is read as U+FFFD, the row stays", "该字节读作 U+FFFD，行保留"),
        table(GOOD.encode() + b"caf\xe9,good\n", encoding_errors="replace"),
        rows(25),
    ),
    Accepted(
        "mixed encodings, dropped",
        ("one bad byte, and `data.encoding_errors: drop`", "有一个坏字节，设 `data.encoding_errors: drop`"),
        ("the row is left out", "该行略去"),
        table(GOOD.encode() + b"caf\xe9,good\n", encoding_errors="drop"),
        rows(24),
    ),
    Accepted(
        "zero-width characters",
        ("U+200B inside words", "词中有 U+200B"),
        ("kept in the text; the tokeniser passes over them", "文本中保留，分词器略过"),
        table(GOOD.replace("the room", "the\u200b ro\u200bom")),
        good,
        told="unknown",
    ),
    Accepted(
        "right-to-left marks",
        ("U+202E, which turns the text around on a screen", "U+202E，会使屏幕上的文字反向"),
        ("kept in the text, shown as ⟦U+202E⟧ on the screen", "文本中保留，屏幕上显示为 ⟦U+202E⟧"),
        table(GOOD.replace("the room", "\u202ethe room\u202c")),
        lambda outcome: "\u202e" not in outcome.out and "⟦U+202E⟧" in outcome.out,
        ("check", "recipe.yaml"),
    ),
    Accepted(
        "1 MB single word",
        ("a word of a million letters", "长达一百万字母的单词"),
        ("read; told as unknown, where the tokeniser makes nothing of it", "可以读取；分词器无法切分时提示为未知"),
        table(GOOD + "x" * 1_000_000 + ",good\n"),
        rows(25),
        told="unknown",
    ),
    Accepted(
        "long texts",
        ("texts longer than the model reads", "长于模型所读的文本"),
        ("their share is told before training", "训练前告知其占比"),
        table(GOOD + "".join(f"{'the room was good ' * 40}{i},good\n" for i in range(6))),
        rows(30),
        told="lengths",
    ),
    Accepted(
        "blank lines",
        ("blank lines at the end", "末尾有空行"),
        ("left out", "略去"),
        table(GOOD + "\n\n\n"),
        rows(24),
    ),
    Accepted(
        "semicolons",
        ("a table cut by semicolons", "以分号分隔的表格"),
        ("the delimiter is found", "自动识别分隔符"),
        table(GOOD.replace(",", ";")),
        good,
    ),
    Accepted(
        "labels yes and no",
        ("labels `yes` and `no`", "标签为 `yes` 与 `no`"),
        ("stay text", "仍是文本"),
        table(GOOD.replace(",good", ",yes").replace(",bad", ",no")),
        labels("yes", "no"),
    ),
    Accepted(
        "NaN beside the fields",
        ("`NaN` in a column that the task does not read", "任务不读的列中有 `NaN`"),
        ("a missing value, and no matter", "视为缺失，不影响"),
        table("text,label,stars\n" + "".join(f"{line},NaN\n" for line in GOOD.splitlines()[1:])),
        good,
    ),
    Accepted(
        "a label with one row",
        ("a label that a single row has", "某个标签只有一行"),
        ("a warning", "给出提醒"),
        table(GOOD + "odd one,strange\n"),
        rows(25),
        told="labels",
    ),
    Accepted(
        "labels that look alike",
        ("`good` and `Good`", "`good` 与 `Good`"),
        ("a warning with both names", "给出提醒并列出二者"),
        table(GOOD + "the room 90 was fine,Good\nthe room 91 was fine,Good\n"),
        labels("good", "bad", "Good"),
        told="label_names",
    ),
    Accepted(
        "texts that come twice",
        ("every text twice", "每条文本出现两次"),
        ("kept together in one split, and told", "归入同一划分并提示"),
        table(GOOD + GOOD.partition("\n")[2]),
        rows(48),
        told="duplicates",
    ),
    Accepted(
        "10,000 labels",
        ("ten thousand labels, one row each", "一万种标签，每种一行"),
        ("read and checked; the labels' fewness is told", "照常读取与检查，并提示每类行数过少"),
        table(
            "text,label\n" + "".join(f"{apart(i)},label {i}\n" for i in range(LABELS)),
            split={"validation": 0, "test": 0.1, "stratify": False},
        ),
        many_labels,
        told="labels",
    ),
    Accepted(
        "predict: odd lines",
        (
            "CRLF, a BOM, right-to-left marks and zero-width characters on standard input",
            "标准输入含 CRLF、BOM、反向标记与零宽字符",
        ),
        ("an answer each", "逐条作答"),
        asked("\ufeffgood room\r", "\u202ebad room", "go\u200bod room", '{"text": "clean\\r\\nroom", "id": 3}'),
        answers(4),
        CAT,
    ),
)
