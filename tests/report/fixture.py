"""Reports rich enough to fill every section: English and Chinese classification, English tagging."""

from dataclasses import replace

from dongcha.types import Check, Interval, Report, Row, Verdict

HOSTILE = (
    '<script>alert("x")</script> "quoted" & <img src=http://evil.example/x.png onerror=1> '
    "\u202eesrever\u202c zero\u200bwidth \x1b[31mred"
)
LONG = "A very long story of a merger that nobody wanted. " * 40


def _figure(value: float, half: float) -> Interval:
    return Interval(value, round(value - half, 4), round(value + half, 4))


def table() -> tuple[Row, ...]:
    verdict = Verdict(Interval(0.026, 0.0112, 0.0408), 0.0004, "mcnemar", 131, 82, "better")

    def row(name: str, value: float, low: float, high: float, f1: float, **rest) -> Row:
        return Row(name, {"accuracy": Interval(value, low, high), "macro_f1": _figure(f1, 0.02)}, **rest)

    return (
        row("majority", 0.243, 0.224, 0.262, 0.078),
        row("TF-IDF + linear", 0.434, 0.412, 0.456, 0.401, seconds=0.1, size_megabytes=0.4),
        row("before (frozen)", 0.791, 0.772, 0.809, 0.785, seconds=1.3, megabytes=610, size_megabytes=91.2),
        row(
            "after (fine-tuned)",
            0.817,
            0.799,
            0.834,
            0.812,
            seconds=22,
            megabytes=912,
            size_megabytes=91.2,
            verdict=verdict,
        ),
    )


LABELS = ("sport", "business", "politics", "tech", "entertainment")
MATRIX = (
    (391, 4, 6, 2, 9),
    (6, 338, 38, 31, 8),
    (9, 41, 287, 11, 14),
    (3, 52, 12, 268, 22),
    (11, 9, 17, 22, 285),
)


def checks() -> tuple[Check, ...]:
    passed = (
        ("labels_aligned", "All 5 labels keep their order from file to model."),
        ("no_leak", "No test text stands in train."),
        ("saved_equals_trained", "The saved model gives the trained model's logits on 64 rows (largest difference 0)."),
        ("plain_transformers", "AutoModelForSequenceClassification gives the same logits."),
        ("best_restored", "The weights are those of epoch 7, the best on validation."),
    )
    return tuple(Check(name, "passed", message) for name, message in passed)


def data_checks() -> tuple[Check, ...]:
    return (
        Check("encoding", "passed", "2,225 files read as UTF-8; 1 row replaced a byte.", 0),
        Check(
            "duplicates",
            "warned",
            "129 texts stand more than once and were dropped.",
            129,
            ("Ad sales boost Time Warner profit", HOSTILE),
            "Keep data.duplicates: drop.",
            {"groups": 114},
        ),
        Check("label_errors", "skipped", "Needs dongcha[deep].", fix="pip install 'dongcha[deep]'"),
        Check("gap", "passed", "Train and test are alike: AUROC 0.52 [0.47, 0.57].", figures={"auroc": 0.52}),
        Check("gap_model", "passed", "0.1 % of the pieces are unknown to the model."),
    )


def slices() -> tuple[dict, ...]:
    rows = []
    for value, n, before, after in (
        ("1-4 tokens", 310, 0.742, 0.758),
        ("5-8 tokens", 1204, 0.797, 0.826),
        ("9+ tokens", 382, 0.812, 0.838),
    ):
        rows.append(_slice("length", value, n, before, after))
    for label, before, after in zip(
        LABELS, (0.921, 0.774, 0.744, 0.731, 0.77), (0.949, 0.803, 0.793, 0.751, 0.828), strict=True
    ):
        rows.append(_slice("label", label, 380, before, after))
    return (*rows, _slice("test", "out_of_domain", 240, 0.612, 0.655))


def _slice(name: str, value: str, rows: int, before: float, after: float) -> dict:
    half = round(0.9 / rows**0.5, 3)
    return {
        "slice": name,
        "value": value,
        "rows": rows,
        "before": [before, before - half, before + half],
        "after": [after, after - half, after + half],
    }


def curves() -> dict:
    loss = [[step, round(1.62 * 0.975**step + 0.04 * ((step * 7) % 5 - 2) / 5 + 0.2, 4)] for step in range(1, 101)]
    score = [[step, round(0.82 - 0.5 * 0.94**step, 4)] for step in range(10, 101, 10)]
    rate = [[step, round(5e-5 * min(step / 10, (100 - step) / 90), 8)] for step in range(1, 101)]
    return {"loss": loss, "accuracy (validation)": score, "learning_rate": rate}


