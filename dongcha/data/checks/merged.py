"""Say what became of rows of relations that were read as rows of tagging; nothing where no data set was read so.

In: a View. Out: the check `merged`: rows of one text that became one, and entities that were left out because they
overlap a longer one, which tags cannot say. Counted by file, whatever splits were cut from it.
"""

from dongcha.data.checks._base import View, split_order
from dongcha.data.load import notes
from dongcha.locale import say
from dongcha.types import Check, Json


def check(view: View) -> list[Check]:
    """Read the notes of each file that a split stands in."""
    figures: dict[str, Json] = {}
    clauses = []
    for name in split_order(view.splits):
        found = notes(view.splits[name])
        if name not in view.made_splits and "merged_rows" in found:
            facts = {"rows": found["rows"], "merged": found["merged_rows"], "left_out": found["overlapping_spans"]}
            figures[name] = facts
            clauses.append(say("data_checks.merged_clause", split=name, **facts))
    if not figures:
        return []
    left_out = sum(facts["left_out"] for facts in figures.values())
    message = say("data_checks.merged", clauses=say("data_checks.and").join(clauses))
    fix = say("data_checks.merged_fix") if left_out else ""
    return [Check("merged", "warned" if left_out else "passed", message, count=left_out, fix=fix, figures=figures)]
