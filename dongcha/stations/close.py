"""Close a run: join all that it found into one Report, write it, mark the folder as finished."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from dongcha import files
from dongcha.config import Recipe, yaml_text
from dongcha.data.dataset import ROW
from dongcha.evaluate import Evaluation
from dongcha.locale import current_language, say
from dongcha.loop import Fitted
from dongcha.loop.state import State
from dongcha.report import read_report, write_report
from dongcha.stations.measured import clock_facts
from dongcha.stations.prepare import facts_of
from dongcha.stations.pretrain import MODEL
from dongcha.stations.prove import TrainedRun
from dongcha.stations.snippet import snippet
from dongcha.steps import Work
from dongcha.tasks._base import Task, Writes
from dongcha.tasks._predict import columns_of
from dongcha.train.train import looked_at
from dongcha.types import Report


def write(work: Work) -> Report:
    """Write the report of a run that learnt a task in its three forms, and the resolved recipe; return it."""
    run: TrainedRun = work["train"]
    judged: Evaluation = work["evaluate"] or Evaluation(main_metric=next(iter(run.task.metrics)), table=())
    found = Result(run.fitted, run.model.num_parameters, snippet(run.model, MODEL))
    return put_down(gather(work, judged, found), work)


def put_down(report: Report, work: Work) -> Report:
    """Write a report in its three forms and the resolved recipe; return it."""
    files.write_json(work.folder / "data.json", report.data)
    files.write_text(work.folder / "recipe.yaml", yaml_text(without_nulls(work["plan"].recipe.resolved())))
    write_report(report, work.folder)
    return report


def finish(work: Work) -> None:
    """Mark the run's folder as finished, last of all."""
    files.write_json(work.folder / files.DONE, {"hash": work.run_hash, "seconds": work["clock"].spent()})


def stands(folder: Path, recipe: Recipe) -> bool:
    """Tell whether a run is finished and its report lets as much of people's texts be seen as the recipe now does.

    What the report says of texts is not in the run's hash: a stricter or laxer recipe has the report written anew.
    """
    return files.is_done(folder) and read_report(folder).recipe.get("report") == recipe.resolved()["report"]


@dataclass(frozen=True)
class Result:
    """What a run's loop ended with: its state, the model's size, the lines that use it plainly."""

    fitted: Fitted
    parameters: int
    snippet: str


def gather(work: Work, judged: Evaluation, found: Result) -> Report:
    """Join the parts of a run into one value."""
    recipe: Recipe = work["plan"].recipe
    record = files.read_json(work.folder / "environment.json")
    return Report(
        name=recipe.name,
        task=recipe.task_name,
        language=recipe.language or current_language(),
        hash=work.run_hash,
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        folder=shown_folder(work),
        title=title(work, found.parameters),
        differs=work["recipe"].differs(),
        recipe=recipe.resolved(),
        data=facts_of(work),
        data_checks=work["data_checks"],
        main_metric=judged.main_metric,
        main_metrics=judged.main_metrics,
        table=judged.table,
        checks=work["checks"],
        samples=samples_of(work),
        now_right=judged.now_right,
        now_wrong=judged.now_wrong,
        hardest=judged.hardest,
        per_label=judged.per_label,
        confusion=judged.confusion,
        pretraining=work["pretrain"].told if "pretrain" in work else {},
        slices=judged.slices,
        calibration=judged.calibration,
        curves=curves(found.fitted.state, work["task"]),
        clock=clock(work, found),
        environment=record | {"snippet": found.snippet},
    )


def samples_of(work: Work) -> tuple[dict[str, Any], ...]:
    """Return the first training row as a model that writes reads it: the prompt, and what is to follow."""
    if not isinstance(work["task"], Writes):
        return ()
    written: Any = work["train"].task  # it knows its tokenizer, whose template a prompt may follow
    train = work["splits"].by_name["train"]
    row = train.rows([0])[0]
    prompt = written.texts({name: [row[name]] for name in columns_of(written, train, gold=False)})[0][0]
    return ({"row": row[ROW], "text": prompt, "gold": written.shown(row, prompt)},)


def shown_folder(work: Work) -> str:
    """Return the run's folder as a user would type it: relative to the recipe where it lies below it."""
    base = work["recipe"].folder
    return str(work.folder.relative_to(base) if work.folder.is_relative_to(base) else work.folder)


def title(work: Work, parameters: int) -> str:
    """Return model, size and device in one line."""
    name, placement = short_name(work["source"].name), work["placement"]
    facts = {"device": str(placement.device), "threads": placement.threads}
    return say("stations.title", model=name, millions=parameters / 1e6, **facts)


def short_name(model: str) -> str:
    """Return a package's name, or the last part of a folder's or a hub model's."""
    if model.startswith("package:"):
        return model.removeprefix("package:").split("/")[0]
    return PurePath(model).name or model


def curves(state: State, task: Task) -> dict[str, Any]:
    """Return the training curves as lists of [step, value], the main metric as it reads.

    Scores are kept so that more is better. A task that writes is scored by its loss, which has its own curve.
    """
    metric, sign = looked_at(task)
    named = {
        "loss": state.losses,
        "validation_loss": state.validation_losses,
        metric: [(step, sign * score) for step, score in state.scores],
        "learning_rate": state.rates,
    }
    return {name: [list(point) for point in points] for name, points in named.items() if points}


def clock(work: Work, found: Result) -> dict[str, Any]:
    """Return forecast beside fact, the limit and what it did, the load of the machine, and the time of each step.

    Forecast and fact are those that the proof compared; `planned_seconds` was forecast before the first step, for all
    of them. `seconds` are those of all attempts; `load` is the mean number of processes that wanted to run, over the
    last 1, 5 and 15 minutes; `cut` says how many steps a limit left, and why: planned before the first, or at the last.
    """
    compared: Mapping[str, Any] = next((one.figures for one in work["checks"] if one.name == "forecast_kept"), {})
    plan, state = work["plan"], found.fitted.state
    cut = {"steps": state.step, "of": found.fitted.total_steps, "at_the_end": state.out_of_time}
    return {
        **clock_facts(work),
        **compared,
        "planned_seconds": plan.seconds,
        "limit_seconds": work["clock"].limit,
        "cut": cut if state.out_of_time or plan.is_cut else None,
        "steps": [{"name": name, "seconds": round(spent, 3)} for name, spent in work.seconds.items()],
    }


def without_nulls(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the sections that are null: they say nothing, but for the task of a recipe that has none."""
    said = "task" if resolved["tasks"] is None else "tasks"
    return {key: part for key, part in resolved.items() if part is not None or key == said}
