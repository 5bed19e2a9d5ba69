"""Count personal data in the texts.

In: a View. Out: the check `personal`: counts by kind, never a value; examples show the texts with finds masked.
Names and addresses of people are not looked for. State: five examples.
"""

from collections import Counter

from dongcha.data.checks._base import NUM_EXAMPLES, View, short, split_order
from dongcha.data.rows import read_texts
from dongcha.locale import say
from dongcha.mask import find, mask_text
from dongcha.types import Check


def check(view: View) -> list[Check]:
    """Count what is found in all rows of all splits."""
    kinds: Counter[str] = Counter()
    by_split: dict[str, int] = {}
    examples: list[str] = []
    for name in split_order(view.splits):
        by_split[name] = 0
        for text in read_texts(view.splits[name], view.fields):
            found = find(text)
            by_split[name] += bool(found)
            kinds.update(span.label for span in found)
            if found and len(examples) < NUM_EXAMPLES:
                examples.append(short(mask_text(text[max(0, found[0].start - 20) :])))
    rows = sum(by_split.values())
    if not rows:
        return [Check("personal", "passed", say("data_checks.personal_none"))]
    listed = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
    return [
        Check(
            name="personal",
            status="warned",
            message=say("data_checks.personal", rows=rows, listed=listed),
            count=rows,
            examples=tuple(examples),
            fix=say("data_checks.personal_fix"),
            figures={"kinds": dict(kinds.most_common()), "rows": by_split},
        )
    ]
