"""Models that are refused, and predictions that cannot be made."""

import json
import pickle
import struct
from pathlib import Path

from error_case import Case
from error_desk import RUN, Desk


class Shell:
    """Unpickling this would run a command."""

    def __reduce__(self):
        import os

        return os.system, ("touch canary",)


PICKLE = pickle.dumps(Shell())
ASK = ("predict", RUN, "--text", "good room")


def without(*names: str, **put: str | bytes):
    """Put a plain place whose model lacks some files and has others."""

    def prepare(desk: Desk) -> None:
        desk.recipe(), desk.rows(), desk.encoder(without=names)
        for name, content in put.items():
            desk.put(f"encoder/{name.replace('__', '.')}", content)

    return prepare


def edited(name: str, **changes):
    """Put a plain place whose model has a JSON file with changed keys."""
    return lambda desk: (desk.plain(), given(desk.root / "encoder" / name, **changes))


def given(path: Path, **changes) -> None:
    """Change keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def cut(path: Path, size: int) -> None:
    """Cut a file to its first bytes."""
    path.write_bytes(path.read_bytes()[:size])


def header(value: bytes, length: int | None = None) -> bytes:
    """Return a safetensors file of this header."""
    return struct.pack("<Q", len(value) if length is None else length) + value


def lost_file(desk: Desk) -> None:
    (desk.run() / "model" / "tokenizer.json").unlink()


MODEL_CASES = (
    Case(
        "no such model",
        ("a model folder whose name is mistyped", "模型文件夹名写错"),
        ("take the name that is there", "改用实际的名称"),
        lambda d: d.plain(model="encodr"),
    ),
    Case(
        "folder is no model",
        ("a folder without `config.json`", "文件夹里没有 `config.json`"),
        ("give the folder that has it", "改为含有它的文件夹"),
        without("config.json"),
    ),
    Case(
        "pickle-only model",
        ("weights in `pytorch_model.bin` only", "权重只有 `pytorch_model.bin`"),
        ("convert them to safetensors", "转换为 safetensors"),
        without("*.safetensors", pytorch_model__bin=PICKLE),
    ),
    Case(
        "pickle named safetensors",
        ("a pickle renamed `model.safetensors`", "把 pickle 改名为 `model.safetensors`"),
        ("get the weights again, as safetensors", "重新获取 safetensors 权重"),
        without("*.safetensors", model__safetensors=PICKLE),
    ),
    Case(
        "header of 8 exabytes",
        ("a safetensors header that claims 2^63 bytes", "safetensors 头部声称有 2^63 字节"),
        ("get the weights again", "重新获取权重"),
        without("*.safetensors", model__safetensors=header(b"{}", 2**63)),
    ),
    Case(
        "weights cut short",
        ("a download that broke off", "下载中断的权重"),
        ("get the weights again", "重新获取权重"),
        without(
            "*.safetensors",
            model__safetensors=header(b'{"w":{"dtype":"F32","shape":[64],"data_offsets":[0,256]}}') + b"\0" * 100,
        ),
    ),
    Case(
        "weights of another model",
        ("a safetensors file with none of the model's weights", "safetensors 中没有该模型的权重"),
        ("get the model again", "重新获取该模型"),
        without(
            "*.safetensors",
            model__safetensors=header(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}') + b"\0" * 4,
        ),
    ),
    Case(
        "shards out of the folder",
        ("an index that names `../../secret.safetensors`", "索引指向 `../../secret.safetensors`"),
        ("use a model whose index stays inside", "换用索引不越界的模型"),
        without(
            "*.safetensors", **{"model__safetensors__index__json": '{"weight_map": {"w": "../../secret.safetensors"}}'}
        ),
    ),
    Case(
        "model that brings code",
        ("`config.json` with an `auto_map`", "`config.json` 中有 `auto_map`"),
        ("use a model that needs no code of its own", "换用不带代码的模型"),
        edited("config.json", auto_map={"AutoModel": "evil.Model"}),
    ),
    Case(
        "code asked for deep inside",
        ("`trust_remote_code` three levels down", "第三层藏有 `trust_remote_code`"),
        ("use a model that needs no code of its own", "换用不带代码的模型"),
        edited("tokenizer_config.json", a={"b": [{"trust_remote_code": True}]}),
    ),
    Case(
        "shard that is missing",
        ("an index that names a file which is not there", "索引列出的文件不存在"),
        ("get all of its files", "获取全部文件"),
        without("*.safetensors", **{"model__safetensors__index__json": '{"weight_map": {"w": "model-1.safetensors"}}'}),
    ),
    Case(
        "index without files",
        ("an index that names nothing", "索引中没有列出文件"),
        ("get the model again", "重新获取该模型"),
        without("*.safetensors", model__safetensors__index__json="{}"),
    ),
    Case(
        "configuration of another kind",
        ("a `config.json` that is a list", "`config.json` 是列表"),
        ("get the model again", "重新获取该模型"),
        without("config.json", config__json="[1, 2]"),
    ),
    Case(
        "pooling of another kind",
        ("a `1_Pooling/config.json` that is a list", "`1_Pooling/config.json` 是列表"),
        ("get the model again", "重新获取该模型"),
        lambda d: (d.plain(), d.put("encoder/1_Pooling/config.json", "[]")),
    ),
    Case(
        "broken configuration",
        ("a `config.json` cut in the middle", "`config.json` 不完整"),
        ("get the model again", "重新获取该模型"),
        without("config.json", config__json='{"model_type": "be'),
    ),
    Case(
        "no tokeniser",
        ("a model without its tokeniser", "模型缺少分词器"),
        ("get all of its files", "获取全部文件"),
        without("tokenizer*", "vocab.txt", "special_tokens_map.json"),
    ),
    Case(
        "model out of a package",
        ("`package:dongcha/../../other`", "`package:dongcha/../../other`"),
        ("name a place inside the package", "写软件包之内的路径"),
        lambda d: d.plain(model="package:dongcha/../../other"),
    ),
    Case(
        "predict: no model there",
        ("a folder that no run made", "不是运行所得的文件夹"),
        ("give a run's folder", "改为某次运行的文件夹"),
        lambda d: d.encoder(),
        ("predict", "encoder", "--text", "good room"),
    ),
    Case(
        "predict: lost file",
        ("a copied run that lost a file", "复制时丢了文件的运行"),
        ("copy it whole", "完整复制"),
        lost_file,
        ASK,
    ),
    Case(
        "predict: damaged card",
        ("a run whose `task.json` was emptied by hand", "运行中的 `task.json` 被改成空对象"),
        ("copy it again", "重新复制"),
        lambda d: (d.run(), d.put(f"{RUN}/model/task.json", "{}")),
        ASK,
    ),
    Case(
        "predict: damaged marker",
        ("a run whose `done.json` broke off", "运行中的 `done.json` 不完整"),
        ("copy it again", "重新复制"),
        lambda d: (d.run(), d.put(f"{RUN}/model/done.json", '{"files": {')),
        ASK,
    ),
    Case(
        "predict: weights cut short",
        ("a run whose `head.safetensors` broke off", "运行中的 `head.safetensors` 不完整"),
        ("copy it again", "重新复制"),
        lambda d: cut(d.run() / "model" / "head.safetensors", 50),
        ASK,
    ),
    Case(
        "predict: model that brings code",
        ("a run whose `config.json` was given an `auto_map`", "运行中的 `config.json` 被加上 `auto_map`"),
        ("use a model that needs no code of its own", "换用不带代码的模型"),
        lambda d: given(d.run() / "model" / "config.json", auto_map={"AutoModel": "evil.Model"}),
        ASK,
    ),
    Case(
        "predict: no such file",
        ("a file whose name is mistyped", "文件名写错"),
        ("type the name that is there", "改用实际的文件名"),
        lambda d: (d.run(), d.put("new.csv", "text\ngood room\n")),
        ("predict", RUN, "nev.csv"),
    ),
    Case(
        "predict: nested too deep",
        ("a hundred thousand brackets on standard input", "标准输入中有十万层括号"),
        ("give whole objects, one a line", "每行一个完整对象"),
        lambda d: (d.run(), setattr(d, "stdin", '{"a":' * 100_000)),
        ("predict", RUN, "-"),
    ),
    Case(
        "predict: bytes that are no text",
        ("Latin-1 on standard input", "标准输入是 Latin-1"),
        ("pipe UTF-8 in", "输入 UTF-8"),
        lambda d: (d.run(), setattr(d, "stdin", b"good room\ncaf\xe9\n")),
        ("predict", RUN, "-"),
    ),
    Case(
        "predict: nothing to answer",
        ("neither a file nor `--text`", "既无文件也无 `--text`"),
        ("give one of them", "给出其一"),
        lambda d: d.run(),
        ("predict", RUN),
    ),
    Case(
        "predict: no such column",
        ("a table without a column `text`", "表格没有 `text` 列"),
        ("name it: `--text-column review`", "用 `--text-column review` 指明"),
        lambda d: (d.run(), d.put("new.csv", "review,stars\ngood room,5\n")),
        ("predict", RUN, "new.csv"),
    ),
    Case(
        "predict: broken line",
        ("a broken JSON line on standard input", "标准输入中有一行 JSON 不完整"),
        ("give whole objects, one a line", "每行一个完整对象"),
        lambda d: (d.run(), setattr(d, "stdin", '{"text": "good room"}\n{"text": "bad\n')),
        ("predict", RUN, "-"),
    ),
    Case(
        "predict: Excel to the screen",
        ("an Excel file without `--output`", "读 Excel 却未给 `--output`"),
        ("name a file", "指定输出文件"),
        lambda d: (d.run(), d.put("new.xlsx", b"x")),
        ("predict", RUN, "new.xlsx"),
    ),
    Case(
        "predict: threshold without confidence",
        ("`--unsure-below` for a regression", "对回归模型用 `--unsure-below`"),
        ("leave it out", "去掉该选项"),
        lambda d: d.run("regression"),
        (*ASK, "--unsure-below", "0.8"),
    ),
    Case(
        "no such run",
        ("a run that is not here", "此处没有该运行"),
        ("take a known one", "改用已有的运行"),
        lambda d: d.run(),
        ("runs", "show", "reviewz"),
    ),
    Case(
        "unknown verb",
        ("`dongcha trian`", "`dongcha trian`"),
        ("see `dongcha --help`", "参见 `dongcha --help`"),
        lambda d: None,
        ("trian",),
    ),
    Case(
        "unknown option",
        ("`--epochs 3`", "`--epochs 3`"),
        ("see `dongcha run --help`", "参见 `dongcha run --help`"),
        lambda d: d.plain(),
        ("run", "recipe.yaml", "--epochs", "3"),
    ),
)
