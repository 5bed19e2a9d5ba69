"""Measure what low-rank training is worth to a model that writes: five real data sets, before and after.

    python -m bench.generators --gemma FOLDER [--only NAME ...] [--threads N]

500 training rows, 100 of validation and 100 test rows of each set, the first of each file; one seed; all `auto` but the
prompt. A run is kept in docs/results/generators/ when it is over and not run again, and one that was stopped goes on
from its last checkpoint (runs/bench/); docs/results/generators.md is made from these files. All five take 2 to 3 hours
on one core, by estimate; the page says how long each took.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import dongcha
from bench._kept import workspace
from bench._machine import machine
from bench._runs import Bench
from bench._tables import difference, figure, table
from bench.quality import DATA, ends_of
from dongcha import files
from dongcha.config import Recipe
from dongcha.stations.measured import clock_facts
from dongcha.steps import Work
from dongcha.types import Row

ROWS = {"train": 500, "validation": 100, "test": 100}
MOST_MEGABYTES = 8192


@dataclass(frozen=True)
class Job:
    """A data set, its task, the prompt where it is not the usual one, and what is held to a bar."""

    folder: str
    task: str
    prompt: str | None
    judged: str

    def recipe(self, model: str, threads: int | str) -> Recipe:
        """Return the recipe on the set's first rows."""
        home = DATA / self.folder
        rows: dict[str, Any] = {name: first_rows(home / f"{name}.jsonl", count) for name, count in ROWS.items()}
        language = "zh" if self.folder == "csl_title_zh" else "en"
        own = {} if self.prompt is None else {"prompt": self.prompt}
        given: dict[str, Any] = {"data": rows | own, "adapt": {"method": "lora"}, "threads": threads}
        return Recipe(name=self.folder, task=self.task, language=language, model=model, seed=0, **given)


JOBS = (
    Job("multi30k_translation_en_de", "translation", "English: {source}\nGerman:", "chrf"),
    Job("tatoeba_translation_en_zh", "translation", "English: {source}\nChinese:", "chrf"),
    Job("scitldr_summarization_en", "summarization", None, "rouge_l"),
    Job("csl_title_zh", "summarization", "摘要：{document}\n标题：", "rouge_l"),
    Job("e2e_nlg_en", "generation", None, "slot_coverage"),
)
SLOTS = 0.95  # of e2e's slots that must stand in the texts


def first_rows(path: Path, count: int) -> list[dict[str, Any]]:
    """Return the first rows of a JSONL file."""
    return list(islice(files.read_lines(path), count))


def measure(job: Job, model: str, threads: int | str) -> dict[str, Any]:
    """Run a job up to its proofs; return figures with intervals, verdicts, clock, checks; no text of the data."""
    with workspace(job.folder) as folder:
        work = dongcha.run(job.recipe(model, threads), workspace=folder, until="checks")
        assert isinstance(work, Work)
        judged, train = work["evaluate"], work["plan"].recipe.resolved()["train"]
        return {
            "metric": judged.main_metric,
            "table": [line_of(row) for row in judged.table],
            "train": {name: train[name] for name in ("epochs", "learning_rate", "batch_tokens", "precision")},
            "steps": work["train"].fitted.state.step,
            "best_step": work["train"].fitted.state.best_step,
            "validation": work["train"].fitted.state.scores,
            "checks": {check.name: check.status for check in work["checks"]},
            "seconds_of": {name: round(spent, 1) for name, spent in work.seconds.items()},
            "clock": clock_facts(work),
            "machine": machine(work["placement"].threads),
        }


def line_of(row: Row) -> dict[str, Any]:
    """Return a row of the table: its figures with their intervals, and the paired test where there is one."""
    line: dict[str, Any] = {"name": row.name, "figures": {name: ends_of(f) for name, f in row.metrics.items()}}
    if row.verdict is None:
        return line
    difference = ends_of(row.verdict.difference)
    return line | {"against": row.against, "difference": difference, "p_value": row.verdict.p_value}


HEAD = """# Writing, before and after / 生成：训练前后

Made by `make bench SET=generators` ({runs} of {jobs} runs, {minutes:.0f} minutes on {threads} thread each; they go on
where they were stopped); the figures are in [generators](generators). gemma-3-270m trimmed to Chinese and
English, LoRA, {train} training and {test} test rows of each set, one seed, all `auto` but the prompt. In brackets 95 %
intervals over test rows, and the paired test against the model as it came.

由 `make bench SET=generators` 生成（{jobs} 项中已完成 {runs} 项，共 {minutes:.0f} 分钟，每项 {threads} 个线程；可中断
后继续）；数值见 [generators](generators)。模型为裁剪到中英文的 gemma-3-270m，LoRA，每个数据集 {train} 条
训练、{test} 条测试，单一种子，除提示外全部 `auto`。方括号为按测试行计算的 95% 区间，以及与原模型的配对检验。

"""
COLUMNS = (
    "data / 数据",
    "metric / 指标",
    "baselines / 基线",
    "before / 训练前",
    "after / 训练后",
    "difference / 差值",
    "bar / 要求",
    "min / 分钟",
    "GB",
)


def page(runs: Sequence[tuple[Job, Mapping[str, Any]]]) -> str:
    """Return the page of the runs that are over."""
    minutes = sum(run["clock"]["seconds"] for _, run in runs) / 60
    threads = runs[0][1]["machine"]["threads"] if runs else 1
    head = HEAD.format(runs=len(runs), jobs=len(JOBS), minutes=minutes, threads=threads, **ROWS)
    return head + table(COLUMNS, (line for job, run in runs for line in lines(job, run)))


def lines(job: Job, run: Mapping[str, Any]) -> list[str]:
    """Return a job's lines of the page: the metric held to a bar first, then the others of the same rows."""
    by_name = {row["name"]: row for row in run["table"]}
    before = next(row for name, row in by_name.items() if name.startswith("before"))
    after = by_name["after"]
    others = {name: row for name, row in by_name.items() if row not in (before, after)}
    metrics = sorted(after["figures"], key=lambda name: name != job.judged)
    found = []
    for metric in metrics:
        rivals = "<br>".join(f"{name} {row['figures'][metric][0]:.3f}" for name, row in others.items())
        cells = [job.folder, metric, rivals, figure(before["figures"][metric]), figure(after["figures"][metric])]
        cells += [
            difference(after["difference"], after["p_value"]) if metric == run["metric"] else "",
            bar(job, after) if metric == job.judged else "",
        ]
        clock = run["clock"]
        cells += (
            [f"{clock['seconds'] / 60:.0f}", f"{clock['megabytes'] / 1024:.1f}"] if metric == metrics[0] else ["", ""]
        )
        found.append(f"| {' | '.join(cells)} |")
    return found


def bar(job: Job, after: Mapping[str, Any]) -> str:
    """Say whether the bar is met: above the model as it came beyond the interval, or enough slots."""
    if job.judged == "slot_coverage":
        is_met, wanted = after["figures"][job.judged][0] >= SLOTS, f"≥ {SLOTS}"
    else:
        is_met, wanted = after["difference"][1] > 0, "> before / 优于训练前"
    return f"{wanted}: {'met / 达到' if is_met else '**missed / 未达到**'}"


BENCH = Bench({job.folder: job for job in JOBS}, lambda job: "gemma", measure, page, Path("docs/results/generators"))

if __name__ == "__main__":
    BENCH.main(__doc__)
