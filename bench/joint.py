"""Measure what one model for two tasks gives up against two models: intents and slots of SMP 2019, three seeds each.

    python -m bench.joint [--e5 FOLDER] [--only joint.0 intent.0 ...] [--threads N]

Recipes are all `auto`: the two tasks on one backbone, and each alone, on multilingual-e5-small in its Chinese and
English trim. The rows whose slots overlap (2 of 2,554) are left out, as tags cannot hold them. A run is kept in
docs/results/joint/ when it is over and not run again, and one that was stopped goes on from its last checkpoint
(runs/bench/); docs/results/joint.md is made from these files. All nine take about an hour on one core, by estimate;
the page says how long they took.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import dongcha
from bench._kept import workspace
from bench._machine import machine
from bench._runs import Bench
from bench._tables import difference, figure, table
from bench.quality import DATA, SEEDS, SHOWN, SPLITS, ends_of
from dongcha import files
from dongcha.config import Recipe
from dongcha.judge.intervals import interval
from dongcha.judge.paired import compare
from dongcha.metrics import CountMetric, Outcome
from dongcha.metrics._base import f1, mean_of
from dongcha.stations.measured import clock_facts
from dongcha.steps import Work
from dongcha.tasks._predict import columns_of, predict
from dongcha.types import Row

SET = "smp2019_intent_slots_zh"
MARGIN = 0.02  # which the joint model may give up at most
JOINT = "joint"


@dataclass(frozen=True)
class Part:
    """One of the two tasks: its kind, its columns, the metric it is judged by, and that metric of summed counts."""

    task: str
    columns: Mapping[str, str]
    metric: str
    value: Callable[[np.ndarray], np.ndarray]

    @property
    def judge(self) -> CountMetric:
        """The metric of outcomes that hold their counts as they are (rows, k)."""
        return CountMetric(name=self.metric, counts=_gold, value=self.value, row_scores=lambda o: _gold(o)[:, 0])


def _gold(outcome: Outcome) -> np.ndarray:
    return np.asarray(outcome.gold, dtype=np.float64)


PARTS = {
    "intent": Part("classification", {"label": "intent"}, "accuracy", mean_of),
    "slots": Part("tagging", {}, "f1", f1),
}
KINDS = (JOINT, *PARTS)
Job = tuple[str, int]  # a kind and a seed


def recipe(kind: str, model: str, seed: int, threads: int | str) -> Recipe:
    """Return the recipe of both tasks or of one."""
    data: dict[str, Any] = {name: apart(files.read_lines(DATA / SET / f"{name}.jsonl")) for name in SPLITS}
    data["allow_tiny"] = True  # one intent has a single row
    if kind == JOINT:
        tasks = [{"task": part.task, "name": name, "columns": dict(part.columns)} for name, part in PARTS.items()]
        given: dict[str, Any] = {"tasks": tasks}
    else:
        given, data["columns"] = {"task": PARTS[kind].task}, dict(PARTS[kind].columns)
    return Recipe(name=f"smp2019-{kind}", language="zh", model=model, seed=seed, threads=threads, data=data, **given)


def apart(rows: Sequence[Row | Any]) -> list[dict[str, Any]]:
    """Return the rows whose spans do not overlap."""
    kept = []
    for row in rows:
        spans = sorted(row["spans"], key=lambda span: int(span["start"]))
        if all(one["end"] <= other["start"] for one, other in pairwise(spans)):
            kept.append(row)
    return kept


def measure(job: Job, model: str, threads: int | str) -> dict[str, Any]:
    """Run a seed of a kind up to its proofs; return what each test row counts for each task, clock and checks."""
    kind, seed = job
    with workspace(f"smp2019-{kind}.{seed}") as folder:
        work = dongcha.run(recipe(kind, model, seed, threads), workspace=folder, until="checks")
        assert isinstance(work, Work)
        train = work["plan"].recipe.resolved()["train"]
        return {
            "counts": counts_of(work, kind),
            "train": {name: train[name] for name in SHOWN},
            "steps": work["train"].fitted.state.step,
            "best_step": work["train"].fitted.state.best_step,
            "checks": {check.name: check.status for check in work["checks"]},
            "rows": {name: len(dataset) for name, dataset in work["splits"].by_name.items()},
            "clock": clock_facts(work),
            "machine": machine(work["placement"].threads),
        }


def counts_of(work: Work, kind: str) -> dict[str, list[list[float]]]:
    """Return what each test row counts under each task's metric."""
    run = work["train"]
    dataset = work["splits"].by_name[work["splits"].tests[0]]
    rows = {column: dataset.column(column) for column in columns_of(run.task, dataset, gold=True)}
    outcome = run.task.outcome(rows, list(predict(run.task, run.model, dataset)))
    named = {name: f"{name}.{part.metric}" if kind == JOINT else part.metric for name, part in PARTS.items()}
    chosen = PARTS if kind == JOINT else (kind,)
    return {name: run.task.metrics[named[name]].counts(outcome).tolist() for name in chosen}


