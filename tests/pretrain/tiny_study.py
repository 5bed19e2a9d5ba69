"""A study small enough to be killed at every step: a tiny encoder, a few texts."""

import hashlib

from transformers import AutoConfig

from dongcha.data.features import gather
from dongcha.loop import LoopSettings
from dongcha.loop.placement import place
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import Model
from dongcha.models.tokenizer import load_tokenizer
from dongcha.pretrain._study import Place, Study
from dongcha.registry import find
from dongcha.testing import tiny_rows
from dongcha.train.form import training_form
from dongcha.types import silent

TEXTS = [f"{row['text']}. the service in paris was bad. 我们在北京很好" for row in tiny_rows("classification", 24)]
STEPS, ALONE = 6, 3


def options_of(method, **more):
    known = find("pretrain", method).Options
    if "alone_steps" in known.model_fields:
        more = {"alone_steps": ALONE, **more}
    return known(**more)


def study_of(folder, home, method="mlm", watch=silent, **more):
    """Build a study of STEPS steps, looked at after every second one, saved after each."""
    module = find("pretrain", method)
    tokenizer = load_tokenizer(folder, AutoConfig.from_pretrained(folder))
    corpus = gather([module.encode(TEXTS, tokenizer, 0)])
    learner = module.build(folder, tokenizer, options_of(method), 1)
    spec = HeadSpec(name="sequence", num_outputs=2, loss="cross_entropy", labels=("bad", "good"))
    seen = Model(learner.module, tokenizer, spec, {})
    known = {"seed": 1, "epochs": STEPS, "batch_tokens": 200, "learning_rate": 3e-3, "head_learning_rate": 3e-3}
    known |= {"max_steps": STEPS, "validate_steps": 2, "patience": None, "checkpoint_seconds": -1.0}
    where = Place(place("cpu", 1), home, training_form, watch)
    return Study(folder, learner, seen, corpus, LoopSettings(**known | more), where)


def digest(module):
    """SHA-256 of all weights, in hex."""
    found = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
