"""Run a recipe that learns no task: plan the reading, judge it by texts held out, prove and report what was written.

In: the work with the corpus, which is the training texts, and a `Pretrained`. Out: a plan that is kept, an Evaluation,
proofs, a Report. What is read, and how, is the same as before a task (`pretrain`, `pretrain_plan`).
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from dongcha import files
from dongcha.checks import Evidence, run_checks
from dongcha.config import Recipe
from dongcha.data.features import Features, gather
from dongcha.evaluate import Candidate, Evaluation, compared
from dongcha.judge.intervals import interval
from dongcha.locale import say
from dongcha.metrics import Outcome
from dongcha.pretrain import Pretrained
from dongcha.stations.close import Result, put_down
from dongcha.stations.close import gather as gather_report
from dongcha.stations.measured import clock_facts, line_of_test, size_megabytes
from dongcha.stations.plan import JUDGE_SECONDS_A_ROW, MARGIN_SECONDS, PROOF_SECONDS, REPORT_SECONDS, SLACK
from dongcha.stations.prepare import tell_data
from dongcha.stations.pretrain import (
    MODEL,
    asking,
    chosen_for,
    eyes_of,
    key_of_test,
    learner_of,
    tell_pretrained,
)
from dongcha.stations.pretrain_plan import PretrainPlan, plan_pretraining
from dongcha.stations.prove import facts_to_record, record
from dongcha.stations.snippet import reading_snippet
from dongcha.steps import CHECKPOINTS, Kept, Work
from dongcha.tasks._base import Task
from dongcha.tasks._predict import encode
from dongcha.train.forecast import peak_megabytes
from dongcha.types import Check, Report, Row

BEFORE, AFTER, UNIGRAM = "before", "after", "unigram"
SHOWN_AS = {BEFORE: "before_reading", AFTER: "after_reading"}  # what the table calls them


@dataclass(frozen=True)
class ReadingPlan:
    """What was decided before step 1: the recipe without `auto`, the course of the reading, the forecast, remarks."""

    recipe: Recipe
    pretraining: PretrainPlan
    seconds: float
    after: float
    remarks: tuple[str, ...]
    chosen: Mapping[str, Any]

    @property
    def reserve_of_reading(self) -> float:
        """Return the seconds that must be left for what follows the reading."""
        return SLACK * self.after + MARGIN_SECONDS

    @property
    def forecast(self) -> PretrainPlan:
        """Return what knows the peak of memory."""
        return self.pretraining

    @property
    def is_cut(self) -> bool:
        """Tell whether a limit left fewer steps than there would have been."""
        return self.pretraining.steps < int(self.recipe.resolved()["pretrain"]["steps"])


def encode_texts(work: Work) -> dict[str, Features]:
    """Tokenise the texts held out; those of train are the corpus, and its blocks their features."""
    task, model = work["task"], work["model"]
    held_out = {name: rows for name, rows in work["splits"].by_name.items() if name != "train"}
    return {"train": work["corpus"].features} | {n: gather(encode(task, model, rows)) for n, rows in held_out.items()}


def plan_reading(work: Work) -> ReadingPlan:
    """Tell what the data is, turn every `auto` into a number, time a few steps, cut them to the limit."""
    tell_data(work)
    chosen = chosen_for(work)
    recipe = work["recipe"].replace(chosen) if chosen else work["recipe"]
    judged = sum(len(work["splits"].by_name[name]) for name in work["splits"].tests)
    after = PROOF_SECONDS + JUDGE_SECONDS_A_ROW * judged + REPORT_SECONDS
    course = plan_pretraining(work, recipe, None, work["clock"].left() - SLACK * after - MARGIN_SECONDS)
    seconds = work["clock"].spent() + course.total + after
    plan = ReadingPlan(recipe, course, seconds, after, (), chosen)
    return tell(replace(plan, remarks=remarks_of(plan)), work)


def remarks_of(plan: ReadingPlan) -> tuple[str, ...]:
    """Say what a user of this recipe should know before it runs."""
    found = [] if isinstance(plan.recipe.model, str) else [say("pretrain.new")]
    if plan.is_cut:
        found.append(say("stations.shortened", minutes=plan.recipe.time_limit, steps=plan.pretraining.steps))
    return tuple(found)


def tell(plan: ReadingPlan, work: Work) -> ReadingPlan:
    """Tell what the run will cost, and what should be remarked on."""
    work.watch("forecast", seconds=plan.seconds, megabytes=plan.pretraining.megabytes, remarks=list(plan.remarks))
    return plan


def judge_reading(work: Work) -> Evaluation | None:
    """Judge the model before and after on the texts of the test set, beside a guess by frequency alone."""
    tell_pretrained(work)
    read: Pretrained = work["pretrain"]
    tests = [name for name in work["splits"].tests if key_of_test(name) in read.outcomes]
    task, seed = work["task"], work["recipe"].seed
    main = next(iter(task.metrics.values()))
    if not tests:
        return None
    before, after = read.outcomes[key_of_test(tests[0])]
    outcomes = {UNIGRAM: by_frequency(work, tests[0]), BEFORE: before, AFTER: after}
    size = size_megabytes(read.folder)
    cost = {"seconds": read.fitted.state.seconds, "megabytes": peak_megabytes(), "size_megabytes": size}
    candidates = [Candidate(UNIGRAM, ()), Candidate(BEFORE, ()), Candidate(AFTER, (), **cost)]
    table = tuple(map(renamed, compared(task, candidates, outcomes, {AFTER: BEFORE}, seed)))
    slices = tuple(slice_of(task, name, *read.outcomes[key_of_test(name)], seed) for name in tests[1:])
    return Evaluation(main_metric=main.name, table=table, slices=slices)


def by_frequency(work: Work, name: str) -> Outcome:
    """Let the corpus's counts of pieces guess the same tokens."""
    frequencies = asking(work).by_frequency(work["corpus"].features, work["model"].tokenizer.raw.get_vocab_size())
    found: Outcome = work["held_out"][key_of_test(name)].outcome(work["placement"].module(frequencies))
    return found


