"""Write the page of what was measured for speed, in English and Chinese, from figures alone."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench._profile import OTHER, PRODUCTS, REST
from bench._rounds import ratios

Figures = Mapping[str, Any]

GATES = {
    "default": ("training, MiniLM, beside HF Trainer's defaults", "训练，MiniLM，对比 HF Trainer 默认设置", "{:.2f}x"),
    "grouped": (
        "training, MiniLM, beside HF Trainer grouped by length",
        "训练，MiniLM，对比按长度分组的 HF Trainer",
        "{:.2f}x",
    ),
    "peak": ("training, MiniLM, share of the matrix-product peak", "训练，MiniLM，占矩阵乘峰值的比例", "{:.0%}"),
    "e5_grouped": (
        "training, multilingual-e5-small whole (250,000 pieces), beside HF Trainer grouped by length",
        "训练，完整的 multilingual-e5-small（25 万词元），对比按长度分组的 HF Trainer",
        "{:.2f}x",
    ),
    "pipeline": (
        "inference, MiniLM, beside the HF pipeline at batch 32",
        "推理，MiniLM，对比批大小 32 的 HF pipeline",
        "{:.2f}x",
    ),
}
CONTENDERS = {
    "ours": ("dongcha, `auto`: {precision}", "dongcha，`auto`：{precision}"),
    "ours_fp32": ("dongcha, `precision: fp32`", "dongcha，`precision: fp32`"),
    "hf_grouped": ("HF Trainer, grouped by length, batch {equal}", "HF Trainer，按长度分组，批大小 {equal}"),
    "hf_grouped_bf16": (
        "HF Trainer, grouped by length, `bf16=True` (no gate)",
        "HF Trainer，按长度分组，`bf16=True`（不设指标）",
    ),
    "hf_default": ("HF Trainer, defaults (batch 8)", "HF Trainer，默认设置（批大小 8）"),
    "tutorial": (
        "plain loop of tutorials (padded to 128, batch 16, tokenised on the way; no gate)",
        "教程式循环（补齐到 128，批大小 16，边训练边分词；不设指标）",
    ),
}
TITLES = {
    "minilm": "all-MiniLM-L6-v2",
    "long": "all-MiniLM-L6-v2, long texts / 长文本",
    "e5": "multilingual-e5-small",
}
LONG = """Sentences joined in their order to texts of 200 words at least; a stretch is 10 steps: lengths are alike.
句子按原有顺序拼接为至少 200 词的文本；各文本长度相近，故每段仅 10 步。"""
WAYS = {"ours": "dongcha", "pipeline_none": "pipeline, `none`", "pipeline_simple": "pipeline, `simple`"}
FAMILIES = {
    PRODUCTS: ("matrix products", "矩阵乘法"),
    "attention": ("attention", "注意力"),
    "dropout": ("dropout's random numbers", "dropout 的随机数"),
    "activations": ("activations and layer norms", "激活函数与层归一化"),
    "optimiser": ("the optimiser", "优化器"),
    "norms": ("gradient norms and clipping", "梯度范数与裁剪"),
    "table": ("the embedding table and gathers", "嵌入表与取数"),
    "loss": ("the loss", "损失"),
    "elementwise": ("element-wise arithmetic", "逐元素运算"),
    "memory": ("copying and filling memory", "内存的复制与填充"),
    OTHER: ("other operations", "其他运算"),
    REST: ("outside operations: Python, fetching batches, the profiler", "运算之外：Python、取批次、分析器本身"),
}


def spread(values: Sequence[float], form: str) -> str:
    """Write a median with its least and greatest value."""
    return f"{form.format(median(values))} ({form.format(min(values))} .. {form.format(max(values))})"


def page(figures: Figures) -> str:
    """Return the page as Markdown."""
    parts = [HEAD, gates_table(figures["gates"]), *left_out(figures)]
    parts += [training(name, figures[name]) for name in TITLES if name in figures]
    if "inference" in figures:
        parts.append(inference(figures["inference"]))
    if "score" in figures:
        parts.append(score(figures["score"]))
    return "\n\n".join(parts) + "\n"


def gates_table(gates: Sequence[Figures]) -> str:
    """Set the bars beside what was measured; a figure is held against its bar unrounded."""
    lines = ["| gate / 指标 | bar / 要求 | measured / 实测 | |", "| --- | ---: | ---: | --- |"]
    for gate in gates:
        en, zh, form = GATES[gate["gate"]]
        value = gate["measured"]
        met = "" if value is None else "met / 达到" if value >= gate["bar"] else "**missed / 未达到**"
        shown = "not measured / 未测" if value is None else form.format(value)
        lines.append(f"| {en} / {zh} | ≥ {form.format(gate['bar'])} | {shown} | {met} |")
    return "\n".join(lines)


def left_out(figures: Figures) -> list[str]:
    """Say that the large model was not measured, and how it would be."""
    if "e5" in figures:
        return []
    return [
        "multilingual-e5-small was left out: `make bench E5=FOLDER` measures it.\n"
        "multilingual-e5-small 未测：用 `make bench E5=文件夹` 测量。"
    ]


def training(part: str, found: Figures) -> str:
    """Set the contenders of one model side by side, and where our time goes."""
    rates, settings = found["tokens_per_second"], found["settings"]
    lines = [
        f"## {TITLES[part]}",
        "",
        *([LONG, ""] if part == "long" else []),
        under(found),
        "",
        "| | tokens of text a second / 每秒文本词元 | dongcha is faster by / dongcha 快 "
        "| tokens of text a step / 每步文本词元 | peak memory / 内存峰值 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, values in rates.items():
        facts = {"equal": settings["batch_rows"], "precision": settings["precision"]}
        en, zh = (text.format(**facts) for text in CONTENDERS[name])
        shown = "" if name == "ours" else spread(ratios(rates["ours"], values), "{:.2f}x")
        label, by_step = en if en == zh else f"{en} / {zh}", median(found["tokens_a_step"][name])
        memory = f"{max(found['peak_megabytes'][name]):,.0f} MB"
        lines.append(f"| {label} | {spread(values, '{:,.0f}')} | {shown} | {by_step:.0f} | {memory} |")
    steps, tokens = settings["steps"]["ours"], settings["tokens_a_step"]
    outside, whole = settings["outside_tables"] / 1e6, settings["parameters"] / 1e6
    by_token, peak = found["flops_per_token"] / 1e6, spread([value / 1e9 for value in found["peak_flops"]], "{:.0f}")
    share = spread(found["share_of_peak"], "{:.0%}")
    lines += [
        "",
        f"A stretch is {steps} steps; a step of ours is {tokens:.0f} tokens on average, frames included. Of "
        f"{whole:.1f} M parameters {outside:.1f} M stand outside the embedding tables; a token of text costs "
        f"{by_token:.0f} MFLOP, the peak is {peak} GFLOP/s: **{share} of the peak**.",
        f"每段 {steps} 步；我们每步平均 {tokens:.0f} 个词元（含首尾标记）。{whole:.1f} M 个参数中有 "
        f"{outside:.1f} M 在嵌入表以外；每个文本词元需 {by_token:.0f} MFLOP，峰值为 {peak} GFLOP/s："
        f"**达到峰值的 {share}**。",
        "",
        limits(found["profile"], median(found["share_of_peak"])),
    ]
    return "\n".join(lines)


def limits(found: Figures, share: float) -> str:
    """Say what limits us, in one sentence, and list where the time of some steps goes."""
    families = found["families"]
    products = families[PRODUCTS]
    next_name, next_share = next((n, s) for n, s in families.items() if n not in (PRODUCTS, REST, OTHER))
    en, zh = FAMILIES[next_name]
    own = share / products if products else 0.0
    lines = [
        f"What limits us: matrix products take {products:.0%} of the time and run at about {own:.0%} of the peak; "
        f"the largest of the rest is {en} with {next_share:.1%}.",
        f"瓶颈所在：矩阵乘法占 {products:.0%} 的时间，其间约为峰值的 {own:.0%}；"
        f"其余最大的一项是{zh}，占 {next_share:.1%}。",
        "",
        "| where the time goes / 时间去向 | share / 占比 |",
        "| --- | ---: |",
        *(f"| {' / '.join(FAMILIES[name])} | {value:.1%} |" for name, value in families.items() if value >= 5e-4),
        "",
        "| largest operations / 最大的运算 | share / 占比 |",
        "| --- | ---: |",
        *(f"| `{name}` | {value:.1%} |" for name, value in found["operations"].items()),
    ]
    return "\n".join(lines)


def inference(found: Figures) -> str:
    """Set inference side by side."""
    lines = [
        "## Inference / 推理",
        "",
        under(found),
        "",
        "Held against the quicker of the pipeline's two ways in each round; all are warmed up on 64 texts.",
        "每轮与 pipeline 两种方式中较快者相比；各方式均先用 64 条文本预热。",
        "",
        f"| {found['texts']:,} texts to spans / 条文本到片段 | seconds / 秒 | dongcha is faster by / dongcha 快 |",
        "| --- | ---: | ---: |",
    ]
    for name, values in found["seconds"].items():
        shown = "" if name == "ours" else spread(ratios(values, found["seconds"]["ours"]), "{:.2f}x")
        lines.append(f"| {WAYS[name]} | {spread(values, '{:.1f}')} | {shown} |")
    return "\n".join(lines)


def score(found: Figures) -> str:
    """Set the test scores of whole runs side by side, seed by seed."""
    mean, low, high = found["difference"]
    if low is None or high is None:  # one seed has no interval
        shown, within = f"{mean:+.4f}", ("not settled by one seed", "一个种子无法判定")
    else:
        inside = low <= 0 <= high
        shown = f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"
        within = ("within noise", "在噪声之内") if inside else ("**beyond noise**", "**超出噪声**")
    lines = [
        "## Same score / 得分相同",
        "",
        under(found),
        "",
        "Whole runs with MiniLM: same epochs, one rate, warm-up, weight decay, tokens a step. Test span F1.",
        "MiniLM 完整训练：轮数、学习率、预热、权重衰减、每步词元数均相同。得分为测试集的片段 F1。",
        "",
        "| seed / 种子 | dongcha | HF Trainer, grouped / 按长度分组 |",
        "| --- | ---: | ---: |",
        *(f"| {one['seed']} | {one['ours']:.4f} | {one['hf_grouped']:.4f} |" for one in found["seeds"]),
        "",
        f"Mean difference with its 95 % interval over seeds: {shown}: {within[0]}.",
        f"平均差值及其按种子计算的 95 % 区间：{shown}：{within[1]}。",
    ]
    return "\n".join(lines)


def under(found: Figures) -> str:
    """Say on what it was measured."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    cores, threads, (before, after) = machine["cores"], machine["threads"], found["load"]
    return (
        f"{machine['cpu']}, {cores} cores, {threads} threads; load average {before:.2f} before, {after:.2f} after; "
        f"{versions}.\n"
        f"{machine['cpu']}，{cores} 核，{threads} 线程；平均负载：之前 {before:.2f}，之后 {after:.2f}；{versions}。"
    )


