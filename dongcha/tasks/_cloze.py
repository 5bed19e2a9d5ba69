"""Set a cloze head: the words of each label at the mask, calibrated on texts whose labels are not read.

Descriptions are the words here, templates hold one text with {text} and {mask}.
"""

from collections.abc import Sequence

import numpy as np
import torch

from dongcha.data.features import Features
from dongcha.locale import say
from dongcha.models.heads.cloze import MASK, NO_PIECE, TEXT
from dongcha.models.model import Model
from dongcha.tasks._described import ZeroShot, words_of_all
from dongcha.tasks._predict import lay_flat

TEMPLATES = {"en": "{text} This text is about {mask}.", "zh": "{text} 这段文字是关于{mask}的。"}


def template_of(options: ZeroShot, labels: Sequence[str]) -> str:
    """Return the template of a cloze; without one, that of the language that its words are in."""
    words = "".join(word for own in words_by_label(options, labels) for word in own)
    language = "zh" if any("\u4e00" <= c <= "\u9fff" for c in words) else "en"
    return options.templates[0] if options.templates else TEMPLATES[language]


def misfit_of_cloze(options: ZeroShot) -> tuple[str, str] | None:
    """Return the option and one sentence, where no cloze can be read from the templates."""
    fits = all(t.count(TEXT) == 1 and t.count(MASK) == 1 for t in options.templates)
    return None if fits and len(options.templates) <= 1 else ("templates", say("stations.cloze_template"))


def words_by_label(options: ZeroShot, labels: Sequence[str]) -> list[list[str]]:
    """Return the words of each label: what describes it, else its own name."""
    told = {label: [text] if isinstance(text, str) else text for label, text in options.descriptions.items()}
    return [told[label] for label in labels] if told else [[word] for word in words_of_all(labels)]


def set_words(model: Model, labels: Sequence[str], features: Features, options: ZeroShot) -> None:
    """Give the head its words, and a bias that makes each label's mean over the features the same."""
    by_label = words_by_label(options, labels)
    opening = model.module.opening(model.tokenizer)
    flat = [word if word.startswith(opening) else opening + word for own in by_label for word in own]
    ids = [found.ids for found in model.tokenizer.raw.encode_batch(flat, add_special_tokens=False)]
    widest = max(len(own) for own in ids)
    pieces = torch.tensor([[*own, *[NO_PIECE] * (widest - len(own))] for own in ids], device=model.device)
    label = torch.repeat_interleave(torch.arange(len(labels)), torch.tensor([len(own) for own in by_label]))
    model.module.words(pieces, label.to(model.device), torch.zeros(len(labels), device=model.device))
    if options.calibrate and len(features):
        means = lay_flat(features, model.logits(features)).astype(np.float64).mean(axis=0)
        model.module.bias.copy_(torch.from_numpy(-means))
