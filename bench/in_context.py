"""Measure answers by likelihood: a language model that is not trained, without and with solved examples before a row.

    python -m bench.in_context [--gemma FOLDER] [--only NAME ...] [--threads N]

500 training rows (they are the examples to choose from, and what the baselines learn from), 100 of validation, and test
rows: all of them, of titles 500. Where there are more, rows are taken at even steps through the file. One seed, all
`auto`. A run is kept in docs/results/in_context/ when it is over and not run again; docs/results/in_context.md is made
from these files. All seven take one to two hours on one core, by estimate; the page says how long each took.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dongcha
from bench._kept import workspace
from bench._machine import machine
from bench._runs import Bench
from bench._tables import figure, table
from bench.generators import line_of
from bench.quality import DATA
from dongcha import files
from dongcha.config import Recipe
from dongcha.stations.measured import clock_facts
from dongcha.steps import Work

ROWS = {"train": 500, "validation": 100, "test": 850}
TITLES = {
    "education": "教育",
    "entertainment": "娱乐",
    "finance": "财经",
    "game": "游戏",
    "politics": "时政",
    "realty": "房产",
    "science": "科技",
    "society": "社会",
    "sports": "体育",
    "stocks": "股票",
}


@dataclass(frozen=True)
class Job:
    """A data set, its task, and how it is asked; `rows` are the most rows of a file, where they are not the usual."""

    folder: str
    task: str
    examples: int
    calibrate: bool = True
    words: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the job's file is called."""
        return f"{self.folder}.{self.examples}" + ("" if self.calibrate else ".plain")

    def recipe(self, model: str, threads: int | str) -> Recipe:
        """Return the recipe on the set's rows."""
        most = ROWS | self.rows
        data: dict[str, Any] = {name: spaced(DATA / self.folder / f"{name}.jsonl", most[name]) for name in ROWS}
        asked = {"examples": self.examples, "calibrate": self.calibrate, "words": dict(self.words)}
        language = self.folder.rsplit("_", 1)[-1]
        given: dict[str, Any] = {"data": data, "adapt": {"method": "in_context", **asked}, "threads": threads}
        return Recipe(name=self.name, task=self.task, language=language, model=model, seed=0, **given)


NEWS, TITLE, COPA = "ag_news_en", "thucnews_titles_zh", "copa_commonsense_en"
OF_TITLES: dict[str, Any] = {"words": TITLES, "rows": {"test": 500}}
JOBS = (
    Job(NEWS, "classification", 0),
    Job(NEWS, "classification", 0, calibrate=False),
    Job(NEWS, "classification", 4),
    Job(TITLE, "classification", 0, **OF_TITLES),
    Job(TITLE, "classification", 4, **OF_TITLES),
    Job(COPA, "choice", 0),
    Job(COPA, "choice", 0, calibrate=False),
)


def spaced(path: Path, most: int) -> list[dict[str, Any]]:
    """Return at most so many rows of a JSONL file, at even steps through it."""
    rows = files.read_lines(path)
    count = min(most, len(rows))
    return [rows[at * len(rows) // count] for at in range(count)]


def measure(job: Job, model: str, threads: int | str) -> dict[str, Any]:
    """Run a job up to its proofs; return figures with intervals, verdicts, checks, clock."""
    with workspace(job.name) as folder:
        work = dongcha.run(job.recipe(model, threads), workspace=folder, until="checks")
        assert isinstance(work, Work)
        judged = work["evaluate"]
        return {
            "metric": judged.main_metric,
            "table": [line_of(row) for row in judged.table],
            "rows": {name: len(dataset) for name, dataset in work["splits"].by_name.items()},
            "checks": {check.name: check.status for check in work["checks"]},
            "seconds_of": {name: round(spent, 1) for name, spent in work.seconds.items()},
            "clock": clock_facts(work),
            "machine": machine(work["placement"].threads),
        }


HEAD = """# Answers by likelihood / 按似然作答

Made by `make bench SET=in_context` ({runs} of {jobs} runs, {minutes:.0f} minutes on {threads} thread each; they go on
where they were stopped); the figures are in [in_context](in_context). gemma-3-270m trimmed to Chinese and English,
nothing trained, one seed, all `auto`; examples are the nearest of {train} training rows, which are also what the
baselines and the layer on the frozen model learn from. In brackets 95 % intervals over test rows.

由 `make bench SET=in_context` 生成（{jobs} 项中已完成 {runs} 项，共 {minutes:.0f} 分钟，每项 {threads} 个线程；
可中断后继续），数值见 [in_context](in_context)。模型为裁剪到中英文的 gemma-3-270m，不做任何训练，单一种子，
全部 `auto`；示例取自 {train} 条训练数据中最近的几条，基线与冻结模型上的线性层也只从这些数据学习。
方括号为按测试行计算的 95% 区间。

"""
COLUMNS = (
    "data / 数据",
    "examples / 示例",
    "calibrated / 校准",
    "metric / 指标",
    "baselines / 基线",
    "in context / 上下文作答",
    "test rows / 测试行",
    "min / 分钟",
    "GB",
)
YES, NO = "yes / 是", "no / 否"


def page(runs: Sequence[tuple[Job, Mapping[str, Any]]]) -> str:
    """Return the page of the runs that are over."""
    minutes = sum(run["clock"]["seconds"] for _, run in runs) / 60
    threads = runs[0][1]["machine"]["threads"]
    head = HEAD.format(runs=len(runs), jobs=len(JOBS), minutes=minutes, threads=threads, **ROWS)
    return head + table(COLUMNS, (line(job, run) for job, run in runs))


def line(job: Job, run: Mapping[str, Any]) -> str:
    """Return a job's line of the page."""
    figures = {row["name"]: row["figures"][run["metric"]] for row in run["table"]}
    answered = figures.pop("in_context")
    rivals = "<br>".join(f"{name} {found[0]:.3f}" for name, found in figures.items())
    cells = [job.folder, str(job.examples), YES if job.calibrate else NO, run["metric"], rivals]
    cells += [figure(answered), str(run["rows"]["test"])]
    cells += [f"{run['clock']['seconds'] / 60:.0f}", f"{run['clock']['megabytes'] / 1024:.1f}"]
    return f"| {' | '.join(cells)} |"


BENCH = Bench({job.name: job for job in JOBS}, lambda job: "gemma", measure, page, Path("docs/results/in_context"))

if __name__ == "__main__":
    BENCH.main(__doc__)
