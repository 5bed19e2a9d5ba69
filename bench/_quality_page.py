"""Write the page of what training is worth, in English and Chinese, from finished runs alone.

In: runs by data set, one a seed, as `bench.quality` keeps them. Out: Markdown. A cell of published figures is empty
where none is known for these rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev
from typing import Any

import numpy as np

from bench._tables import difference
from dongcha.judge.paired import compare
from dongcha.metrics import CountMetric, Outcome
from dongcha.metrics._base import mean_of
from dongcha.metrics.classification import metrics
from dongcha.types import Verdict

Run = Mapping[str, Any]
Runs = Mapping[str, Sequence[Run]]

SEEDS_WANTED = 3
FORECAST_BAR = 0.20
RIVAL = "tfidf_linear"
NOT_BASELINES = ("before", "after")
CHANGED_SINCE = (  # what a run that stands was made without, in both languages, and the runs
    (
        "seed 0 was scored while answers lost all marks of Unicode, not those that CMRC drops, which is mended.",
        "种子 0 的得分出自旧版：答案曾去掉全部 Unicode 标点，而非 CMRC 所去的那些，现已改正。",
        ("cmrc2018_qa_zh",),
    ),
)
PUBLISHED = {  # elsewhere the rows are a sample of ours, or no figure was found
    "conll2003_ner_en": "bert-base-NER 0.926, flair with xlm-r-large 0.941",
    "sst2_en": "LSTM 0.845; other rows (GLUE dev, 67,000 phrases to train): MiniLM-L6-H384 0.915, BERT-base 0.923",
}


def page(runs: Runs) -> str:
    """Return the page of all runs that are over."""
    over = [run for found in runs.values() for run in found]
    hours = sum(run["clock"]["seconds"] for run in over) / 3600
    parts = [HEAD.format(hours=hours, runs=len(over)), *machines(over), *gates(runs), table(runs)]
    parts += [missing(runs), remarks(runs), *paired(runs), *clock(over)]
    return "\n\n".join(part for part in parts if part) + "\n"


def machines(runs: Sequence[Run]) -> list[str]:
    """Say on what was measured, a line for each kind of machine."""
    lines: dict[str, None] = {}
    for run in runs:
        found = run["machine"]
        versions = ", ".join(f"{name} {found['versions'][name]}" for name in ("torch", "transformers"))
        cpu, cores, threads = found["cpu"], found["cores"], found["threads"]
        english = f"{cpu}, {cores} cores, {threads} threads; {versions}."
        lines[f"{english}\n{cpu}，{cores} 核，{threads} 线程；{versions}。"] = None
    return list(lines)


def scores(runs: Sequence[Run], name: str) -> list[float]:
    """Return a candidate's score in each run."""
    return [run["figures"][name][0] for run in runs]


def gates(runs: Runs) -> list[str]:
    """Set the bars beside what was measured."""
    lines = ["| gate / 指标 | bar / 要求 | measured / 实测 | |", "| --- | ---: | ---: | --- |"]
    for gate in GATES:
        if found := runs.get(gate.data):
            measured, is_met = gate.judge(found)
            lines.append(
                f"| {gate.data}, {gate.label or found[0]['metric']} | {gate.bar} | {measured} | {met(is_met)} |"
            )
    over = [run for found in runs.values() for run in found]
    if over:
        value = median(map(forecast_error, over))
        label = "forecast of minutes, median error / 用时预计的误差中位数"
        lines.append(f"| {label} | ≤ {FORECAST_BAR:.0%} | {value:.0%} | {met(value <= FORECAST_BAR)} |")
    return ["\n".join(lines)] if over else []


@dataclass(frozen=True)
class Gate:
    """A bar for one data set: `judge` gives what was measured over its runs, and whether that is enough.

    Without a `label` it is held against the main metric.
    """

    data: str
    label: str
    bar: str
    judge: Callable[[Sequence[Run]], tuple[str, bool]]


