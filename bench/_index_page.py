"""Write the page of what an index costs and finds, in English and Chinese, from figures alone."""

from collections.abc import Mapping, Sequence
from typing import Any

Size = Mapping[str, Any]
BUILDING = {
    "graph": ("place vectors in the graph", "把向量放入图中"),
    "terms": ("cut texts into terms", "切分检索词"),
    "create": ("both, and the rest of adding all rows", "以上两项及加入全部行的其余开销"),
    "scores": ("first BM25 question: make the scores", "首个 BM25 问题：计算得分表"),
    "save": ("save", "保存"),
    "delete a tenth": ("delete a tenth of the rows", "删除十分之一的行"),
    "add a tenth": ("add them again", "重新加入"),
    "open": ("open (all files hashed)", "打开（校验全部文件）"),
}
WAYS = {
    "graph": ("vectors, by the graph", "向量，用图"),
    "exact": ("vectors, exactly", "向量，精确"),
    "bm25": ("BM25", "BM25"),
    "hybrid": ("both, fused", "两者融合"),
}
RECALLS = {
    "recall": ("as built", "建成时"),
    "recall_deleted": ("a tenth deleted", "删除十分之一后"),
    "recall_added": ("added again", "重新加入后"),
}
FILES = {
    "rows.arrow": ("ids and texts", "编号与文本"),
    "vectors.npy": ("vectors", "向量"),
    "graph.usearch": ("graph", "图"),
    "lexicon": ("terms and BM25 scores", "检索词与 BM25 得分"),
}


def short(size: Size) -> dict[str, Any]:
    """Return the figures of a size that fit a line."""
    seconds = {name: round(found["cpu_seconds"], 4) for name, found in (size["building"] | size["asking"]).items()}
    return {"rows": size["rows"], "recall": round(size["recall"], 4), **seconds}


def page(figures: Mapping[str, Any]) -> str:
    """Return the page as Markdown."""
    sizes = figures["sizes"]
    parts = [HEAD.format(**figures["passages"], queries=sizes[-1]["queries"]), under(sizes[-1])]
    return "\n\n".join([*parts, building(sizes), asking(sizes), recalls(sizes), disk(sizes)]) + "\n"


def under(size: Size) -> str:
    """Say on what it was measured."""
    found, load = size["machine"], size["load"]
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores, shared with other work (load average {load[0]:.1f} before the "
        f"largest size, {load[1]:.1f} after), one thread; {versions}.\n"
        f"{found['cpu']}，{found['cores']} 核，机器上同时有其他任务（最大规模测量前平均负载 {load[0]:.1f}，之后 "
        f"{load[1]:.1f}），单线程；{versions}。"
    )


def table(head: str, note: str, sizes: Sequence[Size], lines: Mapping[str, Sequence[str]]) -> str:
    """Set a section: a head, a note, a table of one column a size."""
    rows = " | ".join(f"{size['rows']:,}" for size in sizes)
    body = [f"| {name} | {' | '.join(cells)} |" for name, cells in lines.items()]
    return "\n".join([head, "", note, "", f"| | {rows} |", "| --- |" + " ---: |" * len(sizes), *body])


def building(sizes: Sequence[Size]) -> str:
    """Set seconds and memory of building, changing and opening side by side."""
    lines = {}
    for name, words in BUILDING.items():
        found = [(size["building"] | size["asking"])[name] for size in sizes]
        lines[" / ".join(words)] = [
            f"{f['cpu_seconds']:.2f} ({f['seconds']:.2f}), {f['megabytes']:,.0f} MB" for f in found
        ]
    note = (
        "Each cell: processor seconds (wall seconds), how far resident memory has risen since the process began with "
        "passages and vectors at hand. The first three lines are one piece of work. / "
        "每格：处理器秒数（实际秒数），以及自进程备好段落与向量起常驻内存的增量。前三行属于同一步骤。"
    )
    return table("## Building, changing, opening / 建立、更改、打开", note, sizes, lines)


def asking(sizes: Sequence[Size]) -> str:
    """Set the milliseconds of a question side by side."""
    lines = {}
    for name, words in WAYS.items():
        cells = []
        for size in sizes:
            single, batch = (size["asking"][f"{name}, {how}"]["cpu_seconds"] * 1000 for how in ("single", "batch"))
            cells.append(f"{single:.2f} / {batch:.2f}")
        lines[" / ".join(dict.fromkeys(words))] = cells
    note = (
        "Processor milliseconds a question for ten hits: one question at a time / a thousand in one call. Vectors of "
        "questions are at hand. / 每个问题取 10 条结果的处理器毫秒数：逐个提问 / 一次提交一千个。问题的向量已备好。"
    )
    return table("## Asking / 查询", note, sizes, lines)


def recalls(sizes: Sequence[Size]) -> str:
    """Set recall at 10 side by side."""
    lines = {" / ".join(words): [f"{size[name]:.4f}" for size in sizes] for name, words in RECALLS.items()}
    note = "Share of the ten nearest by exact search that the graph finds. / 精确搜索的前 10 个近邻中，用图找到的比例。"
    return table("## Recall at 10 / 前 10 召回率", note, sizes, lines)


def disk(sizes: Sequence[Size]) -> str:
    """Set sizes on disk side by side."""
    lines = {
        " / ".join(words): [f"{size['disk_megabytes'][name]:,.1f}" for size in sizes] for name, words in FILES.items()
    }
    lines["all / 合计"] = [f"{sum(size['disk_megabytes'].values()):,.1f}" for size in sizes]
    return table("## On disk / 磁盘占用", "Megabytes. / 单位 MB。", sizes, lines)


HEAD = """# An index of a hundred thousand passages / 十万个段落的索引

Made by `make bench SET=index`; the figures are in [index.json](index.json). Passages are distinct texts of the real
sets, English and Chinese in turn, cut to 100 words or characters; most are short (means {mean_words:.0f} words and
{mean_characters:.0f} characters). Vectors are MiniLM's, 384 numbers each; MiniLM was not trained on Chinese, so its
vectors of Chinese passages are real but of little meaning. The {queries:,} questions are passages that no index holds.

由 `make bench SET=index` 生成，数值见 [index.json](index.json)。段落取自真实数据集，互不相同，中英文交替，截取前 100
个词或字；多数较短（平均 {mean_words:.0f} 个词、{mean_characters:.0f} 个字）。向量由 MiniLM 生成，每个 384 维；MiniLM
未用中文训练，中文段落的向量虽为实际输出，但意义有限。{queries:,} 个问题是不在任何索引中的段落。"""
