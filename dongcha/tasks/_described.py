"""Say in words what a task's labels mean: descriptions by label, else the labels' own names, put into templates.

In: labels, what a recipe says of them, the language of the texts. Out: the texts of each label, in the labels' order,
and the linear layer that tells labels by them. Labels of two texts are told by how alike the texts are.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dongcha.config.near import nearest
from dongcha.data.features import Features
from dongcha.locale import say
from dongcha.models.described import SCALE, described_layer, directions
from dongcha.models.model import Model
from dongcha.models.probe import Probe, vectors_of
from dongcha.registry import find
from dongcha.tasks._base import Task

LABEL = "{label}"
LABELS_OF_LIKENESS = 2  # that it can tell apart
TEMPLATES = {"en": (LABEL, "This text is about {label}."), "zh": (LABEL, "这段文字是关于{label}的。")}


def as_label(value: Any) -> Any:
    """Take a number for the label that is written so."""
    return str(value) if type(value) is int else value


class ZeroShot(BaseModel):
    """How labels are told apart without training; shared by all that can do so."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    descriptions: dict[str, str | list[str]] = Field(
        default={}, description="label: one text or several; else its name"
    )
    templates: list[str] = Field([], description="texts with {label}, into which descriptions are put")
    by: Literal["similarity", "cloze"] = Field("similarity", description="embeddings, or words at a mask in a template")
    alike: Annotated[str | None, BeforeValidator(as_label)] = Field(
        None, description="pairs read apart: the label of two texts that say the same"
    )
    outside: float = Field(0.8, ge=0, lt=1, description="tagging: share of words taken to be in no span")
    calibrate: bool = Field(True, description="take off each label's mean over the unlabelled training texts")


def words_of(name: str) -> str:
    """Turn a label's name into words: `creditCard_lost` into "credit card lost"; other scripts stay as they are."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_/|+&-]+", " ", name)
    plain = re.sub(r"\s+", " ", parted).strip()
    return plain if plain.isupper() else plain.lower() or name


def words_of_all(names: Sequence[str]) -> list[str]:
    """Turn labels' names into words; those that would come out alike, as "-1" and "1", stay as they are."""
    words = [words_of(name) for name in names]
    shared = Counter(map(folded, words))
    return [name if shared[folded(word)] > 1 else word for name, word in zip(names, words, strict=True)]


def folded(words: str) -> str:
    """Return words as they are compared: most tokenizers read no case and no width of a blank."""
    return " ".join(words.casefold().split())


def alike(words: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Return the labels that others have the words of; `words` stand in the labels' order."""
    shared = Counter(map(folded, words))
    return [label for label, word in zip(labels, words, strict=True) if shared[folded(word)] > 1]


def texts_of(options: ZeroShot, labels: Sequence[str], language: str) -> list[list[str]]:
    """Return the texts of each label.

    Names go into the templates of their language; descriptions stand as they are, unless templates are given.
    """
    told = {label: [text] if isinstance(text, str) else text for label, text in options.descriptions.items()}
    templates = options.templates or ([LABEL] if told else TEMPLATES[language])
    own = [told[label] for label in labels] if told else [[word] for word in words_of_all(labels)]
    return [[template.replace(LABEL, text) for text in texts for template in templates] for texts in own]


def misfit(options: ZeroShot, labels: Sequence[str]) -> tuple[str, str] | None:
    """Return the option at fault and one sentence on it: a label unknown or without description, a template."""
    for label, text in options.descriptions.items():
        if label not in labels:
            return "descriptions", unknown_label(label, labels)
        if not text or not all(one.strip() for one in ([text] if isinstance(text, str) else text)):
            return "descriptions", say("stations.empty_description", label=label)
    missing = [label for label in labels if options.descriptions and label not in options.descriptions]
    if missing:
        return "descriptions", say("stations.undescribed", labels=", ".join(missing[:5]))
    if not options.descriptions and (same := alike(words_of_all(labels), labels)):
        return "descriptions", say("stations.alike_names", labels=", ".join(same[:5]))
    for template in options.templates if options.by == "similarity" else ():
        if LABEL not in template:
            return "templates", say("stations.template_without_label", template=template)
    return None


def unknown_label(label: str, labels: Sequence[str]) -> str:
    """Return one sentence on a label that the training rows have not, with the nearest that they have."""
    near = nearest(label, labels)
    key = "stations.unknown_label_near" if near else "stations.unknown_label"
    return say(key, label=label, near=near[0] if near else "", all=", ".join(labels))


MORE_OF_THE_SAME = 1e-3  # by which a word that goes on with a span is preferred to one that opens another


def misfit_of_pairs(options: ZeroShot, labels: Sequence[str]) -> tuple[str, str] | None:
    """Return the option at fault, and one sentence on it, where labels of pairs are told by how alike texts are."""
    if len(labels) != LABELS_OF_LIKENESS:
        return "alike", say("stations.alike_two", count=len(labels), labels=", ".join(labels[:5]))
    given = options.model_dump(exclude_defaults=True).keys() - {"alike", "calibrate"}
    if given:
        return min(given), say("stations.alike_alone")
    if options.alike is None:
        return "alike", say("stations.alike_which", labels=", ".join(labels))
    if options.alike not in labels:
        return "alike", unknown_label(options.alike, labels)
    return None


def layer_by_likeness(model: Model, task: Task, features: Features, options: ZeroShot) -> Probe:
    """Return the layer that says `alike` where the cosine of two texts is greater than it is in the mean of all rows.

    The rows' labels are not read. Without calibration, where it is greater than one half.
    """
    vectors = vectors_of(model, features)
    along = find("models.heads", task.head).directions(vectors.shape[1])
    least = float((vectors @ along.T).mean()) if options.calibrate and len(vectors) else SCALE / 2
    sign = np.where(np.array(task.labels) == options.alike, 0.5, -0.5)
    return Probe(sign[:, None] * along, -sign * least)


def layer_by_texts(model: Model, task: Task, features: Features, language: str, options: ZeroShot) -> Probe:
    """Return the linear layer of the labels' texts, calibrated on features whose labels are not read."""
    if options.alike is not None:
        return layer_by_likeness(model, task, features, options)
    along = directions(model, texts_of(options, task.labels, language))
    vectors = vectors_of(model, features)
    if task.head == "token":
        return by_word(along, vectors[np.asarray(features.tokens["word"]) >= 0], options)
    return described_layer(along, vectors, calibrate=options.calibrate)


def by_word(along_CH: np.ndarray, vectors_NH: np.ndarray, options: ZeroShot) -> Probe:
    """Return the layer of the BIO tags (O first): a word is outside unless some label stands out more than most words'.

    The bias of O is the quantile `outside` of the words' greatest output: so large a share of them ends outside.
    """
    plain = described_layer(along_CH, vectors_NH, calibrate=options.calibrate)
    best = plain(vectors_NH).max(axis=1)
    least = float(np.quantile(best, options.outside)) if len(best) else 0.0
    weight = np.repeat(plain.weight, 2, axis=0)
    bias = np.repeat(plain.bias, 2) + np.tile([0.0, MORE_OF_THE_SAME], len(plain.bias))
    return Probe(np.concatenate([np.zeros((1, weight.shape[1])), weight]), np.concatenate([[least], bias]))