def renamed(row: Row) -> Row:
    """Call a row what it is where no task was learnt."""
    return replace(row, name=SHOWN_AS.get(row.name, row.name), against=SHOWN_AS.get(row.against, row.against))


def slice_of(task: Task, name: str, before: Outcome, after: Outcome, seed: int) -> dict[str, Any]:
    """Return before and after on a further test set."""
    figure = partial(interval, next(iter(task.metrics.values())), seed=seed)
    return line_of_test(name, len(after), {BEFORE: figure(before), AFTER: figure(after)})


def prove_reading(work: Work) -> tuple[Check, ...]:
    """Write the run's record and run the proofs that need no task."""
    record(work)
    read: Pretrained = work["pretrain"]
    evidence = Evidence(
        folder=work.folder,
        model_folder=read.folder,
        model=work["model"],
        task=work["task"],
        splits=work["splits"],
        features=work["features"],
        fitted=read.fitted,
        rescored=rescored(work),
        data_checks=work["data_checks"],
        resolved=work["plan"].recipe.resolved(),
        record=facts_to_record(work),
        clock=partial(clock_facts, work),
        pretrained=read,
    )
    checks = run_checks(evidence)
    shutil.rmtree(work.folder / CHECKPOINTS, ignore_errors=True)
    return checks


def rescored(work: Work) -> float | None:
    """Load what was written and let the texts of validation judge it again; None where they did not judge."""
    eyes = eyes_of(work)
    if eyes is None:
        return None
    module = learner_of(work, work["recipe"], work["pretrain"].folder).module
    return eyes.score(eyes.outcome(module)).score


def write_reading(work: Work) -> Report:
    """Write the report in its three forms and the resolved recipe; return it."""
    read: Pretrained = work["pretrain"]
    judged = work["evaluate"] or Evaluation(main_metric=next(iter(work["task"].metrics)), table=())
    lines = reading_snippet(read.folder, MODEL)
    found = Result(read.fitted, int(read.told["parameters"]), lines)
    return put_down(gather_report(work, judged, found), work)


def _write(plan: ReadingPlan, folder: Path) -> None:
    told = {"seconds": plan.seconds, "after": plan.after, "remarks": list(plan.remarks), "chosen": dict(plan.chosen)}
    files.write_json(folder / "plan.json", told | {"pretraining": asdict(plan.pretraining)})


def _read(folder: Path, work: Work) -> ReadingPlan:
    found = files.read_json(folder / "plan.json")
    recipe = work["recipe"].replace(found["chosen"]) if found["chosen"] else work["recipe"]
    course = PretrainPlan(**found["pretraining"])
    plan = ReadingPlan(recipe, course, found["seconds"], found["after"], tuple(found["remarks"]), found["chosen"])
    tell_data(work)
    return tell(plan, work)


KEPT_READING = Kept(_write, _read)
