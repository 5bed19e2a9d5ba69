"""Measure what further reading is worth: real texts of a domain, before it and after it, by the recipe's own test rows.

    python -m bench.pretraining [--e5 FOLDER] [--gemma FOLDER] [--only NAME ...] [--threads N]

Each job is a recipe, all `auto`, seed 0. A run is kept in docs/results/pretraining/ when it is over and not run again,
and one that was stopped goes on from its last checkpoint (runs/bench/); docs/results/pretraining.md is made from these
files. Jobs on multilingual-e5-small or gemma-3-270m, in their Chinese and English trims, are left out without the
folder (`--e5`, `--gemma`), and said.
All jobs take 3 to 5 hours on one core, by estimate; the page says how long each took.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dongcha
from bench._kept import workspace
from bench._machine import machine
from bench._runs import Bench
from bench._tables import difference, figure, table
from bench.quality import DATA, MINILM, ends_of
from dongcha import files
from dongcha.config import Recipe
from dongcha.stations.measured import clock_facts
from dongcha.steps import Work
from dongcha.types import Row

NAMES = {MINILM: "all-MiniLM-L6-v2", "e5": "multilingual-e5-small", "gemma": "gemma-3-270m"}
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Job:
    """A data set, its task or none, what is read and how; `what` says it in English and Chinese.

    `columns` as in a recipe; `reads` is the column of the training file that is the corpus's text, where it is not the
    task's own; `per_label` is how many training rows of each label the task may learn from, else all.
    """

    name: str
    folder: str
    what: tuple[str, str]
    task: str | None
    method: str
    model: str = MINILM
    columns: Mapping[str, str] = field(default_factory=dict)
    reads: str | None = None
    per_label: int | None = None
    new_pieces: int = 0
    steps: int | str = "auto"

    def recipe(self, model: str, threads: int | str) -> Recipe:
        """Return the recipe, all `auto` but what the job says."""
        home = (DATA / self.folder).absolute()
        sources: dict[str, Any] = {name: str(home / f"{name}.jsonl") for name in SPLITS}
        rows = files.read_lines(home / "train.jsonl")
        if self.per_label is not None:
            sources["train"] = first_of_each(rows, self.columns.get("label", "label"), self.per_label)
        read = {} if self.reads is None else {"corpus": [{"text": row[self.reads]} for row in rows]}
        return Recipe(
            name=self.name,
            task=self.task,
            language=self.folder.rsplit("_", 1)[-1],
            model=model,
            seed=0,
            threads=threads,
            data=sources | {"columns": dict(self.columns), "allow_tiny": self.task == "classification"},
            pretrain={"method": self.method, "new_pieces": self.new_pieces, "steps": self.steps} | read,
        )


LAW = Job(
    "law-own",
    "law_text_zh",
    ("area of statutes, reads them", "法条领域，读法条"),
    "classification",
    "simcse",
    model="e5",
    columns={"label": "area"},
)
JOBS = (
    Job("medquad-alone", "medquad_faq_en", ("medical answers", "医学回答"), None, "mlm", columns={"text": "positive"}),
    Job(
        "medquad-kind",
        "medquad_faq_en",
        ("kind of medical question, reads the answers", "医学问题类型，读回答"),
        "classification",
        "mlm",
        columns={"text": "query", "label": "category"},
        reads="positive",
        per_label=5,
    ),
    Job(
        "medquad-found",
        "medquad_faq_en",
        ("medical answers found, reads the answers", "检索医学回答，读回答"),
        "retrieval",
        "simcse",
        reads="positive",
    ),
    Job(
        "medical-zh-found",
        "medical_faq_zh",
        ("medical answers found, reads the questions", "检索医学回答，读问题"),
        "retrieval",
        "simcse",
        model="e5",
        reads="query",
    ),
    Job(
        "phrasebank-few",
        "financial_phrasebank_en",
        ("mood of financial news, 30 labels each, reads all", "金融新闻情感，每类 30 条，读全部"),
        "classification",
        "mlm",
        reads="text",
        per_label=30,
    ),
    LAW,
    replace(
        LAW,
        name="law-grown",
        what=("area of statutes, reads them, 500 new pieces", "法条领域，读法条，新增 500 个词片"),
        reads="text",
        new_pieces=500,
    ),
    Job(
        "law-decoder", "law_text_zh", ("statutes, a decoder", "法条，解码器"), None, "causal", model="gemma", steps=200
    ),
    Job(
        "law-scratch",
        "law_text_zh",
        ("area of statutes, from scratch", "法条领域，从零训练"),
        "classification",
        "mlm",
        model="scratch",
        columns={"label": "area"},
        reads="text",
    ),
)


def first_of_each(rows: list[dict[str, Any]], label: str, count: int) -> list[dict[str, Any]]:
    """Return the first `count` rows of each label."""
    seen = Counter[str]()
    kept = []
    for row in rows:
        seen[row[label]] += 1
        if seen[row[label]] <= count:
            kept.append(row)
    return kept


def measure(job: Job, model: str, threads: int | str) -> dict[str, Any]:
    """Run a job to its end; return the table's figures with intervals, the verdicts, what the reading tells, checks."""
    with workspace(job.name) as folder:
        work = dongcha.run(job.recipe(model, threads), workspace=folder, until="checks")
        assert isinstance(work, Work)
        judged, told, read = work["evaluate"], work["pretrain"].told, work["corpus"].features
        shown = ("steps", "of", "best_step", "gain", "p_value", "word", "surprise", "seconds", "parameters", "grown")
        return {
            "metric": judged.main_metric,
            "table": [line_of(row, judged.main_metric) for row in judged.table],
            "told": {name: told[name] for name in shown if name in told},
            "rows": {name: len(dataset) for name, dataset in work["splits"].by_name.items()},
            "corpus_tokens": int(read.lengths.sum()),
            "checks": {check.name: check.status for check in work["checks"]},
            "clock": clock_facts(work),
            "machine": machine(work["placement"].threads),
        }


