"""Beginning a run: what names its folder, and what a refusal leaves behind."""

import shutil

import pytest
from finished_runs import FAST, SPLIT

from dongcha import Recipe, files, stations
from dongcha.errors import MachineError, RecipeError, UserError
from dongcha.steps import LOG
from dongcha.testing import tiny_encoder, tiny_rows
from dongcha.types import silent

ROWS = tiny_rows("classification", 40)


def begun(folder, pretrained, rows=ROWS, **more):
    known = {"task": "classification", "data": {"train": rows, "split": SPLIT}, "model": str(pretrained)}
    sections = {**FAST, **known, **more}
    return stations.begin(Recipe(folder=folder, **sections), None, silent)


def test_the_hash_is_of_what_goes_in(tmp_path, models):
    base = begun(tmp_path, models["pooled"]).run_hash
    assert base == begun(tmp_path, models["pooled"]).run_hash
    other_rows = [{**ROWS[0], "text": "another text"}, *ROWS[1:]]
    assert base != begun(tmp_path, models["pooled"], other_rows).run_hash
    assert base != begun(tmp_path, models["pooled"], seed=14).run_hash
    assert base != begun(tmp_path, models["pooled"], adapt="head").run_hash
    assert base != begun(tmp_path, tiny_encoder(tmp_path / "m", seed=1)).run_hash


@pytest.mark.parametrize("file", ["tokenizer.json", "1_Pooling/config.json", "spiece.model"])
def test_the_same_weights_that_read_otherwise_are_another_model(tmp_path, models, file):
    other = shutil.copytree(models["pooled"], tmp_path / "other")
    base = begun(tmp_path, other).run_hash
    with (other / file).open("a", encoding="utf-8") as written:
        written.write(" ")
    assert base != begun(tmp_path, other).run_hash


def test_the_hash_is_not_of_names_and_words(tmp_path, models):
    base = begun(tmp_path, models["pooled"]).run_hash
    for more in ({"name": "另一个"}, {"language": "zh"}, {"report": {"texts": "none"}}):
        assert base == begun(tmp_path, models["pooled"], **more).run_hash, more


def test_the_folder_is_named_by_name_and_hash(tmp_path, models):
    work = begun(tmp_path, models["pooled"], name="酒店")
    assert work.folder == tmp_path / "runs" / "酒店" / work.run_hash[:8]
    assert work.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("more", "error", "wanted"),
    [
        ({"adapt": "heads"}, RecipeError, "did you mean 'head'"),
        ({"adapt": {"method": "last_layers", "layer": 1}}, RecipeError, "layers"),
        ({"train": {"optimizer": "adam"}}, RecipeError, "adamw"),
        ({"train": {"schedule": {"method": "cosine", "cycles": 2}}}, RecipeError, "cycles"),
        ({"device": "npu"}, MachineError, "no npu"),
        ({"model": "nowhere"}, UserError, "nowhere"),
        ({"data": {"train": "nowhere.csv"}}, UserError, "nowhere.csv"),
    ],
)
def test_a_refusal_comes_before_any_folder(tmp_path, models, more, error, wanted):
    with pytest.raises(error, match=wanted):
        begun(tmp_path, models["pooled"], **more)
    assert list(tmp_path.iterdir()) == []


def test_leaving_nothing_takes_only_an_empty_run_away(tmp_path):
    empty, full, other = (files.make_folder(tmp_path / "run" / name) for name in ("empty", "full", "other"))
    for folder in (empty, full, other):
        (folder / ".lock").touch()
        (folder / LOG).touch()
    (full / "steps").mkdir()
    for folder, error in ((empty, UserError), (full, UserError), (other, MachineError)):
        with pytest.raises(error), stations.leaving_nothing(folder):
            raise error
    assert (empty.exists(), full.exists(), other.exists()) == (False, True, True)
    assert (tmp_path / "run").exists(), "other runs of the name are still there"


def test_clear_keeps_the_lock(tmp_path):
    for name in (".lock", "done.json"):
        (tmp_path / name).touch()
    (tmp_path / "model").mkdir()
    stations.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
