"""Prompts of tasks that write: cut alike where they are learnt, judged and answered later."""

import numpy as np
import pytest

import dongcha
from dongcha import Recipe
from dongcha.testing import tiny_writer

TRAIN = {"epochs": 1, "batch_tokens": 200}


@pytest.mark.parametrize("answer", ["a" * 100, "a"])  # more, and less, than a quarter of the room
def test_prompts_are_cut_alike_before_and_after_the_room_of_answers_is_known(tmp_path, answer):
    rows = [{"source": f"{i:02d}" + "b" * (20 + 5 * i), "target": answer} for i in range(36)]
    data = {"train": rows, "split": {"validation": 0.2, "test": 0.2}, "max_tokens": 200}
    model = str(tiny_writer(tmp_path / "writer", max_tokens=400))
    work = dongcha.run(Recipe(task="translation", model=model, data=data, train=TRAIN, folder=tmp_path), until="train")
    learnt = work["features"]["test"]
    run, dataset = work["train"], work["splits"].by_name["test"]
    columns = {name: dataset.column(name) for name in ("source", "target")}
    assert len({*learnt.lengths.tolist()}) > 1 and learnt.facts["cut_rows"] > 0
    again = run.task.encode(columns, run.model.tokenizer, 0)
    assert np.array_equal(np.asarray(again.tokens["input_ids"]), np.asarray(learnt.tokens["input_ids"]))
    saved = dongcha.load(work.folder)
    asked = saved.task.encode({"source": columns["source"]}, saved.model.tokenizer, 0)
    assert asked.facts["cut_rows"] == learnt.facts["cut_rows"]
