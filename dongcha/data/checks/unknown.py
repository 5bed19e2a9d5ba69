"""Measure what of the texts the tokeniser does not know.

In: a View with `encode` and `unknown_id`, on a sample. Out: the check `unknown`: the share of unknown tokens, the rows
with most, and the characters that are unknown by themselves (on up to `MOST_CHARACTERS` of them).
"""

from collections import Counter

from dongcha.data.checks._base import NUM_EXAMPLES, View, short, skipped, split_order
from dongcha.locale import say
from dongcha.types import Check, Json

HIGH = 0.01  # share of unknown tokens above which the model misses what is said
MOST_CHARACTERS = 2000


def check(view: View) -> list[Check]:
    """Count the unknown tokens by split."""
    if view.encode is None or view.unknown_id is None:
        key = "data_checks.unknown_no_model" if view.encode is None else "data_checks.unknown_none_possible"
        return [skipped("unknown", say(key))]
    figures: dict[str, Json] = {}
    worst: list[tuple[float, str]] = []
    for name in split_order(view.splits):
        texts = view.sampled_texts(name)
        encoded = view.encode(texts) if texts else []
        unknown = [ids.count(view.unknown_id) for ids in encoded]
        tokens = sum(map(len, encoded))
        figures[name] = {"tokens": tokens, "unknown": sum(unknown), "sampled": len(texts)}
        figures[name]["share"] = sum(unknown) / max(1, tokens)
        worst += [(num / len(ids), text) for num, ids, text in zip(unknown, encoded, texts, strict=True) if num]
    share = sum(f["unknown"] for f in figures.values()) / max(1, sum(f["tokens"] for f in figures.values()))
    note = view.sampled_note()
    if not worst:
        return [Check("unknown", "passed", say("data_checks.unknown_zero", note=note), figures=figures)]
    worst.sort(key=lambda item: -item[0])
    characters = _unknown_characters(view, [text for _, text in worst])
    figures = {"share": share, "characters": characters, "splits": figures}
    listed = say("data_checks.unknown_characters", characters=" ".join(characters[:10])) if characters else ""
    return [
        Check(
            name="unknown",
            status="warned" if share > HIGH else "passed",
            message=say("data_checks.unknown", share=share, rows=len(worst), listed=listed, note=note),
            count=len(worst),
            examples=tuple(short(text) for _, text in worst[:NUM_EXAMPLES]),
            fix=say("data_checks.unknown_fix") if share > HIGH else "",
            figures=figures,
        )
    ]


def _unknown_characters(view: View, texts: list[str]) -> list[str]:
    """Return the characters of these texts that become the unknown token when alone, most frequent first."""
    counts = Counter(character for text in texts for character in text if not character.isspace())
    characters = [character for character, _ in counts.most_common(MOST_CHARACTERS)]
    encoded = view.encode(characters) if view.encode and characters else []
    return [c for c, ids in zip(characters, encoded, strict=True) if view.unknown_id in ids]
