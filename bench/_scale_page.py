"""Write the page of how time and memory grow with rows, in English and Chinese, from figures alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

STEEP = 1.15  # an exponent above this grows faster than the rows
MOST_SECONDS, MOST_MEGABYTES = 600.0, 2000.0  # what a million rows may take
CONSTANT = ("start", "model")  # stages that do not look at the rows
NAMES = {
    "start": ("start Python and the libraries", "启动 Python 与各库"),
    "read": ("read", "读取"),
    "split": ("split", "划分"),
    "fingerprint": ("fingerprint", "内容指纹"),
    "labels": ("learn the labels", "收集标签"),
    "model": ("build the model", "构建模型"),
    "tokenise": ("tokenise", "分词"),
    "all": ("all stages", "全部阶段"),
}
Size = Mapping[str, Any]


def short(size: Size) -> dict[str, Any]:
    """Return the figures of a size that fit a line."""
    by_stage = {
        name: [round(found["seconds"], 2), round(found["cpu_seconds"], 2), round(found["peak_megabytes"])]
        for name, found in size["stages"].items()
    }
    return {key: round(size[key], 1) for key in ("rows", "seconds", "cpu_seconds", "peak_megabytes")} | by_stage


def exponent(rows: Sequence[float], values: Sequence[float]) -> float | None:
    """Return the slope of log(values) over log(rows) by least squares; None where there is none to state."""
    if len(rows) < 2 or min(values) <= 0:
        return None
    return float(np.polyfit(np.log(rows), np.log(values), 1)[0])


def growth(sizes: Sequence[Size]) -> dict[str, dict[str, float | None]]:
    """Return each stage's exponents: of processor time and of memory, over all sizes and over the last step.

    Memory is what a stage's peak has above the process before its first row.
    """
    rows = [size["rows"] for size in sizes]
    found = {}
    for name in [*(sizes[0]["stages"] if sizes else ()), "all"]:
        if name in CONSTANT:
            continue
        seconds = [_cpu(size, name) for size in sizes]
        memory = [_above_start(size, name) for size in sizes]
        found[name] = {
            "time": exponent(rows, seconds),
            "time_last": exponent(rows[-2:], seconds[-2:]),
            "memory": exponent(rows, memory),
            "memory_last": exponent(rows[-2:], memory[-2:]),
        }
    return found


def _cpu(size: Size, name: str) -> float:
    if name != "all":
        return float(size["stages"][name]["cpu_seconds"])
    return float(sum(found["cpu_seconds"] for stage, found in size["stages"].items() if stage not in CONSTANT))


def _above_start(size: Size, name: str) -> float:
    peak = size["peak_megabytes"] if name == "all" else size["stages"][name]["peak_megabytes"]
    return float(peak - size["stages"]["start"]["peak_megabytes"])


def gates(sizes: Sequence[Size]) -> dict[str, Any]:
    """Hold the million against its bars; empty until it is measured."""
    million = next((size for size in sizes if size["rows"] == 1_000_000), None)
    if million is None:
        return {}
    running = million["process_seconds"] - million["halted_seconds"]
    return {
        "seconds": running,
        "cpu_seconds": million["cpu_seconds"],
        "halted_seconds": million["halted_seconds"],
        "peak_megabytes": million["peak_megabytes"],
        "met": running < MOST_SECONDS and million["peak_megabytes"] < MOST_MEGABYTES,
    }


def page(figures: Mapping[str, Any]) -> str:
    """Return the page as Markdown."""
    sizes = figures["sizes"]
    parts = [HEAD, under(sizes[-1]), gate(figures["gates"]), times(sizes), growths(figures["growth"]), said(sizes[-1])]
    return "\n\n".join(part for part in parts if part) + "\n"


def under(size: Size) -> str:
    """Say on what it was measured."""
    found, load = size["machine"], size["load"]
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    settings = " ".join(f"{name}={value}" for name, value in size["settings"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores, shared with other work (load average {load[0]:.1f} before "
        f"the largest size, {load[1]:.1f} after); `{settings}`; {versions}.\n"
        f"{found['cpu']}，{found['cores']} 核，机器上同时有其他任务（最大规模测量前平均负载 {load[0]:.1f}，"
        f"之后 {load[1]:.1f}）；`{settings}`；{versions}。"
    )


def gate(found: Mapping[str, Any]) -> str:
    """Set the bars of the million beside what was measured."""
    if not found:
        return ""
    minutes, cpu, halted = (found[key] / 60 for key in ("seconds", "cpu_seconds", "halted_seconds"))
    gigabytes = found["peak_megabytes"] / 1000
    bar = f"{MOST_SECONDS / 60:.0f}", f"{MOST_MEGABYTES / 1000:.0f}"
    met = ("met", "达到") if found["met"] else ("**missed**", "**未达到**")
    return (
        f"A million rows, the whole process: {minutes:.1f} minutes (bar {bar[0]}; {cpu:.1f} of the processor; "
        f"{halted:.1f} more while others had stopped it are left out), {gigabytes:.2f} GB (bar {bar[1]}): {met[0]}.\n"
        f"一百万行，整个进程：{minutes:.1f} 分钟（要求 {bar[0]}；其中处理器 {cpu:.1f} 分钟；"
        f"另有 {halted:.1f} 分钟因被其他任务暂停而未计入），{gigabytes:.2f} GB（要求 {bar[1]}）：{met[1]}。"
    )


def name_of(stage: str) -> str:
    """Return what the page calls a stage."""
    en, zh = NAMES.get(stage, ("", ""))
    check = stage.removeprefix("check ")
    return f"{en} / {zh}" if en else f"check / 检查 `{check}`"


def times(sizes: Sequence[Size]) -> str:
    """Set seconds and memory of each stage side by side."""
    head = " | ".join(f"{size['rows']:,}" for size in sizes)
    lines = [
        "## Seconds and memory / 秒数与内存",
        "",
        "Each cell: processor seconds (wall seconds), peak resident memory. / "
        "每格：处理器秒数（实际秒数），常驻内存峰值。",
        "",
        f"| rows / 行数 | {head} |",
        "| --- |" + " ---: |" * len(sizes),
    ]
    for name in [*sizes[-1]["stages"], "all"]:
        cells = [_cell(size if name == "all" else size["stages"][name]) for size in sizes]
        lines.append(f"| {name_of(name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(found: Mapping[str, float]) -> str:
    return f"{found['cpu_seconds']:.2f} ({found['seconds']:.2f}), {found['peak_megabytes']:,.0f} MB"


def growths(found: Mapping[str, Mapping[str, float | None]]) -> str:
    """State the exponents, the steep ones in bold."""
    steep = [
        name for name, value in found.items() if any(_is_steep(value[key]) for key in ("time_last", "memory_last"))
    ]
    names = ", ".join(map(name_of, steep))
    lines = [
        "## Exponents / 增长指数",
        "",
        f"Time or memory grows as rows to this power; bold above {STEEP}. Processor seconds; memory above the process "
        "before its first row. Over all sizes, fixed costs flatten the slope, so the last step stands beside it.",
        f"时间或内存按行数的这个幂增长；超过 {STEEP} 者加粗。时间为处理器秒数，内存为读入第一行之前的进程以外的部分。"
        "就全部规模而言，固定开销会压低斜率，因此另列最后一步。",
        "",
        "A step across 200,000 rows flatters `duplicates`: above it, near repeats inside a split are not looked for.",
        "跨越 20 万行的一步会使 `duplicates` 显得偏低：超过后不再查找同一数据集内部的近似重复。",
        "",
        "| | time, all / 时间，全部 | last step / 最后一步 | memory, all / 内存，全部 | last step / 最后一步 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, value in found.items():
        cells = " | ".join(_power(value[key]) for key in ("time", "time_last", "memory", "memory_last"))
        lines.append(f"| {name_of(name)} | {cells} |")
    verdict = (
        f"Steeper than {STEEP} on the last step: {names}. / 最后一步超过 {STEEP}：{names}。"
        if steep
        else f"None is steeper than {STEEP} on the last step. / 最后一步没有超过 {STEEP} 的。"
    )
    return "\n".join([*lines, "", verdict])


def _is_steep(value: float | None) -> bool:
    return value is not None and value > STEEP


def _power(value: float | None) -> str:
    return "" if value is None else f"**{value:.2f}**" if _is_steep(value) else f"{value:.2f}"


def said(size: Size) -> str:
    """Quote what the screen says of the largest size."""
    lines = [f"- `{check['name']}` {check['status']}: {check['message']}" for check in size["checks"]]
    head = f"## What the checks say of {size['rows']:,} rows / 对 {size['rows']:,} 行，各项检查的结论"
    return "\n".join([head, "", *lines])


HEAD = """# From a thousand rows to a million / 从一千行到一百万行

Made by `make bench SET=scale`; the figures are in [scale.json](scale.json). Each size is a process of its own that
goes through the steps of a run up to its data checks, with the real MiniLM tokeniser and model. A text joins the first
half of one text of the real sets with the second half of another, English and Chinese in turn; 5 % are exact and 5 %
near repeats. Checks that need the model run on a fixed sample of at most 2,000 rows a split, and say so. Above 200,000
rows near repeats are looked for only between train and the other splits, and the check says so.

由 `make bench SET=scale` 生成，数值见 [scale.json](scale.json)。每个规模用一个独立进程，走完一次运行直到数据检查的
各个步骤，使用真实的 MiniLM 分词器与模型。每条文本由真实数据集中一条文本的前半与另一条的后半拼成，中英文交替；
其中 5 % 为完全重复，5 % 为近似重复。需要模型的检查在每个数据集至多 2,000 行的固定样本上进行，并会说明。超过 20 万行时，
只在训练集与其他数据集之间查找近似重复，检查会说明这一点。"""