SNIPPET = """from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("model")
model = AutoModelForSequenceClassification.from_pretrained("model")
logits = model(**tokenizer(["a text of your own"], return_tensors="pt")).logits
print(model.config.id2label[logits.argmax().item()])"""


def english() -> Report:
    counts = dict(zip(LABELS, (412, 421, 362, 357, 344), strict=True))
    bins = [
        {"confidence": 0.05 + i / 10, "accuracy": min(1, max(0, 0.01 + i / 10 * 0.95)), "count": n}
        for i, n in enumerate((0, 0, 3, 21, 58, 96, 130, 211, 402, 975))
    ]
    split = {
        "languages": {"en": 100},
        "longest_tokens": 19,
        "cut_rows": 0,
        "source": "reviews.csv",
        "columns": ["text", "label"],
    }
    return Report(
        name="bbc-headlines",
        task="classification",
        language="en",
        hash="3f9a1c",
        created="2026-03-02T09:14:33Z",
        folder="runs/bbc-headlines/3f9a1c",
        title="MiniLM-L6, 22 M  cpu, 2 cores",
        differs=("data.train headlines", "data.part first_line", "data.duplicates drop", "train.epochs 10"),
        recipe={
            "name": "bbc-headlines",
            "seed": 13,
            "task": "classification",
            "train": {"epochs": 10},
            "report": {"texts": "shown"},
        },
        data={
            "train": {"rows": 100, "dropped": 129, "labels": dict.fromkeys(LABELS, 20), **split},
            "validation": {"rows": 100, "labels": dict.fromkeys(LABELS, 20), **split},
            "test": {"rows": 1896, "labels": counts, **split},
        },
        data_checks=data_checks(),
        main_metric="accuracy",
        table=table(),
        checks=checks(),
        now_right=(
            {
                "row": 17,
                "text": "Ad sales boost Time Warner profit",
                "gold": "business",
                "before": "tech",
                "after": "business",
            },
            {
                "row": 203,
                "text": "Oil price climbs after storm",
                "gold": "business",
                "before": "politics",
                "after": "business",
            },
            {"row": 204, "text": HOSTILE, "gold": "tech", "before": "sport", "after": "tech"},
        ),
        now_wrong=(
            {
                "row": 88,
                "text": "Games firms face chilly winter",
                "gold": "tech",
                "before": "tech",
                "after": "business",
            },
            {"row": 91, "text": LONG, "gold": "business", "before": "business", "after": "tech"},
        ),
        hardest=(
            {
                "row": 412,
                "text": "Kilroy launches Veritas party",
                "gold": "politics",
                "predicted": "entertainment",
                "confidence": 0.987,
            },
            {
                "row": 77,
                "text": "Dollar gains on Greenspan speech",
                "gold": "business",
                "predicted": "politics",
                "confidence": 0.941,
            },
        ),
        per_label=tuple(
            {
                "label": label,
                "precision": 0.8 + i / 50,
                "recall": 0.79 + i / 60,
                "f1": 0.795 + i / 55,
                "support": counts[label],
            }
            for i, label in enumerate(LABELS)
        ),
        confusion={"labels": list(LABELS), "matrix": [list(row) for row in MATRIX]},
        pretraining={
            **{"method": "mlm", "corpus": "2026.txt", "blocks": 3870, "tokens": 118_147, "repeated": 12},
            **{"steps": 80, "of": 100, "best_step": 60, "metric": "accuracy", "seconds": 61.5},
            **{"scores": [[0, 0.79], [20, 0.8], [40, 0.81], [60, 0.82], [80, 0.815]], "gain": [0.03, -0.01, 0.07]},
            "surprise": {"general": [5.2, 5.4], "validation": [5.1, 4.4]},
        },
        slices=slices(),
        calibration={"ece_before": 0.061, "ece": 0.043, "temperature": 1.31, "ece_scaled": 0.018, "bins": bins},
        curves=curves(),
        clock={
            "forecast_seconds": 24,
            "seconds": 22.4,
            "forecast_megabytes": 900,
            "megabytes": 912,
            "steps": [
                {"name": n, "seconds": s}
                for n, s in (("data", 0.9), ("baselines", 0.1), ("before", 1.3), ("train", 18.2), ("evaluate", 1.9))
            ],
        },
        environment={
            "dongcha": "0.1.0",
            "python": "3.11.9",
            "torch": "2.10.0",
            "seed": 13,
            "device": "cpu",
            "cores": 2,
            "snippet": SNIPPET,
        },
    )


