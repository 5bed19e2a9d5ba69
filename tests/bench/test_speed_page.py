"""The page of speed is made of figures alone, and says of every gate the bar, the figure, met or not."""

import copy
from pathlib import Path

import pytest

from bench import speed
from bench._speed_page import page, spread
from bench.speed import gates
from dongcha import files

MACHINE = {"cpu": "a CPU", "cores": 2, "threads": 2, "versions": {"torch": "2"}}
UNDER = {"machine": MACHINE, "load": [0.11, 0.22]}
RATES = {"ours": [10.0, 20.0, 30.0], "hf_grouped": [10.0] * 3, "hf_default": [5.0, 4.0, 30.0], "tutorial": [1.0] * 3}
PART = UNDER | {
    "tokens_per_second": RATES,
    "tokens_a_step": {name: [250.0, 270.0, 260.0] for name in RATES},
    "peak_megabytes": {name: [100.0, 3000.0, 200.0] for name in RATES},
    "peak_flops": [1e11, 2e11, 1.5e11],
    "share_of_peak": [0.5, 0.7, 0.6],
    "flops_per_token": 7e7,
    "settings": {
        "steps": dict.fromkeys(RATES, 100),
        "batch_rows": 16,
        "batch_tokens": 317,
        "precision": "bf16",
        "tokens_a_step": 291.4,
        "rows": 10,
        "outside_tables": 10_700_000,
        "parameters": 22_700_000,
    },
    "profile": {
        "operations": {"aten::mm": 0.7, "aten::gelu": 0.05},
        "families": {"products": 0.8, "rest": 0.1, "other": 0.06, "activations": 0.05, "dropout": 0.0},
    },
}
INFERENCE = UNDER | {
    "texts": 3453,
    "seconds": {"ours": [1.0, 2.0], "pipeline_none": [4.0, 9.0], "pipeline_simple": [5.0, 6.0]},
}
SCORE = UNDER | {
    "seeds": [{"seed": 0, "ours": 0.87, "hf_grouped": 0.865}],
    "difference": [0.005, None, None],
}


def shown(**parts):
    figures = copy.deepcopy(parts)
    return page(figures | {"gates": gates(figures)})


def test_a_cell_is_the_median_with_least_and_greatest():
    assert spread([30.0, 10.0, 20.0], "{:.0f}") == "20 (10 .. 30)"


def test_each_gate_says_bar_figure_and_whether_it_is_met():
    lines = [line for line in shown(minilm=PART, inference=INFERENCE).splitlines() if line.startswith("| ")]
    by_gate = {line.split("|")[1].split(" / ")[0].strip(): line for line in lines}
    assert "≥ 2.40x | 2.00x | **missed" in by_gate["training, MiniLM, beside HF Trainer's defaults"]
    assert "≥ 1.40x | 2.00x | met" in by_gate["training, MiniLM, beside HF Trainer grouped by length"]
    assert "≥ 55% | 60% | met" in by_gate["training, MiniLM, share of the matrix-product peak"]
    assert "≥ 2.50x | 3.50x | met" in by_gate["inference, MiniLM, beside the HF pipeline at batch 32"]
    assert "≥ 2.00x | not measured" in next(line for name, line in by_gate.items() if "250,000" in name)


def test_a_figure_just_below_its_bar_is_missed_however_it_is_rounded():
    close = PART | {"share_of_peak": [0.5499] * 3}
    line = next(line for line in shown(minilm=close).splitlines() if "share of the matrix-product peak" in line)
    assert "55% | **missed" in line


def test_the_page_says_what_limits_us_and_on_what_it_was_measured():
    text = shown(minilm=PART)
    assert "matrix products take 80% of the time and run at about 75% of the peak" in text
    assert "the largest of the rest is activations and layer norms with 5.0%" in text
    assert "dropout's random numbers" not in text  # it took nothing
    assert "a CPU, 2 cores, 2 threads; load average 0.11 before, 0.22 after; torch 2." in text
    assert "batch 16" in text
    assert "| 260 | 3,000 MB |" in text
    assert "multilingual-e5-small was left out" in text
    assert "## multilingual-e5-small" in shown(minilm=PART, e5=PART)
    assert "was left out" not in shown(minilm=PART, e5=PART)
    assert "texts of 200 words at least" not in text
    assert "texts of 200 words at least" in shown(minilm=PART, long=PART)


@pytest.mark.parametrize(
    ("difference", "word"),
    [([0.005, None, None], "not settled"), ([0.0, -0.1, 0.1], "within noise"), ([-0.1, -0.2, -0.05], "beyond noise")],
)
def test_scores_are_within_noise_or_not(difference, word):
    assert word in shown(score=SCORE | {"difference": difference})


def test_without_any_figures_the_page_stands():
    assert "not measured" in shown()


def test_the_page_at_hand_is_that_of_its_figures():
    root = Path(__file__).parents[2]
    stale = "python -m bench.speed --only writes it anew"
    assert (root / speed.PAGE).read_text(encoding="utf-8") == page(files.read_json(root / speed.OUT)), stale


def test_a_later_call_keeps_what_an_earlier_one_measured(tmp_path, monkeypatch):
    out, where = tmp_path / "speed.json", tmp_path / "page.md"
    files.write_json(out, {"inference": INFERENCE})
    monkeypatch.setattr(speed, "measure", lambda part, asked, stands, told: {"tokens_per_second": RATES} | PART)
    words = ["speed", "--rounds", "1", "--threads", "1", "--out", str(out), "--page", str(where)]
    monkeypatch.setattr("sys.argv", [*words, "--only", "minilm"])
    speed.main()
    found = files.read_json(out)
    assert set(found) == {"inference", "minilm", "gates"}
    assert set(found["minilm"]["machine"]) == {"cpu", "cores", "threads", "versions"}
    before = where.read_text(encoding="utf-8")
    monkeypatch.setattr("sys.argv", [*words, "--only"])
    monkeypatch.setattr(speed, "measure", lambda *_: pytest.fail("no part was asked for"))
    speed.main()
    assert where.read_text(encoding="utf-8") == before


def test_without_its_folder_the_large_model_is_left_out_and_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(speed, "measure", lambda part, *_: INFERENCE if part == "inference" else PART)
    monkeypatch.setattr("sys.argv", ["speed", "--out", str(tmp_path / "a.json"), "--page", str(tmp_path / "a.md")])
    speed.main()
    assert "e5 is left out" in capsys.readouterr().out
    assert "was left out" in (tmp_path / "a.md").read_text(encoding="utf-8")