HEAD = """# Speed / 速度

Made by `make bench`; the figures are in [results/speed.json](results/speed.json). One process, equal threads, the ways
interleaved in rounds whose order turns; each cell is the median over the rounds (least .. greatest), each ratio a
median of ratios taken within a round.

由 `make bench` 生成，数值见 [results/speed.json](results/speed.json)。同一进程、相同线程数，各方法逐轮交替，次序轮换；
每格为各轮的中位数（最小 .. 最大），倍数为轮内比值的中位数。

CoNLL-2003, token classification, the same weights, AdamW, clipping at 1, a linear schedule, dropout as the model has
it, each library's default attention. Peers run in fp32, as their defaults are; ours in the precision that `auto` takes
on the machine (weights, sums and optimiser are fp32 in either), and once more with fp32 written into the recipe. Two
steps of warm-up are not counted; fetching rows is. Tokens are those of the text itself: padding and frame tokens
([CLS], [SEP]) do not count. HF Trainer grouped by length gets the batch size whose mean tokens equal ours. Nobody
validates, logs or saves. The last four steps of ours, in which a run takes a copy to prove that a resume is exact, are
left out: that comes once a run. Memory is the peak of the whole process during a stretch.

数据为 CoNLL-2003 词元分类：初始权重相同，AdamW，梯度裁剪为 1，线性调度，dropout 依模型自身设置，注意力取各库的
默认实现。其他库按其默认用 fp32；我们用 `auto` 在本机选定的精度（权重、累加与优化器始终是 fp32），另加一行在配方里
写明 fp32。前两步预热不计，取数据的时间计入。词元只计文本本身，不含补齐与首尾标记（[CLS]、[SEP]）。按长度分组的
HF Trainer 所用批大小，其平均词元数与我们相同。各方均不验证、不记日志、不保存。
我们最后四步会复制一份状态，以证明续训精确，每次运行只有一次，因此不计。内存为每段期间整个进程的峰值。

The peak of the machine, in fp32 for every row, is the best square matrix product of side 1024, 2048, 4096 (median of
three), taken in every round. Operations are 6 a token for each parameter outside the embedding tables, and 12 x layers
x width for each pair of tokens of a text, forward and backward, with no padding.

机器峰值（各行一律按 fp32）为边长 1024、2048、4096 的方阵乘法中最快者（三次的中位数），每轮都测。运算量按前向加反向计：
嵌入表以外每个参数每词元 6 次，同一文本内每对词元 12 x 层数 x 宽度，不含补齐。"""
