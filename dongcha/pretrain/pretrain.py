"""Pretrain: train what is new alone, then all, as long as the task gains; say what was gained and what forgotten.

In: a study (a learner and what it learns on), eyes (a probe on the task's validation rows, or texts held out) or none,
general texts. Out: a folder that is a model like the one it came from, and figures. A run that is stopped goes on in
the same bits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dongcha.loop import Fitted, Validation
from dongcha.loop.clock import Budget
from dongcha.loop.proof import digest
from dongcha.metrics import Outcome
from dongcha.models.rewritten import learnt_weights, rewrite
from dongcha.pretrain import mlm
from dongcha.pretrain._base import Asks, Eyes
from dongcha.pretrain._study import Study
from dongcha.pretrain._surprise import General
from dongcha.types import Json


@dataclass(frozen=True)
class Pretrained:
    """A folder that is a model again, and what its pretraining has to tell (`told`, plain JSON).

    `weights` is the digest of what learnt, as it was in memory. `outcomes` holds what the model said of each of the
    general texts, before and after.
    """

    folder: Path
    told: Mapping[str, Json]
    fitted: Fitted
    weights: str
    outcomes: Mapping[str, tuple[Outcome, Outcome]]


def pretrain(
    study: Study, *, probe: Eyes | None, general: Mapping[str, General], target: Path, proves: bool = False
) -> Pretrained:
    """Pretrain and write the model to `target`; `general` are texts, by name, that it may come to know or forget.

    With a probe the best weights by it are kept, those of before among them; without one the last. `proves` takes the
    last two steps again, as a resume would.
    """
    module = study.learner.module
    study.place.placement.module(module)
    study.alone("alone")
    original = None if probe is None else probe.outcome(module)
    before = surprises(study, study.source, general, "before")
    fitted = _together(study, probe, original, proves)
    told = _course(fitted)
    if probe is not None and original is not None:
        told |= _gain(probe, original, module, fitted)
    rewrite(study.source, module.hf, target)
    weights = digest(learnt_weights(module.hf))
    unmoved = told.get("best_step") == 0
    after = before if unmoved else surprises(study, target, general, "after")
    told["surprise"] = {
        name: [float(texts.metric.figure(side[name])) for side in (before, after)] for name, texts in general.items()
    }
    if general:
        told["surprise_by"] = next(iter(general.values())).metric.name
    outcomes = {name: (before[name], after[name]) for name in general}
    return Pretrained(target, told, fitted, weights, outcomes)


def _together(study: Study, probe: Eyes | None, original: Outcome | None, proves: bool) -> Fitted:
    """Train all parameters, looked at by the probe; what the original scores is what must be bettered."""
    module = study.learner.module
    how: dict[str, Any] = {"proves": proves}
    if probe is not None and original is not None:
        how |= {"first": probe.score(original), "validate": _look(probe, module)}
    return study.fit(study.settings, frozenset(name for name, _ in module.named_parameters()), "steps", **how)


def _look(probe: Eyes, module: Any) -> Callable[[], Validation]:
    return lambda: probe.score(probe.outcome(module))


def surprises(study: Study, folder: Path, general: Mapping[str, General], name: str) -> dict[str, Outcome]:
    """Return how surprising texts are to a model: by the head that learns to guess, else by a new one trained alone.

    `folder` is where the model lies as it now is. A method that does not guess saves a backbone without the head that
    the model may have had, so that one is no measure of both. A new head starts from the same draw and sees the same
    masks each time, so two backbones differ by their own worth.
    """
    if not general:
        return {}
    reader = study.learner.module
    if not isinstance(study.learner.objective, Asks):
        learner = mlm.build(folder, study.seen.tokenizer, mlm.PLAIN, study.settings.seed, anew=True)
        reader = study.place.placement.module(learner.module)
        seen = replace(study.seen, module=reader)
        place = replace(study.place, budget=Budget())  # no limit ends it: the heads of before and after learn alike
        replace(study, source=folder, learner=learner, seen=seen, place=place).alone(f"head-{name}")
    return {text: found.outcome(reader) for text, found in general.items()}


def _course(fitted: Fitted) -> dict[str, Json]:
    """Return what the loop did."""
    state = fitted.state
    course = {"steps": state.step, "of": fitted.total_steps, "seconds": state.seconds, "early": state.stopped_early}
    return course | {"out_of_time": state.out_of_time, "losses": [list(point) for point in state.losses]}


def _gain(probe: Eyes, original: Outcome, module: Any, fitted: Fitted) -> dict[str, Json]:
    """Return what the eyes say of the kept weights against those of before."""
    state = fitted.state
    verdict = probe.compare(original, probe.outcome(module))
    sign = 1 if probe.metric.greater_is_better else -1
    return {
        "best_step": state.best_step,
        "metric": probe.metric.name,
        "scores": [[step, sign * score] for step, score in state.scores],
        "gain": [verdict.difference.value, verdict.difference.low, verdict.difference.high],
        "p_value": verdict.p_value,
        "word": verdict.word,
    }