def at_least(data: str, bar: float) -> Gate:
    """Ask for a mean of the main metric over seeds."""

    def judge(runs: Sequence[Run]) -> tuple[str, bool]:
        value = mean(scores(runs, "after"))
        return f"{value:.3f}", value >= bar

    return Gate(data, "", f"≥ {bar:.3f}", judge)


def low_above(data: str, metric: str, bar: float) -> Gate:
    """Ask that the lower end of the interval, averaged over seeds, lies above a figure."""

    def judge(runs: Sequence[Run]) -> tuple[str, bool]:
        low = mean(run["metrics"]["after"][metric][1] for run in runs)
        return f"{low:.3f}", low > bar

    return Gate(data, f"{metric}, lower end / 下限", f"> {bar:.3f}", judge)


def low_above_rival(data: str, rival: str) -> Gate:
    """Ask that the lower end of the interval lies above a baseline's score, both averaged over seeds."""

    def judge(runs: Sequence[Run]) -> tuple[str, bool]:
        low, other = mean(run["figures"]["after"][1] for run in runs), mean(scores(runs, rival))
        return f"{low:.3f} : {other:.3f}", low > other

    return Gate(data, f"lower end above {rival} / 下限高于 {rival}", "", judge)


def above_in(data: str, label: str, metric: str, rival: str) -> Gate:
    """Ask that the lower end of a metric's interval lies above a baseline's figure, both averaged over seeds."""

    def judge(runs: Sequence[Run]) -> tuple[str, bool]:
        known = [run["metrics"] for run in runs if metric in run["metrics"]["after"]]
        if not known:
            return "–", False
        low, other = mean(run["after"][metric][1] for run in known), mean(run[rival][metric][0] for run in known)
        return f"{low:.3f} : {other:.3f}", low > other

    return Gate(data, label, "", judge)


def better(data: str, label: str, test: Callable[[Sequence[Run]], Verdict]) -> Gate:
    """Ask for a paired test in favour."""

    def judge(runs: Sequence[Run]) -> tuple[str, bool]:
        verdict = test(runs)
        return told(verdict), verdict.word == "better"

    return Gate(data, label, "p < 0.05", judge)


def met(is_met: bool) -> str:
    """Say whether a bar is met."""
    return "met / 达到" if is_met else "**missed / 未达到**"


def table(runs: Runs) -> str:
    """Set all data sets that have a run beside each other."""
    if not any(runs.values()):
        return ""
    return "\n".join([*TABLE, *(line(name, found) for name, found in runs.items() if found)])


def line(name: str, runs: Sequence[Run]) -> str:
    """Set one data set's row: baselines, before, after as means over seeds."""
    baselines = sorted({side for run in runs for side in run["figures"]} - set(NOT_BASELINES))
    after = scores(runs, "after")
    low, high = (mean(run["figures"]["after"][end] for run in runs) for end in (1, 2))
    parts = (
        name,
        f"{runs[0]['rows']['train']:,} / {runs[0]['rows']['test']:,}",
        runs[0]["metric"],
        "<br>".join(f"{side} {shown(runs, side)}" for side in baselines),
        f"{mean(scores(runs, 'before')):.3f}",
        f"**{mean(after):.3f}**" + (f" ± {stdev(after):.3f}" if len(after) > 1 else ""),
        f"[{low:.3f}, {high:.3f}]",
        str(len(runs)),
        f"{mean(run['clock']['seconds'] for run in runs) / 60:.0f}",
        PUBLISHED.get(name, ""),
    )
    return "| " + " | ".join(parts) + " |"


def missing(runs: Runs) -> str:
    """Say which data sets have fewer seeds than there should be."""
    lacking = [f"{name} ({len(found)})" for name, found in runs.items() if len(found) < SEEDS_WANTED]
    if not lacking:
        return ""
    names = ", ".join(lacking)
    return f"Fewer than {SEEDS_WANTED} seeds so far: {names}.\n尚不足 {SEEDS_WANTED} 个种子：{names}。"