def chinese() -> Report:
    """The same run in Chinese, over hotel reviews with many labels."""
    base = english()
    names = {"sport": "卫生", "business": "服务", "politics": "位置", "tech": "设施", "entertainment": "餐饮"}

    def zh(row: dict) -> dict:
        return {key: names.get(value, value) if isinstance(value, str) else value for key, value in row.items()}

    right = (
        {
            "row": 5,
            "text": "房间很干净，前台小姐姐态度特别好，下次还来。",
            "gold": "服务",
            "before": "卫生",
            "after": "服务",
        },
        {
            "row": 9,
            "text": "离地铁站就五分钟，半夜出去吃夜宵也方便。",
            "gold": "位置",
            "before": "餐饮",
            "after": "位置",
        },
    )
    wrong = ({"row": 31, "text": "早餐的咖啡机坏了三天没人修。", "gold": "设施", "before": "设施", "after": "餐饮"},)
    labels = [f"标签{i:02d}" for i in range(32)]
    matrix = [[(60 - i if i == j else (i * j) % 3) for j in range(32)] for i in range(32)]
    split = {
        "languages": {"zh": 95, "en": 5},
        "longest_tokens": 212,
        "cut_rows": 3,
        "source": "酒店评论.csv",
        "columns": ["text", "label"],
    }
    return replace(
        base,
        name="酒店评论",
        language="zh",
        folder="runs/酒店评论/3f9a1c",
        title="multilingual-e5-small，43 M  cpu，2 核",
        differs=("data.train 酒店评论.csv", "data.split 每类20行"),
        recipe={"name": "酒店评论", "seed": 13, "report": {"texts": "shown"}},
        data={
            name: {"rows": n, "labels": {label: 3 + i for i, label in enumerate(labels)}, **split}
            for name, n in (("train", 640), ("test", 1896))
        },
        data_checks=(
            Check(
                "duplicates",
                "warned",
                "有 12 条评论重复出现。",
                12,
                ("房间很干净。",),
                "建议设 data.duplicates: drop。",
            ),
            Check("leak", "failed", "有 2 条测试文本也出现在训练集中。", 2, ("位置好。",), "请删除这些行。"),
            Check("label_errors", "skipped", "需要安装 dongcha[deep]。"),
            Check("gap", "passed", "训练集与测试集相近：AUROC 0.52 [0.47, 0.57]。"),
        ),
        checks=tuple(replace(check, message="已逐行核对，结果一致。") for check in base.checks),
        now_right=right,
        now_wrong=wrong,
        hardest=({"row": 8, "text": "电梯等了二十分钟。", "gold": "设施", "predicted": "服务", "confidence": 0.97},),
        per_label=tuple(
            {"label": label, "precision": 0.8, "recall": 0.7, "f1": 0.747, "support": 60 - i}
            for i, label in enumerate(labels)
        ),
        confusion={"labels": labels, "matrix": matrix},
        slices=tuple(
            {**zh(row), "value": row["value"].replace(" tokens", " 词元").replace("out_of_domain", "外卖评论")}
            if row["slice"] != "label"
            else zh(row)
            for row in base.slices
        ),
    )


def tagging() -> Report:
    """A tagging run that changed nothing the test can tell."""
    base = english()
    verdict = Verdict(Interval(0.006, -0.011, 0.022), 0.48, "bootstrap", 41, 36, "even")
    rows = (
        Row("most frequent tag", {"span_f1": Interval(0.61, 0.58, 0.64)}, seconds=0.1),
        Row("before (frozen)", {"span_f1": Interval(0.702, 0.67, 0.73)}, seconds=2.2),
        Row(
            "after (fine-tuned)",
            {"span_f1": Interval(0.708, 0.68, 0.735)},
            seconds=221,
            megabytes=1400,
            verdict=verdict,
        ),
    )
    return replace(
        base,
        name="conll",
        task="tagging",
        main_metric="span_f1",
        table=rows,
        data={"train": {"rows": 400}, "test": {"rows": 150, "source": "test.conll"}},
        checks=(
            *base.checks[:4],
            Check(
                "best_restored", "failed", "The saved weights are not the best epoch's.", fix="Run again with --fresh."
            ),
        ),
        now_right=(
            {
                "row": 3,
                "text": "EU rejects German call",
                "gold": "EU=ORG, German=MISC",
                "before": "EU=LOC",
                "after": "EU=ORG, German=MISC",
            },
        ),
        now_wrong=(),
        hardest=(),
        per_label=tuple(
            {"label": name, "precision": 0.7, "recall": 0.7, "f1": 0.7, "support": n}
            for name, n in (("ORG", 60), ("LOC", 44), ("MISC", 8))
        ),
        confusion={},
        slices=(),
        calibration={},
        curves={},
        clock={"seconds": 221},
    )