def line_of(row: Row, metric: str) -> dict[str, Any]:
    """Return a row of the table: its figure with its interval, and how it differs from the row it is held against."""
    line: dict[str, Any] = {"name": row.name, "figure": ends_of(row.metrics[metric])}
    if row.verdict is None:
        return line
    difference = ends_of(row.verdict.difference)
    return line | {"against": row.against, "difference": difference, "p_value": row.verdict.p_value}


HEAD = """# What further reading is worth / 继续预训练的价值

Made by `make bench SET=pretraining` ({runs} of {jobs} runs, {minutes:.0f} minutes on {threads} thread each; they go on
where they were stopped); the figures are in [pretraining](pretraining). One seed; recipes all `auto`; figures are of
the test rows with their 95 % intervals. "Before" is a linear layer on the frozen model, "pretrained" the same on the
model after reading, "after" the fine-tuned one; without a task the figure is the loss of masked words, where less is
better. In brackets the paired test against the row of before on the same rows.

由 `make bench SET=pretraining` 生成（{jobs} 项中已完成 {runs} 项，共 {minutes:.0f} 分钟，每项 {threads} 个线程；
可中断后继续），数值见 [pretraining](pretraining)。单一种子；配方全部 `auto`；数值取自测试行并附 95% 区间。
“训练前”为冻结模型加线性层，“预训练后”为阅读之后的模型加线性层，“训练后”为微调结果；没有任务时为被遮词的损失，
越小越好。括号内为在同样的行上与训练前的配对检验。

"""


COLUMNS = (
    "texts / 文本",
    "model, method / 模型与方法",
    "train / test",
    "metric / 指标",
    "before / 训练前",
    "pretrained / 预训练后",
    "after / 训练后",
    "general text / 通用文本",
    "own text / 自身文本",
    "steps, best / 步数与最佳",
    "min / 分钟",
)


def page(runs: Sequence[tuple[Job, Mapping[str, Any]]]) -> str:
    """Return the page of the runs that are over."""
    minutes = sum(run["clock"]["seconds"] for _, run in runs) / 60
    threads = runs[0][1]["machine"]["threads"] if runs else 1
    head = HEAD.format(runs=len(runs), jobs=len(JOBS), minutes=minutes, threads=threads)
    return head + table(COLUMNS, (line(job, run) for job, run in runs))


def line(job: Job, run: Mapping[str, Any]) -> str:
    """Return a job's line of the page."""
    by_name = {row["name"]: row for row in run["table"]}
    shown = ({"before", "before_reading"}, {"pretrained"}, {"after", "after_reading"})
    figures = [next((cell(by_name[name]) for name in by_name if name in names), "–") for names in shown]
    told = run["told"]
    surprises = [told["surprise"].get(name) for name in ("general", "validation")]
    moved = ["–" if found is None else f"{found[0]:.2f} → {found[1]:.2f}" for found in surprises]
    rows, model = run["rows"], NAMES.get(job.model, job.model)
    steps = f"{told['steps']}, {told.get('best_step', '–')}"
    cells = [" / ".join(job.what), f"{model}, `{job.method}`", f"{rows['train']:,} / {rows['test']:,}", run["metric"]]
    return f"| {' | '.join([*cells, *figures, *moved, steps, format(run['clock']['seconds'] / 60, '.0f')])} |"


def cell(row: Mapping[str, Any]) -> str:
    """Return a figure with its interval, and the paired test where there is one."""
    found = figure(row["figure"])
    return f"{found} ({difference(row['difference'], row['p_value'])})" if "difference" in row else found


BENCH = Bench({job.name: job for job in JOBS}, lambda job: job.model, measure, page, Path("docs/results/pretraining"))

if __name__ == "__main__":
    BENCH.main(__doc__)