def remarks(runs: Runs) -> str:
    """Say of runs that stand what has changed since."""
    lines = []
    for english, chinese, names in CHANGED_SINCE:
        told = ", ".join(name for name in names if runs.get(name))
        lines += [f"{told}: {english}", f"{told}：{chinese}"] if told else []
    return "\n".join(lines)


def shown(runs: Sequence[Run], side: str) -> str:
    """Write a candidate's mean score; a dash where it has none, as a constant answer has no correlation."""
    found = scores(runs, side)
    return "–" if None in found else f"{mean(found):.3f}"


def unpacked(packed: str, count: int) -> np.ndarray:
    """Return 0 and 1 a row, (count,), from bits in hexadecimal."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(packed), dtype=np.uint8))[:count].astype(np.int64)


def against(runs: Sequence[Run], rival: str) -> Verdict:
    """Test the trained model against another candidate on the same rows, each row's hits averaged over the seeds.

    `judge.paired` decides: exact McNemar for one seed, a paired bootstrap over rows for several.
    """
    count = runs[0]["rows"]["test"]

    def outcomes(side: str) -> list[Outcome]:
        return [Outcome(np.ones(count, dtype=np.int64), unpacked(run["right"][side], count)) for run in runs]

    return compare(metrics(("wrong", "right"))["accuracy"], outcomes(rival), outcomes("after"), 0)


def kept_against(runs: Sequence[Run]) -> Verdict:
    """Test the two candidates whose every row a run keeps: each row's counts are averaged over the seeds."""
    kept = [run["kept"]["rows"] for run in runs]
    one, other = runs[0]["kept"]["one"], runs[0]["kept"]["other"]
    metric = CountMetric(name="kept", counts=lambda o: np.asarray(o.gold), value=mean_of, row_scores=_first)

    def outcomes(side: str) -> list[Outcome]:
        return [Outcome(np.asarray(rows[side], dtype=np.float64), None) for rows in kept]

    return compare(metric, outcomes(other), outcomes(one), 0)


def _first(outcome: Outcome) -> np.ndarray:
    return np.asarray(outcome.gold)[:, 0]


def told(verdict: Verdict) -> str:
    """Write a difference with its interval and p-value."""
    found = verdict.difference
    return difference((found.value, found.low, found.high), verdict.p_value)


GATES = (
    at_least("conll2003_ner_en", 0.870),
    better("chnsenticorp_hotel_zh", "above TF-IDF / 优于 TF-IDF", lambda runs: against(runs, RIVAL)),
    at_least("semeval2010_task8_re_en", 0.80),
    at_least("stsb_en", 0.84),
    better("cranfield_retrieval_en", "hybrid above BM25 / 混合优于 BM25", kept_against),
    low_above("afqmc_pairs_zh", "auroc", 0.55),
    low_above_rival("ocnli_zh", "majority"),
    better("squad2_qa_en", "answerable rows, F1 above the best-overlap sentence / 优于重合最多的句子", kept_against),
    above_in(
        "squad2_qa_en",
        "answerable rows, silence aside, lower end above the sentence / 不许沉默时，下限高于该句",
        "likeliest_f1",
        "overlap_sentence",
    ),
    better("cmrc2018_qa_zh", "F1 above the best-overlap sentence / 优于重合最多的句子", kept_against),
)


def paired(runs: Runs) -> list[str]:
    """Test after against TF-IDF wherever a metric is a share of rows."""
    lines = [PAIRED, "", "| data / 数据 | seeds / 种子 | difference / 差值 | |", "| --- | ---: | --- | --- |"]
    words = {"better": "better / 更好", "worse": "worse / 更差", "even": "even / 持平"}
    tested = {name: found for name, found in runs.items() if found and RIVAL in found[0]["right"]}
    for name, found in tested.items():
        verdict = against(found, RIVAL)
        lines.append(f"| {name} | {len(found)} | {told(verdict)} | {words[verdict.word]} |")
    return ["\n".join(lines)] if tested else []


