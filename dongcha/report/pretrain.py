"""Say what pretraining gained the task and what it forgot, in sentences for screen and page.

In: what the pretrain stage tells (`Pretrained.told`). Out: sentences in the language in force.
"""

from collections.abc import Mapping

from dongcha.locale import say
from dongcha.locale.terms import term
from dongcha.types import Json

MASKED = "masked_loss"  # where a report does not say how texts were judged
WORDS = {MASKED: "read", "token_loss": "read", "answer_loss": "written"}  # losses that judged, not the task's metric


def looks_line(told: Mapping[str, Json]) -> str:
    """Return what each look said."""
    points = say("pretrain.comma").join(f"{step}: {score:.3f}" for step, score in told["scores"])
    return say(_key(told, "looks"), points=points, loss=term("metric", told["metric"]))


def _key(told: Mapping[str, Json], name: str) -> str:
    """Return the message of a name, in the words for who judged."""
    way = WORDS.get(told["metric"])
    return f"pretrain.{way}_{name}" if way else f"pretrain.{name}"


def pretrain_lines(told: Mapping[str, Json]) -> list[str]:
    """Return the gain on validation rows, the surprise by texts, and texts of the corpus that are judged on too."""
    lines = [grown_line(told["grown"])] if "grown" in told else []
    lines.append(_gain(told))
    for name, (before, after) in told.get("surprise", {}).items():
        texts = say(f"pretrain.on_{name}")
        loss = term("metric", told.get("surprise_by", MASKED))
        lines.append(say("pretrain.surprise", loss=loss, texts=texts, before=before, after=after))
    if not told.get("surprise"):
        lines.append(say("pretrain.untold"))
    if told.get("repeated"):
        lines.append(say("pretrain.repeated", count=told["repeated"]))
    return lines


def grown_line(grown: Mapping[str, Json]) -> str:
    """Return how many pieces the vocabulary got, the first of them, and how many fewer tokens its texts have."""
    before, after = grown["tokens"]
    facts = {"pieces": grown["pieces"], "first": say("pretrain.comma").join(grown["first"][:5])}
    return say("pretrain.grown", before=before, after=after, fewer=1 - after / max(1, before), **facts)


def _gain(told: Mapping[str, Json]) -> str:
    if "gain" not in told:
        return say("pretrain.unseen", steps=told["steps"])
    if not told["best_step"]:
        return say(_key(told, "no_gain"), steps=told["steps"])
    gain, low, high = told["gain"]
    facts = {"gain": gain, "low": low, "high": high, "best": told["best_step"], "steps": told["steps"]}
    return say(_key(told, "gain"), **facts, metric=term("metric", told["metric"]))
