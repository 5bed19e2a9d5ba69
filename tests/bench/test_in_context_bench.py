"""The bench of answers by likelihood: rows at even steps, each job a recipe that holds, a page of what was there."""

import json

import pytest

from bench import in_context
from bench.in_context import JOBS, page, spaced

ROW = {"text": "a", "label": "b", "question": "c", "choices": ["d", "e"], "answer": 0}


@pytest.mark.parametrize(("count", "most", "kept"), [(10, 4, [0, 2, 5, 7]), (3, 4, [0, 1, 2]), (4, 4, [0, 1, 2, 3])])
def test_rows_are_taken_at_even_steps_and_none_twice(tmp_path, count, most, kept):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"at": at}) + "\n" for at in range(count)), encoding="utf-8")
    assert [row["at"] for row in spaced(path, most)] == kept


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_each_job_is_a_recipe_that_holds(job, tmp_path, monkeypatch):
    monkeypatch.setattr(in_context, "DATA", tmp_path)
    (tmp_path / job.folder).mkdir()
    for name in in_context.ROWS:
        (tmp_path / job.folder / f"{name}.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    found = job.recipe("gemma", 1)
    assert (found.name, found.task, found.adapt.method) == (job.name, job.task, "in_context")
    assert len({job.name for job in JOBS}) == len(JOBS)


def test_a_page_shows_what_was_there():
    table = [{"name": name, "figures": {"accuracy": [0.5, 0.25, 0.75]}} for name in ("majority", "in_context")]
    run = {"metric": "accuracy", "table": table, "rows": {"test": 40}, "machine": {"threads": 1}}
    text = page([(JOBS[1], run | {"clock": {"seconds": 90.0, "megabytes": 2048.0}})])
    assert (
        f"| {JOBS[1].folder} | 0 | no / 否 | accuracy | majority 0.500 | 0.500 [0.250, 0.750] | 40 | 2 | 2.0 |" in text
    )