def forecast_error(run: Run) -> float:
    """Return how far a run's time was from its forecast, as a share of the forecast, which is how its check counts."""
    clock = run["clock"]
    return float(abs(clock["forecast_seconds"] - clock["seconds"]) / clock["forecast_seconds"])


def clock(runs: Sequence[Run]) -> list[str]:
    """Set forecasts beside facts, with the load of the machine, run by run."""
    if not runs:
        return []
    errors = [forecast_error(run) for run in runs]
    clocks = [run["clock"] for run in runs]
    memory = [abs(c["forecast_megabytes"] - c["megabytes"]) / c["forecast_megabytes"] for c in clocks]
    figures = {"error": median(errors), "most": max(errors), "memory": median(memory)}
    lines = [CLOCK.format(**figures), "", *CLOCK_TABLE]
    for run, error in zip(runs, errors, strict=True):
        found = run["clock"]
        load = f"{found['load'][0]:.1f}" if found["load"] else ""
        cells = (run["name"], str(run["seed"]), f"{found['forecast_seconds'] / 60:.1f}", f"{found['seconds'] / 60:.1f}")
        lines.append("| " + " | ".join((*cells, f"{error:.0%}", load)) + " |")
    return ["\n".join(lines)]


TABLE = (
    "| data / 数据 | train / test | metric / 指标 | baselines / 基线 | before / 训练前 | after / 训练后 | 95 % "
    "| seeds / 种子 | min / 分钟 | published / 已发表 |",
    "| --- | ---: | --- | --- | ---: | ---: | --- | ---: | ---: | --- |",
)
CLOCK_TABLE = (
    "| run / 运行 | seed / 种子 | forecast, min / 预计，分钟 | took, min / 实际，分钟 | error / 误差 | load / 负载 |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
)
HEAD = """# Results / 结果

Made by `make bench SET=quality` and `SET=tasks` ({runs} runs, {hours:.1f} hours; they go on where they were stopped);
the figures are in [results/quality](results/quality). Each recipe is what `dongcha init` writes, all `auto`; scores are
of the whole test set; no seed is picked. "After" is the mean over seeds ± their standard deviation; the interval is
over test rows, its ends averaged over seeds. "Before" is the frozen model with a linear layer on the same rows. English
sets use all-MiniLM-L6-v2, Chinese sets multilingual-e5-small trimmed to Chinese and English.

由 `make bench SET=quality` 与 `SET=tasks` 生成（{runs} 次运行，共 {hours:.1f} 小时；可中断后继续），数值见
[results/quality](results/quality)。配方均为 `dongcha init` 所写，全部 `auto`；得分取自整个测试集，种子不作挑选。
“训练后”为各种子均值 ± 标准差；区间按测试行计算，端点对种子取平均。“训练前”为冻结模型加线性层，训练数据相同。
英文数据使用 all-MiniLM-L6-v2，中文数据使用裁剪到中英文的 multilingual-e5-small。"""
PAIRED = """## Against TF-IDF / 对比 TF-IDF

After minus TF-IDF + linear on the same test rows, each row averaged over seeds: paired bootstrap over rows, exact
McNemar for a single seed.
训练后减去 TF-IDF + 线性：同样的测试行，逐行先对种子求平均，再按行做配对自助法；只有一个种子时用精确 McNemar 检验。"""
CLOCK = """## Forecast and fact / 预计与实际

Time off by {error:.0%} in the median (at most {most:.0%}), peak memory by {memory:.0%}; load is the machine's average
over the last minute of each run.
用时误差的中位数为 {error:.0%}（最大 {most:.0%}），峰值内存为 {memory:.0%}；负载为每次运行最后一分钟的机器平均值。"""
