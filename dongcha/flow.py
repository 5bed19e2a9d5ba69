"""Lay out a run on one page: the steps in order, each one verb of a part or a stage. No logic lives here.

In: a recipe. Out: a Report, and a run folder that holds all of it.
"""

import shutil
from pathlib import Path

from dongcha import files, stations
from dongcha.config import Recipe
from dongcha.locale import speaking
from dongcha.loop.memory import memory_errors
from dongcha.report import read_report
from dongcha.steps import TOOK_TIME, Step, Work, known_step, run_steps
from dongcha.types import Report, Watch, silent

PREPARE = (
    Step("task", stations.learn_task, ("splits",)),
    Step("model", stations.build_model, ("task", "source")),
    Step("features", stations.encode_splits, ("task", "model", "splits")),
    Step("data_checks", stations.check_data, ("features",), stations.KEPT_CHECKS),
    Step("plan", stations.decide_and_forecast, ("features",), stations.KEPT_PLAN),
)
CORPUS = (
    Step("corpus", stations.encode_corpus, ("model",)),
    Step("held_out", stations.hold_out, ("corpus",)),
)
FROZEN = (
    Step("before", stations.predict_before, ("features",), stations.KEPT_BEFORE),
    Step("baselines", stations.predict_baselines, ("splits", "task"), stations.KEPT_PREDICTIONS),
)
PRETRAIN = (  # only where the recipe asks for it
    Step("pretrain", stations.pretrain_model, ("plan", "corpus"), stations.KEPT_PRETRAINED),
    Step("start", stations.start_model, ("pretrain",)),
    Step("pretrained", stations.predict_pretrained, ("start",), stations.KEPT_BEFORE),
)
PROVE = (
    Step("train", stations.train_model, ("plan", "before"), stations.KEPT_TRAINED),
    Step("after", stations.predict_after, ("train",)),
    Step("evaluate", stations.evaluate_candidates, ("before", "baselines", "after")),
    Step("checks", stations.prove, ("train", "data_checks")),
    Step("report", stations.write, ("evaluate", "checks")),
)
PREPARE_READING = (  # without a task
    *PREPARE[:2],
    *CORPUS,
    Step("features", stations.encode_texts, ("corpus",)),
    PREPARE[3],
    Step("plan", stations.plan_reading, ("features",), stations.KEPT_READING),
)
READ = (
    *PREPARE_READING,
    PRETRAIN[0],
    Step("evaluate", stations.judge_reading, ("pretrain",)),
    Step("checks", stations.prove_reading, ("pretrain", "data_checks")),
    Step("report", stations.write_reading, ("evaluate", "checks")),
)
ENOUGH = Step("enough_rows", stations.refuse_tiny_classes, ("task",))  # `check` tells of it and goes on
STEPS = (PREPARE[0], ENOUGH, *PREPARE[1:], *FROZEN, *PROVE)


def steps_of(recipe: Recipe) -> tuple[Step, ...]:
    """Return the steps of a recipe in order: those of every run, and those of what it asks for beside."""
    if recipe.reads_only:
        return READ
    if recipe.pretrain is None:
        return STEPS
    return (PREPARE[0], ENOUGH, *PREPARE[1:-1], *CORPUS, PREPARE[-1], *FROZEN, *PRETRAIN, *PROVE)


def steps_to_check(recipe: Recipe) -> tuple[Step, ...]:
    """Return the steps that prepare a recipe's run."""
    if recipe.reads_only:
        return PREPARE_READING
    return PREPARE if recipe.pretrain is None else (*PREPARE[:-1], *CORPUS, PREPARE[-1])


def run(
    recipe: Recipe,
    *,
    workspace: Path | str | None = None,
    watch: Watch = silent,
    fresh: bool = False,
    until: str | None = None,
    spent: float = 0.0,
) -> Report | Work:
    """Run a recipe and return its report; a run that was already finished is read, not run again.

    `workspace` is the folder that holds `runs/`, else the recipe's own. `fresh` starts anew. `until` stops after the
    named step and returns the work so far. `spent` are the seconds that the command took before this call.
    """
    with speaking(recipe.language):
        steps = steps_of(recipe)
        until = known_step(steps, until)
        start = stations.begin(recipe, None if workspace is None else Path(workspace), watch, spent=spent)
        folder = start.folder
        with files.lock(folder) as left, stations.leaving_nothing(folder):
            if left:
                watch("taken_over", pid=left[0], since=left[1])
            if fresh:
                stations.clear(folder)
            elif until is None and stations.stands(folder, recipe):
                watch("already_done", folder=str(folder))
                return read_report(folder)
            with start["clock"].counting(folder, TOOK_TIME), memory_errors():
                work = run_steps(steps, start, until)
                if until is not None and until != steps[-1].name:
                    return work
                stations.finish(work)
            report: Report = work["report"]
            return report


def check(recipe: Recipe, *, watch: Watch = silent, deep: bool = False) -> Work:
    """Read, check and forecast; train nothing and leave nothing but the cache."""
    with speaking(recipe.language):
        start = stations.begin(recipe, None, watch, keep=False, deep=deep)
        try:
            with memory_errors():
                return run_steps(steps_to_check(recipe), start)
        finally:
            shutil.rmtree(start.folder, ignore_errors=True)


def load(folder: Path | str, unsure_below: float | None = None) -> stations.Predictor:
    """Load a run's model (the run's folder, or its model/) as something that predicts."""
    return stations.load_predictor(Path(folder), unsure_below)


def load_open_book(
    folder: Path | str,
    library: Path | str,
    unsure_below: float | None = None,
    *,
    passages: int = 5,
    embedder: Path | str | None = None,
) -> stations.OpenBook:
    """Load a run of task qa with the folder of an index, in which it finds the `passages` it reads for a question.

    `embedder` says where the model that made the index is, where it has moved since.
    """
    return stations.load_open_book(
        Path(folder), Path(library), passages=passages, unsure_below=unsure_below, embedder=embedder
    )


def load_triples(
    tagger: Path | str, relations: Path | str, *, max_pairs: int = stations.MAX_PAIRS, min_score: float = 0.0
) -> stations.TripleFinder:
    """Load a run of tagging and a run of relation as one that finds triples in texts."""
    return stations.load_triples(Path(tagger), Path(relations), max_pairs=max_pairs, min_score=min_score)


def score_triples(finder: stations.TripleFinder, file: Path | str) -> stations.TripleScores:
    """Find the triples of a file's texts and score them by its own head, tail and label, beside each model alone."""
    return stations.score_triples(finder, str(file))
