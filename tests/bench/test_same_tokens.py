"""Both sides see the same tokens: ours, HF's Trainer and the tutorial's loop, on a tiny model and on real rows."""

import json
from dataclasses import replace

import numpy as np
import pytest
from transformers import AutoConfig, AutoTokenizer

from bench import _inference, _peers, _score, speed
from bench._machine import machine
from bench._ours import Ours
from bench._rows import rows_of, text_tokens
from bench._speed_page import page
from dongcha.data.dataset import WORDS
from dongcha.data.features import gather
from dongcha.data.load import ReadOptions, load
from dongcha.errors import ModelError
from dongcha.models.source import locate
from dongcha.models.tokenizer import load_tokenizer
from dongcha.tasks._base import Lengths
from dongcha.tasks.tagging import Task

ROWS = {"train": 120, "validation": 24, "test": 24}


def sentences(count):
    for i in range(count):
        tokens = ["the", "service", "in", ("paris", "london")[i % 2], "was", "good", *[str(i % 7)] * (i % 5)]
        yield {"tokens": tokens, "tags": ["O"] * 3 + ["B-LOC"] + ["O"] * (len(tokens) - 4)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny_ner")
    for name, count in ROWS.items():
        lines = (json.dumps(row) for row in sentences(count))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ours(tiny_folder, data, tmp_path_factory):
    return Ours(str(tiny_folder()), data, tmp_path_factory.mktemp("work"), threads=1)


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder(), local_files_only=True)


def test_peers_get_our_very_ids_and_labels(ours):
    rows, features = ours.rows(), ours.features
    assert rows.frame == 2
    assert np.concatenate(rows.ids).tolist() == np.asarray(features.tokens["input_ids"]).tolist()
    assert np.concatenate(rows.labels).tolist() == np.asarray(features.tokens["target"]).tolist()
    assert rows.num_text_tokens == sum(len(ids) - 2 for ids in rows.ids)
    item = _peers.AsRows(rows)[3]
    assert item["input_ids"] == rows.ids[3]
    assert item["labels"] == rows.labels[3]


def test_the_tutorial_tokenises_to_the_same_tokens_and_labels(ours, tokenizer):
    rows = ours.rows()
    for i, item in enumerate(_peers.Lazily(rows, tokenizer)[i] for i in range(20)):
        kept = item["attention_mask"].bool()
        assert item["input_ids"][kept].tolist() == rows.ids[i]
        assert item["labels"][kept].tolist() == rows.labels[i]
        assert len(kept) == 64  # the tiny model's longest, below the tutorial's 128


def test_our_stretch_counts_the_text_tokens_of_its_batches(ours):
    heard = []
    tokens, seconds = ours.stretch(5, 1, heard.append)
    assert len(heard) == 5 + 2 + 4  # warm steps before, the tail after
    assert 0 < tokens < 5 * ours.settings.batch_tokens
    assert seconds > 0
    again, _ = ours.stretch(5, 1)
    other, _ = ours.stretch(5, 2)
    assert again == tokens
    assert other != tokens


def test_a_pass_of_the_trainer_sees_every_text_token_once(ours, tokenizer, tiny_folder):
    rows, seen = ours.rows(), []
    module = _peers.counting(_peers.fresh(tiny_folder(), rows), seen, rows.frame)
    chosen = {"num_train_epochs": 1, "train_sampling_strategy": "group_by_length", "per_device_train_batch_size": 8}
    _peers.train_hf(module, tokenizer, rows, chosen, [])
    assert len(seen) == ROWS["train"] / 8
    assert sum(seen) == rows.num_text_tokens


def test_grouped_batches_hold_as_many_tokens_as_ours(ours, tiny_folder):
    asked = speed.Asked(None, 1, 1)
    contenders, equal = speed.contenders_of(ours, tiny_folder(), "minilm", asked)
    assert set(contenders) == {"ours", "ours_fp32", "hf_grouped", "hf_grouped_bf16", "hf_default", "tutorial"}
    mean = float(ours.rows().lengths.mean())
    assert abs(equal * mean - ours.tokens_a_step()) <= mean / 2  # as near as whole rows come
    assert contenders["ours"][1] == contenders["hf_grouped"][1] == 2 * _peers.POOL


def test_long_texts_hold_every_word_in_its_order(data, tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "LONG_WORDS", 20)
    found = speed.joined(data, tmp_path / "long")
    for split in ("train", "validation", "test"):
        short, long = (
            [json.loads(line) for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]
            for folder in (data, found)
        )
        for name in ("tokens", "tags"):
            assert [word for row in long for word in row[name]] == [word for row in short for word in row[name]]
        assert len(long) < len(short)
        assert min(len(row["tokens"]) for row in long[:-1]) >= 20


