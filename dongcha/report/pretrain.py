"""Say what pretraining gained the task and what it forgot, in sentences for screen and page.

In: what the pretrain stage tells (`Pretrained.told`). Out: sentences in the language in force.
"""

from collections.abc import Mapping

from dongcha.locale import say
from dongcha.report.terms import term
from dongcha.types import Json

TEXTS_METRIC = "masked_loss"  # where texts held out judged, not the task


def looks_line(told: Mapping[str, Json]) -> str:
    """Return what each look said."""
    points = say("pretrain.comma").join(f"{step}: {score:.3f}" for step, score in told["scores"])
    return say("pretrain.read_looks" if told["metric"] == TEXTS_METRIC else "pretrain.looks", points=points)


def pretrain_lines(told: Mapping[str, Json]) -> list[str]:
    """Return the gain on validation rows, the surprise by texts, and texts of the corpus that are judged on too."""
    lines = [_gain(told)]
    for name, (before, after) in told.get("surprise", {}).items():
        texts = say(f"pretrain.on_{name}")
        lines.append(say("pretrain.surprise", texts=texts, before=before, after=after))
    if not told.get("surprise"):
        lines.append(say("pretrain.untold"))
    if told.get("repeated"):
        lines.append(say("pretrain.repeated", count=told["repeated"]))
    return lines


def _gain(told: Mapping[str, Json]) -> str:
    if "gain" not in told:
        return say("pretrain.unseen", steps=told["steps"])
    by_text = told["metric"] == TEXTS_METRIC
    if not told["best_step"]:
        return say("pretrain.read_no_gain" if by_text else "pretrain.no_gain", steps=told["steps"])
    gain, low, high = told["gain"]
    facts = {"gain": gain, "low": low, "high": high, "best": told["best_step"], "steps": told["steps"]}
    return say("pretrain.read_gain" if by_text else "pretrain.gain", **facts, metric=term("metric", told["metric"]))
