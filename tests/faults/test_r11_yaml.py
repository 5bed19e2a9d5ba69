"""R11: YAML bombs are refused in time; a slip of the pen in any key names the right one, with line and column."""

import random
import re
import time

import pytest
from small_run import TIME, no_charts

BOMB_SECONDS = TIME * 0.1
BOMB = "a: &a [lol, lol]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
)
BOMBS = {
    "nine lines of aliases": (BOMB, ":1:4", "alias"),
    "one anchor": ("name: &x small\ntask: classification\n", ":1:7", "alias"),
    "merge key": ("base: &b {a: 1}\nname: {<<: *b}\n", ":1:7", "alias"),
    "alias of itself": ("a: &a [*a]\n", ":1:4", "alias"),
    "deep lists": ("a: " + "[" * 5000 + "]" * 5000, ":1:", "20"),
    "deep mappings": ("".join(f"{' ' * i}a:\n" for i in range(60)), ":21:", "20"),
    "deep flow mappings": ("{a: " * 3000 + "1" + "}" * 3000, ":1:", "20"),
    "over a megabyte": ("name: " + "x" * 1_000_001, "", "1000000 bytes"),
    "a tag that makes objects": ("name: !!python/object/apply:os.system [touch evil]\n", ":1:7", "tag"),
    "a tag of one's own": ("name: !evil x\n", ":1:7", "tag"),
    "several documents": ("name: a\n---\nname: b\n", ":2:1", "document"),
    "a directive": ("# ours\n%YAML 1.1\n---\nname: a\n", ":2:1", "%"),
    "a key said twice": ("name: a\nname: b\n", ":2:1", "name"),
    "NUL": ("name: a\0b\n", ":1:8", "U+0000"),
    "very long number": ("seed: " + "9" * 5000 + "\n", "", "seed"),
    "ten thousand keys": ("".join(f"k{i}: 1\n" for i in range(10_000)), ":1:1", "k0"),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_r11_a_bomb_is_refused_in_time(cli, place, name, verb):
    text, where, said = BOMBS[name]
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    started = time.monotonic()
    code, out, err = cli(verb, "recipe.yaml", "--quiet")
    assert time.monotonic() - started < (BOMB_SECONDS if len(text) < 20_000 else 20 * BOMB_SECONDS)
    assert (code, out) == (2, "")
    assert f"recipe.yaml{where}" in err, err
    assert said.lower() in err.lower(), err
    assert not (place / "evil").exists()
    assert not (place / "runs").exists()


def test_r11_labels_that_look_like_truth_values_stay_text(cli, place, monkeypatch):
    no_charts(monkeypatch)
    lines = [f'{{"text": "the room {i}", "label": "{("no", "on", "yes")[i % 3]}"}}' for i in range(60)]
    (place / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    text = (place / "recipe.yaml").read_text(encoding="utf-8").replace("name: small", "name: no")
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    assert cli("run", "recipe.yaml", "--until", "task")[0] == 0
    assert (place / "runs" / "no").is_dir()


KEYS = {  # the recipe's keys that can be misspelt: each with a value that fits, on a line of its own
    ("seed",): "13",
    ("device",): "cpu",
    ("threads",): "1",
    ("time_limit",): "5",
    ("language",): "en",
    ("data", "columns"): "{text: text}",
    ("data", "duplicates"): "keep",
    ("data", "encoding"): "auto",
    ("data", "encoding_errors"): "fail",
    ("data", "split"): "{validation: 0.2}",
    ("train", "epochs"): "1",
    ("train", "learning_rate"): "0.001",
    ("train", "head_learning_rate"): "0.01",
    ("train", "batch_tokens"): "128",
    ("train", "optimizer"): "adamw",
    ("train", "schedule"): "linear",
    ("train", "warmup"): "0.1",
    ("train", "early_stopping"): "{patience: 2}",
    ("report", "texts"): "shown",
    ("adapt", "method"): "full",
    ("evaluate", "slices"): "[]",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz_"


def edits(key, rng):
    """One of each kind of single edit of a key: a letter lost, added, wrong, two swapped."""
    i, j = rng.randrange(len(key)), rng.randrange(len(key) - 1)
    yield key[:i] + key[i + 1 :]
    yield key[:i] + rng.choice(LETTERS) + key[i:]
    yield key[:i] + rng.choice(LETTERS) + key[i + 1 :]
    yield key[:j] + key[j + 1] + key[j] + key[j + 2 :]


def typos():
    rng = random.Random(11)
    known = {part for path in KEYS for part in path} | {"text", "test", "tests", "train", "data", "name", "task"}
    for path, value in KEYS.items():
        for typo in edits(path[-1], rng):
            if typo and typo not in known:
                yield path, typo, value


@pytest.mark.parametrize(("path", "typo", "value"), list(typos()), ids=lambda part: str(part)[:30])
def test_r11_a_slip_names_the_right_key(cli, place, path, typo, value):
    head = "name: small\ntask: classification\nmodel: model\n"
    if path[0] == "data":
        text = head + f"data:\n  train: rows.jsonl\n  {typo}: {value}\n"
        where = "6:3"
    elif len(path) == 2:
        text = head + f"data: {{train: rows.jsonl}}\n{path[0]}:\n  {typo}: {value}\n"
        where = "6:3"
    else:
        text = head + f"data: {{train: rows.jsonl}}\n{typo}: {value}\n"
        where = "5:1"
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    code, out, err = cli("run", "recipe.yaml", "--quiet")
    assert (code, out) == (2, "")
    assert f"recipe.yaml:{where}: " in err, err
    named = re.search(r"did you mean ([\w., ]+?)\?", err)
    assert named, err
    assert path[-1] in re.split(r"[ ,.]+", named[1]), err


@pytest.mark.parametrize("typo", ["train.epoch=1", "trian.epochs=1", "sede=1", "data.colums={text: a}"])
def test_r11_a_slip_in_a_setting_names_the_right_key_too(cli, place, typo):
    code, _, err = cli("run", "recipe.yaml", "--quiet", "--set", typo)
    assert code == 2
    assert "did you mean" in err
    assert "--set" in err or typo.split("=")[0].split(".")[-1] in err