def test_a_stretch_of_long_texts_leaves_out_who_cannot_read_them(ours, tiny_folder):
    contenders, _ = speed.contenders_of(ours, tiny_folder(), "long", speed.Asked(None, 1, 1))
    assert "tutorial" not in contenders


def test_frames_are_taken_off_once_a_row():
    assert text_tokens(100, 8, 2) == 84


def test_all_parts_are_measured_and_told_on_one_page(tiny_folder, data, tmp_path, monkeypatch, capsys):
    model = tiny_folder()
    monkeypatch.setattr(speed, "matrix_peak", lambda: 1e11)
    monkeypatch.setattr(speed, "TRAINED_STEPS", 3)
    monkeypatch.setattr(_score, "SEEDS", (0, 1))
    asked = speed.Asked(model, 2, 1, data=data, minilm=str(model), steps={"minilm": 3, "e5": 3})
    figures, out = {}, tmp_path / "speed.json"
    for part in ("minilm", "e5", "inference"):
        found = speed.measure(part, asked, {}, print)
        figures[part] = found | {"machine": machine(1), "load": [0.1, 0.2]}
        speed.keep(figures, out, tmp_path / "page.md")
    assert [len(values) for values in figures["minilm"]["tokens_per_second"].values()] == [2] * 6
    assert all(value > 0 for values in figures["minilm"]["tokens_a_step"].values() for value in values)
    rates, share = figures["minilm"]["tokens_per_second"]["ours"], figures["minilm"]["share_of_peak"]
    assert share == pytest.approx([rate * figures["minilm"]["flops_per_token"] / 1e11 for rate in rates])
    assert set(figures["inference"]["seconds"]) == {"ours", "pipeline_none", "pipeline_simple"}
    shown = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page(json.loads(out.read_text(encoding="utf-8"))) == shown
    assert "not measured" not in shown
    assert "train_runtime" not in capsys.readouterr().out


def test_scores_go_on_where_they_stopped(ours, tiny_folder, tokenizer, data, tmp_path, monkeypatch):
    monkeypatch.setattr(_score, "SEEDS", (0, 1))
    kept, begun = [], []

    def begin(seed):
        begun.append(seed)
        return Ours(str(tiny_folder()), data, tmp_path, threads=1, seed=seed)

    stands = [{"seed": 0, "ours": 0.5, "hf_grouped": 0.25}]
    found = _score.measure_scores(begin, tiny_folder(), tokenizer, stands, lambda found: kept.append(list(found)))
    assert begun == [1]
    assert [one["seed"] for one in kept[-1]] == [0, 1]
    assert 0 <= found[1]["ours"] <= 1
    assert 0 <= found[1]["hf_grouped"] <= 1
    assert _score.difference(found)[0] == pytest.approx((0.25 + found[1]["ours"] - found[1]["hf_grouped"]) / 2)
    assert _score.difference(stands) == [0.25, None, None]


def test_pipelines_answer_every_text(ours, tmp_path):
    replace(ours.work["model"], card=ours.work["task"].card()).save(tmp_path / "model")
    for way in _inference.ways_of(tmp_path / "model").values():
        assert len(way(["the service in paris was good", "the room", "london"])) == 3


@pytest.mark.real
def test_real_rows_are_the_same_tokens_for_all(data_folder, tmp_path):
    """HF's own tokenizer on split words gives the ids and labels that we train on: MiniLM, the first 2,000 rows."""
    try:
        folder = locate(speed.MINILM, base=tmp_path, cache=tmp_path).folder
    except ModelError:
        pytest.skip("the demo's model is not installed")
    source = data_folder / "conll2003_ner_en" / "train.jsonl"
    raw = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()[:2000]]
    train = load(raw, Task.fields, base=tmp_path, options=ReadOptions(), cache=None)
    task = Task.learn(train, Lengths())
    tokenizer = load_tokenizer(folder, AutoConfig.from_pretrained(folder))
    columns = {name: train.column(name) for name in ("text", "spans", WORDS)}
    rows = rows_of(gather([task.encode(columns, tokenizer, 0)]), raw, task.tags, frame=2)
    lazily = _peers.Lazily(rows, AutoTokenizer.from_pretrained(folder, local_files_only=True))
    for i in range(len(raw)):
        item = lazily[i]
        kept = item["attention_mask"].bool()
        assert item["input_ids"][kept].tolist() == rows.ids[i]
        assert item["labels"][kept].tolist() == rows.labels[i]
