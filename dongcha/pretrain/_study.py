"""Run the loop for a learner: its new parts alone, or all of it; what each stretch keeps lies in a folder of its own.

In: a learner, its corpus, the loop's settings, a place. Out: the module trained, the loop's state.
"""

import math
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from dongcha import files
from dongcha.data.features import Features
from dongcha.data.plan import plan_epoch
from dongcha.loop import Fitted, LoopSettings, fit
from dongcha.loop.clock import Budget
from dongcha.loop.journal import Journal
from dongcha.loop.placement import Placement
from dongcha.models.adapted import Adapted
from dongcha.models.anatomy import without_decay
from dongcha.models.model import Model
from dongcha.pretrain._base import Learner
from dongcha.types import Watch, silent

Form = Callable[[Adapted, Features, LoopSettings], AbstractContextManager[tuple[str, ...]]]
ALONE_RATE = 1e-3  # of new parts, while they train alone
NEW = "new.safetensors"


@dataclass(frozen=True)
class Place:
    """Where a pretraining computes and keeps what it needs to go on; `form` puts a model into its quicker form."""

    placement: Placement
    folder: Path
    form: Form
    watch: Watch = silent
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True)
class Study:
    """A learner that came from the folder `source`, and what it learns on; `seen` holds its module for those who look.

    `seen` is a Model of the learner's module: the tokenizer that made the corpus is in it.
    """

    source: Path
    learner: Learner
    seen: Model
    corpus: Features
    settings: LoopSettings
    place: Place

    def alone(self, name: str) -> None:
        """Train what is new, the backbone as it is; what comes of it is kept under `name` and not done again."""
        module, home = self.learner.module, self.place.folder / name
        if not self.learner.alone_steps:
            return
        if not files.is_done(home):
            self.place.watch("pretrain_alone", steps=self.learner.alone_steps)
            self.fit(self._alone_settings(), module.new, f"{name}-steps")
            with files.new_folder(home) as new:
                named = dict(module.named_parameters())
                save_file({name: named[name].detach().cpu().contiguous() for name in module.new}, new / NEW)
            shutil.rmtree(self.place.folder / f"{name}-steps", ignore_errors=True)
        module.load_state_dict(load_file(home / NEW), strict=False)

    def _alone_settings(self) -> LoopSettings:
        steps, chosen = self.learner.alone_steps, self.settings
        per_pass = len(plan_epoch(self.corpus.lengths, chosen.batch_tokens, chosen.seed, 0))
        alone = replace(chosen, learning_rate=ALONE_RATE, head_learning_rate=ALONE_RATE)
        return replace(alone, max_steps=steps, epochs=passes_for(steps, per_pass), validate_steps=None, patience=None)

    def fit(self, settings: LoopSettings, trained: frozenset[str], name: str, **how: Any) -> Fitted:
        """Run the loop on the parameters named `trained`; checkpoints and events go below the place's folder."""
        module, place = self.learner.module, self.place
        for parameter_name, parameter in module.named_parameters():
            parameter.requires_grad_(parameter_name in trained)
        names = tuple(n for n, _ in module.named_parameters() if n in trained)
        adapted = Adapted(self.seen, names, frozenset(module.new))
        files.make_folder(place.folder)
        with place.form(adapted, self.corpus, settings) as beside:
            return fit(
                module=module,
                groups=groups_of(adapted, settings, beside),
                objective=self.learner.objective,
                train=self.corpus,
                pad_id=self.seen.tokenizer.pad_id,
                settings=settings,
                placement=place.placement,
                folder=place.folder / name,
                watch=place.watch,
                journal=Journal(place.folder / f"{name}.jsonl"),
                budget=place.budget,
                **({"validate": None} | how),
            )


def passes_for(steps: int, per_pass: int) -> int:
    """Return passes that hold so many steps; they differ by a batch or so, hence one to spare."""
    return math.ceil(steps / max(1, per_pass)) + 1


def groups_of(adapted: Adapted, settings: LoopSettings, beside: tuple[str, ...]) -> list[dict[str, Any]]:
    """Sort what trains by decay: none on biases and norms; `beside` goes with the embedding table, which decays."""
    module = adapted.model.module
    spared = without_decay(module) - set(beside)
    named = dict(module.named_parameters())
    sides: dict[float, list[Any]] = {0.0: [], settings.weight_decay: []}
    for name in (*adapted.trained, *beside):
        sides[0.0 if name in spared else settings.weight_decay].append(named[name])
    return [
        {"params": side, "lr": settings.learning_rate, "weight_decay": decay} for decay, side in sides.items() if side
    ]
