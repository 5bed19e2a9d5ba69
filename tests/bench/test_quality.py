"""The quality bench goes on where it stopped, runs what `init` writes, and its page is made of finished runs alone."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import dongcha
from bench import _kept, _quality_page, quality
from bench._quality_page import against, forecast_error, kept_against, page, unpacked
from dongcha import files
from dongcha.cli import app
from dongcha.config import load_recipe
from dongcha.testing import tiny_rows
from dongcha.types import Interval

OPEN = ("epochs", "learning_rate", "head_learning_rate", "batch_tokens")
JOB = quality.Job("rooms_en", "classification")


def packed(bits):
    return np.packbits(np.array(bits, dtype=bool)).tobytes().hex()


def run_of(after, tfidf, seed=0, name="sst2_en", seconds=120.0):
    return {
        "name": name,
        "seed": seed,
        "metric": "accuracy",
        "figures": {"tfidf_linear": [0.5, 0.4, 0.6], "before": [0.6, 0.5, 0.7], "after": [np.mean(after), 0.5, 0.9]},
        "right": {"after": packed(after), "tfidf_linear": packed(tfidf)},
        "rows": {"train": 100, "test": len(after)},
        "machine": {"cpu": "a CPU", "cores": 2, "threads": 2, "versions": {"torch": "2", "transformers": "5"}},
        "clock": {
            "seconds": seconds,
            "forecast_seconds": 100.0,
            "megabytes": 900,
            "forecast_megabytes": 1000,
            "load": [1.5],
        },
    }


@pytest.fixture
def tiny_set(tmp_path, monkeypatch):
    """A data set of three files where the bench looks for data; the bench knows no other."""
    home = tmp_path / "data" / JOB.name
    home.mkdir(parents=True)
    rows = tiny_rows("classification", 90)
    for name, part in zip(quality.SPLITS, (rows[:50], rows[50:70], rows[70:]), strict=True):
        lines = (json.dumps({"text": row["text"], "label": row["label"]}) for row in part)
        (home / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(quality, "DATA", tmp_path / "data")
    monkeypatch.setattr(quality, "JOBS", (JOB,))
    monkeypatch.setattr(quality, "QUALITY", (JOB,))
    monkeypatch.setattr(quality, "FOLDER", tmp_path / "results" / "quality")
    monkeypatch.setattr(quality, "PAGE", tmp_path / "results.md")
    return home


def call(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["quality", *words])
    quality.main(quality.QUALITY, None)


def test_rows_are_averaged_over_seeds_before_they_are_compared():
    rival = [1, 0, 1, 0, 0] * 20
    runs = [run_of([1, 1, 1, 0, 1] * 20, rival, 0), run_of([1, 0, 1, 0, 1] * 20, rival, 1)]
    verdict = against(runs, "tfidf_linear")
    assert verdict.difference.value == pytest.approx(0.3)
    assert 0.2 < verdict.difference.low < 0.3 < verdict.difference.high < 0.4
    assert verdict.test == "bootstrap"
    assert verdict.word == "better"
    same = against([run_of([1, 0] * 9, [1, 0] * 9)], "tfidf_linear")
    assert (same.difference.value, same.p_value, same.test, same.word) == (0.0, 1.0, "mcnemar", "even")


def test_kept_rows_are_tested_over_seeds():
    one, two = ([[0.9, 1.0]] * 40 + [[0.0, 0.0]] * 5, [[0.7, 1.0]] * 40 + [[0.0, 0.0]] * 5)
    runs = [
        run_of([1], [1])
        | {"kept": {"one": "hybrid", "other": "bm25", "rows": {"hybrid": hybrid, "bm25": [[0.5, 1.0]] * 45}}}
        for hybrid in (one, two)
    ]
    verdict = kept_against(runs)
    assert verdict.difference.value == pytest.approx(0.3) and verdict.word == "better"


def test_a_run_that_was_stopped_goes_on_and_leaves_no_folder(tiny_set, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(_kept, "FOLDER", tmp_path / "kept")
    model = str(tiny_folder())
    real, seen = dongcha.run, []

    def stops(recipe, **more):
        seen.append(more["workspace"])
        if len(seen) == 1:
            real(recipe, **more | {"until": "train"})
            raise KeyboardInterrupt
        return real(recipe, **more)

    monkeypatch.setattr(quality.dongcha, "run", stops)
    with pytest.raises(KeyboardInterrupt):
        quality.measure(JOB, model, 0, 1)
    (steps,) = (tmp_path / "kept").glob("rooms_en.0/*/*/steps.jsonl")
    before = len(steps.read_text(encoding="utf-8").splitlines())
    found = quality.measure(JOB, model, 0, 1)
    assert before > 0 and found["clock"]["attempts"] == 2
    assert seen[0] == seen[1] and not seen[0].exists()


def test_right_rows_come_back_as_they_were_packed():
    bits = [1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1]
    assert unpacked(packed(bits), 11).tolist() == bits


def test_the_page_is_made_of_finished_runs_alone():
    runs = {"sst2_en": [run_of([1, 1, 1, 0], [0, 0, 1, 0], 0), run_of([1, 1, 0, 0], [0, 0, 1, 0], 1, seconds=90.0)]}
    text = page(runs | {"weibo_ner_zh": []})
    assert "| sst2_en | 100 / 4 | accuracy | tfidf_linear 0.500 | 0.600 | **0.625** ± 0.177 |" in text
    assert "Fewer than 3 seeds so far: sst2_en (2), weibo_ner_zh (0)." in text
    assert "Time off by 15% in the median (at most 20%), peak memory by 10%" in text
    assert "| sst2_en | 0 | 1.7 | 2.0 | 20% | 1.5 |" in text
    assert "2 runs, 0.1 hours" in text
    assert "| forecast of minutes, median error / 用时预计的误差中位数 | ≤ 20% | 15% | met" in text


def test_bars_are_held_against_means():
    good = [run_of([1] * 9 + [0], [1] * 10, seed, "conll2003_ner_en") for seed in (0, 1)]
    text = page({"conll2003_ner_en": good})
    assert "| conll2003_ner_en, accuracy | ≥ 0.870 | 0.900 | met" in text
    poor = [run_of([1] * 8 + [0] * 2, [1] * 10, 0, "conll2003_ner_en")]
    assert "0.850 | **missed" in page({"conll2003_ner_en": [*good[:1], *poor]})
    at = {"after": {"auroc": [0.6, 0.56, 0.7]}}
    pairs = [run_of([1] * 9, [1] * 9, 0, "afqmc_pairs_zh") | {"metrics": at}]
    assert "| afqmc_pairs_zh, auroc, lower end / 下限 | > 0.550 | 0.560 | met" in page({"afqmc_pairs_zh": pairs})
    hotel = [run_of([1] * 20, [1] * 20, 0, "chnsenticorp_hotel_zh")]
    assert "+0.000 [+0.000, +0.000], p = 1.0000 | **missed" in page({"chnsenticorp_hotel_zh": hotel})


def test_a_score_without_a_value_is_kept_and_shown_as_a_dash(tmp_path):
    kept = quality.ends_of(Interval(float("nan"), float("nan"), 0.5))
    assert kept == [None, None, 0.5]
    files.write_json(tmp_path / "run.json", {"figures": kept})
    run = run_of([1, 1, 1, 0], [0, 0, 1, 0])
    run["figures"]["mean"] = [None, None, None]
    assert "| mean –<br>tfidf_linear 0.500 |" in page({"stsb_en": [run]})


def test_documents_without_text_hold_a_dash(tmp_path, monkeypatch):
    home = tmp_path / "books_en"
    home.mkdir()
    (home / "corpus.jsonl").write_text('{"doc": 1, "text": "a"}\n{"doc": 2, "text": " "}\n', encoding="utf-8")
    monkeypatch.setattr(quality, "DATA", tmp_path)
    job = quality.Job("books_en", "retrieval", {"data": {"corpus": "corpus.jsonl"}})
    assert quality.recipe_of(job, "a", 0, "auto").data.corpus == [{"doc": 1, "text": "a"}, {"doc": 2, "text": "-"}]


def test_without_runs_the_page_says_so():
    text = page({"sst2_en": [], "weibo_ner_zh": []})
    assert "0 runs" in text
    assert "Fewer than 3 seeds so far: sst2_en (0), weibo_ner_zh (0)." in text


def test_what_changed_since_is_said_of_runs_that_stand_alone(monkeypatch):
    monkeypatch.setattr(
        _quality_page, "CHANGED_SINCE", (("made before.", "出自旧版。", ("weibo_ner_zh", "msra_ner_zh")),)
    )
    runs = {"weibo_ner_zh": [run_of([1, 1], [1, 0], name="weibo_ner_zh")], "msra_ner_zh": []}
    assert "weibo_ner_zh: made before.\nweibo_ner_zh：出自旧版。" in page(runs)
    assert "made before" not in page({"weibo_ner_zh": [], "sst2_en": [run_of([1, 1], [1, 0])]})


def test_a_forecast_is_off_by_a_share_of_itself():
    assert forecast_error(run_of([1], [1], seconds=80.0)) == pytest.approx(0.2)


def test_recipes_are_what_init_writes(tiny_set, tiny_folder, tmp_path):
    target = tmp_path / "mine.yaml"
    words = ["init", str(tiny_set / "train.jsonl"), "--model", str(tiny_folder()), "--out", str(target)]
    assert CliRunner().invoke(app, words).exit_code == 0
    written = load_recipe(target)
    ours = quality.recipe_of(JOB, written.model, written.seed, "auto")
    assert ours.hash == written.hash
    assert ours.language == written.language
    assert [ours.resolved()["train"][key] for key in OPEN] == ["auto"] * 4


def test_the_sets_are_the_ones_asked_for(data_folder):
    assert {job.name for job in quality.QUALITY} == {
        *("conll2003_ner_en", "sst2_en", "financial_phrasebank_en", "banking77_intent_en"),
        *("chnsenticorp_hotel_zh", "weibo_ner_zh", "msra_ner_zh"),
    }
    for job in quality.JOBS:
        assert all((data_folder / job.name / f"{name}.jsonl").is_file() for name in quality.SPLITS)
    assert quality.SEEDS == (0, 1, 2)


def test_a_run_is_kept_once_and_again_only_for_another_recipe_or_version(tiny_set, tiny_folder, monkeypatch):
    monkeypatch.setattr(quality, "MINILM", str(tiny_folder()))
    call(monkeypatch, "--seeds", "1", "--threads", "1")
    path = quality.FOLDER / "rooms_en.1.json"
    kept = files.read_json(path)
    assert set(kept["figures"]) >= {"tfidf_linear", "before", "after"}
    assert set(kept["clock"]) >= {"forecast_seconds", "seconds", "load"}
    assert unpacked(kept["right"]["after"], 20).mean() == pytest.approx(kept["figures"]["after"][0])
    assert "| rooms_en | 50 / 20 | accuracy |" in quality.PAGE.read_text(encoding="utf-8")

    measured, found = [], {name: value for name, value in kept.items() if name not in quality.key_of(JOB, 1)}
    monkeypatch.setattr(quality, "measure", lambda job, model, seed, threads: measured.append(seed) or found)
    call(monkeypatch, "--seeds", "1")
    assert measured == []
    call(monkeypatch, "--seeds", "1", "2")
    assert measured == [2]
    files.write_json(path, kept | {"version": "0.0"})
    call(monkeypatch, "--seeds", "1", "2")
    assert measured == [2, 1]
    assert files.read_json(path)["version"] != "0.0"
    files.write_json(path, kept | {"recipe_hash": "another"})
    call(monkeypatch, "--seeds", "1")
    assert measured == [2, 1, 1]


def test_chinese_sets_are_left_out_without_their_model_and_said(tiny_set, monkeypatch, capsys):
    monkeypatch.setattr(quality, "QUALITY", (quality.Job("rooms_zh", "classification"),))
    monkeypatch.setattr(quality, "measure", lambda *_: pytest.fail("it has no model"))
    call(monkeypatch)
    assert "left out, for want of --e5: rooms_zh" in capsys.readouterr().out


def test_where_a_run_was_made_changes_nothing_of_its_key(tiny_set, tmp_path, monkeypatch):
    key = quality.key_of(JOB, 1)
    monkeypatch.setattr(quality, "DATA", tmp_path / "elsewhere")
    assert quality.key_of(JOB, 1) == key
    assert quality.key_of(JOB, 2) != key


def test_the_page_at_hand_is_that_of_its_runs():
    root = Path(__file__).parents[2]
    stale = "python -m bench.quality --only writes it anew"
    assert (root / quality.PAGE).read_text(encoding="utf-8") == page(quality.finished(root / quality.FOLDER)), stale
