"""R16: repeats put across splits on purpose are found, and splits by group leak nothing."""

import json
import random

import pytest
from small_run import give, no_charts, run_folder, write_rows

import dongcha
from dongcha import files
from dongcha.config import load_recipe
from dongcha.data.duplicates import exact_groups

ROWS, SHARE = 2_000, 0.05
WORDS = (
    *("the", "room", "service", "breakfast", "bed", "window", "street", "quiet", "noisy", "clean", "dirty", "staff"),
    *("price", "lobby", "garden", "river", "station", "night", "morning", "coffee", "towel", "shower", "carpet"),
    *("light", "heating", "lift", "view", "door", "key", "floor", "kitchen", "table", "chair", "corner", "wall"),
)
HANZI = (
    "房间服务早餐床窗街道安静吵闹干净肮脏员工价格大堂花园河流车站夜晚清晨"
    "咖啡毛巾淋浴地毯灯光暖气电梯风景门钥匙楼层厨房桌椅角落墙壁"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    no_charts(monkeypatch)


def english(rng):
    return " ".join(rng.choices(WORDS, k=rng.randint(18, 28)))


def chinese(rng):
    return "".join(rng.choices(HANZI, k=rng.randint(40, 60)))


def same(text, rng):
    """Write a text otherwise without changing what it says: width, spaces, forms."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" and rng.random() < 0.3 else c for c in text)
    spaced = "  ".join(text.split(" ")) + " \n"
    return rng.choice([text, wide, spaced, f"\u3000{text}\t", wide.replace(" ", "\u00a0")])


def almost(text, rng):
    """Change one word of about twenty, or a character or two of Chinese."""
    parts = text.split(" ") if " " in text else list(text)
    pool = WORDS if " " in text else HANZI
    at = rng.randrange(len(parts))
    parts[at] = rng.choice([part for part in pool if part != parts[at]])
    return (" " if " " in text else "").join(parts)


def injected(make, change, seed):
    """A train and a test file; return also which rows of test repeat one of train."""
    rng = random.Random(seed)
    train = [make(rng) for _ in range(ROWS)]
    test = [make(rng) for _ in range(ROWS)]
    places = rng.sample(range(ROWS), int(SHARE * ROWS))
    for place in places:
        test[place] = change(rng.choice(train), rng)
    return train, test, places


def lay(place, train, test):
    labels = ("good", "bad")
    give(place, "test", "test.jsonl")
    for name, texts in (("rows", train), ("test", test)):
        write_rows(place / f"{name}.jsonl", [{"text": t, "label": labels[i % 2]} for i, t in enumerate(texts)])


def checked(cli):
    code, out, err = cli("check", "recipe.yaml", "--json", "--quiet")
    assert code == 0, err
    return {check["name"]: check for check in json.loads(out)["checks"]}


def crossed(check):
    """Rows or texts of test that the check found in train or in validation, which was cut from train."""
    return check["figures"]["train/test"], check["figures"]["validation/test"]


@pytest.mark.parametrize("make", [english, chinese], ids=["en", "zh"])
def test_r16_exact_repeats_across_splits_are_found(cli, place, make):
    train, test, places = injected(make, same, seed=16)
    lay(place, train, test)
    leak = checked(cli)["leak"]
    found = sum(facts["rows"] for facts in crossed(leak))
    assert found >= 0.99 * len(places)
    assert found <= len(places), "and nothing else is called one"
    assert leak["status"] == "warned", "the split was given: a warning"
    assert leak["fix"]
    assert leak["examples"]


@pytest.mark.parametrize("make", [english, chinese], ids=["en", "zh"])
def test_r16_near_repeats_across_splits_are_found(cli, place, make):
    train, test, places = injected(make, almost, seed=17)
    lay(place, train, test)
    near = checked(cli)["near_duplicates"]
    found = sum(facts["texts"] for facts in crossed(near))
    assert found >= 0.9 * len(places), f"{found} of {len(places)}"
    assert found <= len(places) * 1.02
    assert near["status"] == "warned"


def test_r16_the_score_is_shown_with_and_without_them(cli, place, monkeypatch):
    train, test, _ = injected(english, same, seed=18)
    lay(place, train[:100], train[:10] + test[:30])
    code, *_ = cli("run", "recipe.yaml", "--set", "train.epochs=1")
    assert code == 0
    report = files.read_json(run_folder(place) / "report.json")
    line = next(line for line in report["slices"] if "without leaked rows" in str(line["value"]))
    [leak] = [check for check in report["data_checks"] if check["name"] == "leak"]
    leaked = leak["figures"]["train/test"]["rows"]
    assert line["rows"] == 40 - leaked
    assert leaked + leak["figures"]["validation/test"]["rows"] == 10


@pytest.mark.parametrize("change", [same, almost], ids=["exact", "near"])
def test_r16_a_split_by_group_leaks_nothing(cli, place, change):
    """Each text stands twice, once altered; the two share a group."""
    rng = random.Random(19)
    rows = []
    for number in range(300):
        text = english(rng)
        label = ("good", "bad")[number % 2]
        rows += [{"text": t, "label": label, "source": f"s{number}"} for t in (text, change(text, rng))]
    rng.shuffle(rows)
    write_rows(place / "rows.jsonl", rows)
    work = dongcha.run(load_recipe(place / "recipe.yaml", ["data.split.group=source"]), until="task")
    groups = {name: set(split.column("source")) for name, split in work["splits"].by_name.items()}
    assert len(groups) == 3
    assert not groups["train"] & groups["test"]
    assert not groups["train"] & groups["validation"]
    assert not groups["validation"] & groups["test"]
    code, out, _ = cli("check", "recipe.yaml", "--json", "--quiet", "--set", "data.split.group=source")
    assert code == 0
    found = {check["name"]: check for check in json.loads(out)["checks"]}
    assert all(facts["texts"] == 0 for facts in found["leak"]["figures"].values())
    across = {name: facts for name, facts in found["near_duplicates"]["figures"].items() if "/" in name}
    assert all(facts["texts"] == 0 for name, facts in across.items() if len(set(name.split("/"))) == 2)


def test_r16_repeats_stay_together_even_without_a_group(cli, place):
    """A split that we make never leaks an exact repeat."""
    rng = random.Random(20)
    texts = [english(rng) for _ in range(150)]
    rows = [{"text": same(t, rng), "label": "ab"[i % 2]} for i, t in enumerate(texts * 2)]
    write_rows(place / "rows.jsonl", rows)
    work = dongcha.run(load_recipe(place / "recipe.yaml"), until="task")
    known = {}
    parts = [set(exact_groups(list(split.column("text")), known).tolist()) for split in work["splits"].by_name.values()]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