HEAD = """# One model for two tasks / 一个模型，两个任务

Made by `make bench SET=joint` ({runs} of {jobs} runs, {minutes:.0f} minutes on {threads} thread each; they go on where
they were stopped); the figures are in [joint](joint). Intents and slots of SMP 2019: {train:,} rows to train, {test}
test rows, multilingual-e5-small in its Chinese and English trim, seeds {seeds}, recipes all `auto`. In brackets 95 %
intervals over test rows, each row's counts averaged over seeds; the difference is the joint model's less the single
one's on the same rows and seeds. The bar: its lower end above -{margin}.

由 `make bench SET=joint` 生成（{jobs} 项中已完成 {runs} 项，共 {minutes:.0f} 分钟，每项 {threads} 个线程；
可中断后继续），数值见 [joint](joint)。SMP 2019 的意图与槽位：训练 {train:,} 行，测试 {test} 行，模型为裁剪到中英文的
multilingual-e5-small，种子 {seeds}，配方全部 `auto`。方括号为按测试行计算的 95% 区间，
每行先对种子取平均；差值为同样的行与种子上联合模型减去单任务模型。要求：下限高于 -{margin}。

"""
COLUMNS = ("task / 任务", "metric / 指标", "single / 单独", "joint / 联合", "difference / 差值", "bar / 要求")


def page(over: Sequence[tuple[Job, Mapping[str, Any]]]) -> str:
    """Return the page of the runs that are over: of the seeds that all three kinds have."""
    runs = dict(over)
    seeds = [seed for seed in SEEDS if all((kind, seed) in runs for kind in KINDS)]
    minutes = sum(run["clock"]["seconds"] for run in runs.values()) / 60
    one = next(iter(runs.values()))
    facts = {"train": one["rows"]["train"], "test": one["rows"]["test"], "threads": one["machine"]["threads"]}
    told = ", ".join(map(str, seeds)) or "–"
    head = HEAD.format(
        runs=len(runs), jobs=len(KINDS) * len(SEEDS), minutes=minutes, seeds=told, margin=MARGIN, **facts
    )
    return head + table(COLUMNS, (line(name, part, runs, seeds) for name, part in PARTS.items() if seeds))


def line(name: str, part: Part, runs: Mapping[Job, Mapping[str, Any]], seeds: Sequence[int]) -> str:
    """Return a task's line of the page."""
    single, joint = ([Outcome(runs[kind, seed]["counts"][name], None) for seed in seeds] for kind in (name, JOINT))
    verdict = compare(part.judge, single, joint, 0)
    shown = [figure(ends_of(interval(part.judge, side, 0))) for side in (single, joint)]
    shown.append(difference(ends_of(verdict.difference), verdict.p_value))
    bar = "met / 达到" if verdict.difference.low > -MARGIN else "**missed / 未达到**"
    return f"| {' | '.join([name, part.metric, *shown, bar])} |"


JOBS = {f"{kind}.{seed}": (kind, seed) for seed in SEEDS for kind in KINDS}
BENCH = Bench(JOBS, lambda job: "e5", measure, page, Path("docs/results/joint"))

if __name__ == "__main__":
    BENCH.main(__doc__)
