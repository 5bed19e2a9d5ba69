"""Files of texts that are refused."""

from error_case import Case
from error_desk import Desk

from dongcha.testing import tiny_rows

CSV = "text,label\ngood room,good\nbad room,bad\n"


def table(content: str | bytes, name: str = "rows.csv", task: str = "classification", **data):
    """Put a file of this content, a recipe that trains on it, and a model."""

    def put(desk: Desk) -> None:
        desk.put(name, content)
        desk.recipe(task=task, data={"train": name, **data})
        desk.encoder()

    return put


def lines(*rows: str) -> str:
    """Return good JSON lines, then these."""
    return '{"text": "good room", "label": "good"}\n' + "".join(f"{row}\n" for row in rows)


def tagged(spans: str) -> str:
    return f'{{"text": "in paris", "spans": {spans}}}\n'


MIXED = "text,label\n房间很好,好评\n".encode() + "服务很差,差评\n".encode("gbk") + "房间很脏,差评\n".encode()

DATA_CASES = (
    Case(
        "no such file",
        ("a data file whose name is mistyped", "数据文件名写错"),
        ("paths start at the recipe's file", "路径从配方所在处算起"),
        lambda d: d.plain(data={"train": "row.jsonl"}),
    ),
    Case(
        "unknown extension",
        ("a Word document", "Word 文档"),
        ("save it as one of the formats", "另存为所列格式之一"),
        table("x", "rows.docx"),
    ),
    Case("empty file", ("a file of 0 bytes", "0 字节的文件"), ("give a file with rows", "换用有内容的文件"), table("")),
    Case(
        "header only",
        ("a table without rows", "只有表头的表格"),
        ("add rows, or name another file", "补充数据或换文件"),
        table("text,label\n"),
    ),
    Case(
        "a label of one row",
        ("a label that one row alone has", "只有一行的标签"),
        (
            "add rows, merge it with another, or set `data.allow_tiny: true`",
            "补充数据、与其他标签合并，或设 `data.allow_tiny: true`",
        ),
        table("".join([CSV, *(f"room {i},{'good' if i % 2 else 'bad'}\n" for i in range(20)), "odd room,strange\n"])),
        ("run", "recipe.yaml"),  # `check` tells of it and goes on
    ),
    Case(
        "mixed encodings",
        ("UTF-8 with one line of GBK", "UTF-8 文件里混入一行 GBK"),
        ("set `data.encoding_errors` to `replace` or `drop`", "将 `data.encoding_errors` 设为 `replace` 或 `drop`"),
        table(MIXED),
    ),
    Case(
        "another encoding",
        ("Latin-1, neither UTF-8 nor gb18030", "Latin-1，既非 UTF-8 也非 gb18030"),
        ("set `data.encoding: latin-1`", "设 `data.encoding: latin-1`"),
        table("text,label\nolé,good\ncafé,bad\n".encode("latin-1")),
    ),
    Case(
        "unknown encoding",
        ("`data.encoding: utf-9`", "`data.encoding: utf-9`"),
        ("take a name that Python knows", "用 Python 认识的名称"),
        table(CSV, encoding="utf-9"),
    ),
    Case(
        "NUL byte",
        ("a zero byte in a CSV file", "CSV 文件中有零字节"),
        ("remove it, or set the encoding to UTF-16", "删去该字节，或设编码为 UTF-16"),
        table("text,label\ngood room,good\nbad\0 room,bad\n"),
    ),
    Case(
        "NUL in a text",
        ("`\\u0000` inside a JSON text", "JSON 文本中有 `\\u0000`"),
        ("remove it", "删去该字符"),
        table(lines('{"text": "bad\\u0000 room", "label": "bad"}'), "rows.jsonl"),
    ),
    Case(
        "half a surrogate pair",
        ("`\\ud83d` alone in a JSON text", "JSON 文本中单独的 `\\ud83d`"),
        ("write the whole pair", "写全成对的代理码"),
        table(lines('{"text": "bad \\ud83d room", "label": "bad"}'), "rows.jsonl"),
    ),
    Case(
        "other column names",
        ("the text stands in `review`", "文本在 `review` 列"),
        ("name it in `data.columns`", "在 `data.columns` 中指明"),
        table(CSV.replace("text", "review")),
    ),
    Case(
        "no header",
        ("a table that begins with data", "表格没有表头"),
        ("add a header line", "补上表头"),
        table(CSV.partition("\n")[2]),
    ),
    Case(
        "column twice",
        ("two columns named `text`", "两列同名 `text`"),
        ("rename one", "改其一的名称"),
        table("text,label,text\na,b,c\n"),
    ),
    Case(
        "ragged row",
        ("a comma in a text that is not quoted", "文本中有逗号而未加引号"),
        ("quote the cell", "给单元格加引号"),
        table(CSV + "clean, quiet,good\n"),
    ),
    Case(
        "open quote",
        ("a quote that is never closed", "引号没有闭合"),
        ("close it", "补上引号"),
        table('text,label\ngood room,good\n"bad room,bad\n'),
    ),
    Case(
        "old Macintosh line ends",
        ("a table whose lines end with a carriage return alone", "表格只用回车符换行"),
        ("save it with line feeds", "另存为以换行符分行"),
        table(CSV.replace("\n", "\r")),
    ),
    Case(
        "NaN in CSV",
        ("a label that pandas wrote as `NaN`", "标签被 pandas 写成 `NaN`"),
        ("fill it in, or remove the row", "补全或删去该行"),
        table(CSV + "dirty room,NaN\n"),
    ),
    Case(
        "blank texts",
        ("texts of white space only", "文本只有空白"),
        ("fill them in, or remove the rows", "补全或删去这些行"),
        table(CSV + " ,bad\n\u3000,good\n"),
    ),
    Case(
        "broken JSON",
        ("a JSON line cut in the middle", "一行 JSON 不完整"),
        ("mend or remove the line", "修正或删去该行"),
        table(lines('{"text": "bad room", "lab'), "rows.jsonl"),
    ),
    Case(
        "row is a list",
        ("a JSON line that is a list", "一行 JSON 是列表"),
        ("put the values under their names", "把值写在字段名下"),
        table(lines('["bad room", "bad"]'), "rows.jsonl"),
    ),
    Case(
        "two lists in one file",
        ("a JSON file of two lists", "一个 JSON 文件里有两个列表"),
        ("join them into one", "合并为一个列表"),
        table('[{"text": "good room", "label": "good"}]\n[{"text": "bad room", "label": "bad"}]\n', "rows.json"),
    ),
    Case(
        "duplicate ids",
        ("two rows of one `id`", "两行的 `id` 相同"),
        ("change one, or rename the column", "改其一，或将该列改名"),
        table("id,text,label\n7,good room,good\n8,bad room,bad\n7,dirty room,bad\n"),
    ),
    Case(
        "labels of two kinds",
        ("a text here, a list of texts there", "标签时而是文本、时而是列表"),
        ("write single labels as lists too", "单个标签也写成列表"),
        table(lines('{"text": "bad room", "label": ["bad"]}'), "rows.jsonl"),
    ),
    Case(
        "lists of labels in one set",
        ("single labels in train, lists of labels in test", "train 是单个标签，test 是标签列表"),
        ("write both alike", "两处写法一致"),
        lambda d: (
            d.put("test.jsonl", '{"text": "bad room", "label": ["bad"]}\n'),
            table(CSV, test="test.jsonl")(d),
        ),
    ),
    Case(
        "one label only",
        ("all rows have the same label", "所有行的标签相同"),
        ("check the label column", "检查标签列"),
        table("text,label\n" + "".join(f"good room {i},good\n" for i in range(20))),
    ),
    Case(
        "too few rows to split",
        ("two rows for three splits", "两行数据要分成三份"),
        ("add rows, or give files", "增加数据或另给文件"),
        table(CSV),
    ),
    Case(
        "no such group column",
        ("`data.split.group: hotel`, a column that is not there", "`data.split.group: hotel`，没有该列"),
        ("take a column of the file", "改用文件中的列"),
        table("text,label\n" + "".join(f"room {i},{i % 2}\n" for i in range(20)), split={"group": "hotel"}),
    ),
    Case(
        "score is a word",
        ("`good` where a number is wanted", "应为数字处是 `good`"),
        ("write a number", "写数字"),
        table("text,score\nfine,1\nnice,good\n", task="regression"),
    ),
    Case(
        "scores too large",
        ("scores whose mean or spread overflows", "均值或离散程度溢出的分数"),
        ("give them in a larger unit", "改用更大的单位"),
        table("text,score\n" + "".join(f"room {i},{(-1) ** i}e308\n" for i in range(24)), task="regression"),
    ),
    Case(
        "span outside its text",
        ("offsets counted in bytes", "位置按字节计数"),
        ("count characters", "按字符计数"),
        table(tagged('[{"start": 3, "end": 18, "label": "LOC"}]'), "rows.jsonl", "tagging"),
    ),
    Case(
        "spans that overlap",
        ("two spans over one word", "同一词上有两段标注"),
        ("keep one of them", "只保留其一"),
        table(
            tagged('[{"start": 0, "end": 5, "label": "A"}, {"start": 3, "end": 8, "label": "B"}]'),
            "rows.jsonl",
            "tagging",
        ),
    ),
    Case(
        "tags and tokens differ",
        ("three tokens and two tags", "三个词、两个标记"),
        ("give each token a tag", "每个词给一个标记"),
        table('{"tokens": ["in", "paris", "now"], "tags": ["O", "B-LOC"]}\n', "rows.jsonl", "tagging"),
    ),
    Case(
        "unknown tag",
        ("a tag `PER` without B or I", "标记 `PER` 缺少 B 或 I"),
        ("write `B-PER`", "写成 `B-PER`"),
        table('{"tokens": ["anna"], "tags": ["PER"]}\n', "rows.jsonl", "tagging"),
    ),
    Case(
        "not Parquet",
        ("a CSV file named `.parquet`", "把 CSV 命名为 `.parquet`"),
        ("name it by its real format", "按实际格式命名"),
        table(CSV, "rows.parquet"),
    ),
    Case(
        "not Excel",
        ("a CSV file named `.xlsx`", "把 CSV 命名为 `.xlsx`"),
        ("name it by its real format", "按实际格式命名"),
        table(CSV, "rows.xlsx"),
    ),
    Case(
        "folder without labels",
        ("a folder that holds no sub-folders", "文件夹中没有子文件夹"),
        ("one sub-folder a label", "每个标签一个子文件夹"),
        lambda d: (d.rows("texts/notes.jsonl"), d.recipe(data={"train": "texts"}), d.encoder()),
    ),
    Case(
        "path out of a package",
        ("`package:dongcha/../../secret.csv`", "`package:dongcha/../../secret.csv`"),
        ("name a place inside the package", "写软件包之内的路径"),
        lambda d: d.plain(data={"train": "package:dongcha/../../secret.csv"}),
    ),
    Case(
        "package not installed",
        ("`package:no_such_corpus`", "`package:no_such_corpus`"),
        ("install it", "安装该包"),
        lambda d: d.plain(data={"train": "package:no_such_corpus/rows.csv"}),
    ),
    Case(
        "init: no labels",
        ("`dongcha init` on texts without labels", "对没有标签的文本运行 `dongcha init`"),
        ("label some of them", "先标注一部分"),
        lambda d: d.put("texts.csv", "text\n" + "".join(f"{row['text']}\n" for row in tiny_rows("classification", 9))),
        ("init", "texts.csv"),
    ),
    Case(
        "init: file is there",
        ("`dongcha init` over a recipe", "`dongcha init` 会覆盖已有配方"),
        ("give another name", "换一个名字"),
        lambda d: (d.rows("rows.jsonl"), d.put("rows.yaml", "mine\n")),
        ("init", "rows.jsonl", "--out", "rows.yaml"),
    ),
)
