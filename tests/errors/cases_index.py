"""Indexes that are refused: folders that are none, damaged, of another model; ids that do not fit."""

import json

import numpy as np
from error_case import Case
from error_desk import RUN, Desk

from dongcha.index import Index
from dongcha.stations.indexing import Corpus, build_index

ASK = ("index", "search", "house", "--text", "clean room", "--by", "bm25")
ASK_MODEL = (*ASK[:-1], "vectors")
PASSAGES = "doc,text\nquiet,the room was quiet\nsoup,the soup was good\n"


def house(desk: Desk) -> None:
    """Put an encoder, a file of passages and an index of them."""
    desk.encoder()
    desk.put("passages.csv", PASSAGES)
    build_index(Corpus(source="passages.csv", base=desk.root), "encoder", desk.root / "house")
    card = facts(desk)["card"] | {"model": "encoder"}  # not the desk's own path
    desk.put("house/index.json", json.dumps(facts(desk) | {"card": card}))


def facts(desk: Desk) -> dict:
    return json.loads((desk.root / "house" / "index.json").read_text(encoding="utf-8"))


def changed(desk: Desk, **changes) -> None:
    """Put an index whose index.json was changed by hand."""
    house(desk)
    desk.put("house/index.json", json.dumps(facts(desk) | changes))


def cut(desk: Desk, name: str) -> None:
    """Put an index of which a file broke off; the folder of its files gets a name that is always the same."""
    house(desk)
    (home,) = (desk.root / "house").glob("g-*")
    steady = home.rename(home.with_name("g-0123456789abcdef"))
    desk.put("house/index.json", json.dumps(facts(desk) | {"generation": steady.name}))
    path = steady / name
    path.write_bytes(path.read_bytes()[:-1])


def bare(desk: Desk) -> None:
    """Put an index that was made from vectors, not by a model."""
    Index.create(["a"], ["the soup"], np.ones((1, 4))).save(desk.root / "house")


def with_file(name: str, content: str):
    return lambda desk: (house(desk), desk.put(name, content))


INDEX_CASES = (
    Case(
        "index: no such folder",
        ("`dongcha index search hose`, a name mistyped", "`dongcha index search hose`，名称写错"),
        ("name the folder that was given to `--to`", "改为 `--to` 所用的文件夹"),
        house,
        ("index", "search", "hose", "--text", "clean room"),
    ),
    Case(
        "open book: no such index",
        ("`dongcha predict --corpus hose`, a name mistyped", "`dongcha predict --corpus hose`，名称写错"),
        ("name the folder that was given to `--to`", "改为 `--to` 所用的文件夹"),
        lambda d: d.run("qa"),
        ("predict", RUN, "--corpus", "hose", "--text", "where is it?"),
    ),
    Case(
        "open book: the index's model has moved",
        (
            "`dongcha predict --corpus house`, the index's model moved",
            "`dongcha predict --corpus house`，索引的模型已移走",
        ),
        ("say where it is now: `--corpus-model new`", "指明现在的位置：`--corpus-model new`"),
        lambda d: (d.run("qa"), house(d), (d.root / "encoder").rename(d.root / "new")),
        ("predict", RUN, "--corpus", "house", "--text", "where is it?"),
    ),
    Case(
        "index: folder that is none",
        ("a folder without `index.json`", "文件夹里没有 `index.json`"),
        ("name the index's folder, or build it anew", "改为索引所在的文件夹，或重新建立"),
        lambda d: d.put("house/notes.txt", "mine\n"),
        ASK,
    ),
    Case(
        "index: file cut short",
        ("a copy of which `vectors.npy` broke off", "复制时 `vectors.npy` 不完整"),
        ("copy it again", "重新复制"),
        lambda d: cut(d, "vectors.npy"),
        ASK,
    ),
    Case(
        "index: card broken",
        ("an `index.json` cut in the middle", "`index.json` 不完整"),
        ("copy it again", "重新复制"),
        lambda d: (house(d), d.put("house/index.json", '{"format": 1, "gener')),
        ASK,
    ),
    Case(
        "index: later form",
        ("an index of a later version of dongcha", "较新版本的 dongcha 建立的索引"),
        ("update dongcha", "升级 dongcha"),
        lambda d: changed(d, format=2),
        ASK,
    ),
    Case(
        "index: another model",
        ("`--model` names a model with other weights", "`--model` 指向权重不同的模型"),
        ("name the model that made the index", "改为建立索引所用的模型"),
        lambda d: changed(d, card={"model": "encoder", "sha256": "0" * 64}),
        ASK_MODEL,
    ),
    Case(
        "index: made by no model",
        ("a question for an index of vectors of your own", "向由自备向量建立的索引提问"),
        ("search it by words, or from Python", "按词语检索，或在 Python 中检索"),
        bare,
        ASK_MODEL,
    ),
    Case(
        "index: stands already",
        ("`--to` names an index", "`--to` 指向已有的索引"),
        ("add to it, or name another folder", "添加到其中，或换一个文件夹"),
        house,
        ("index", "build", "encoder", "passages.csv", "--to", "house"),
    ),
    Case(
        "index: folder of other things",
        ("`--to` names a folder that holds other files", "`--to` 指向有其他文件的文件夹"),
        ("name a new folder", "指定新的文件夹"),
        lambda d: (house(d), d.put("mine/notes.txt", "mine\n")),
        ("index", "build", "encoder", "passages.csv", "--to", "mine"),
    ),
    Case(
        "index: id that stands",
        ("the same passages added again", "重复添加相同的段落"),
        ("delete them first, or give other ids", "先删除它们，或换用其他编号"),
        house,
        ("index", "add", "house", "passages.csv"),
    ),
    Case(
        "index: id twice in a file",
        ("two passages of one `doc`", "两个段落的 `doc` 相同"),
        ("give each its own", "为每个段落指定各自的编号"),
        with_file("more.csv", "doc,text\nbar,the bar\npool,the pool\nbar,the other bar\n"),
        ("index", "add", "house", "more.csv"),
    ),
    Case(
        "index: no column of ids",
        ("a file without a column `doc`", "文件没有 `doc` 列"),
        ("name it: `--doc-column id`", "用 `--doc-column id` 指明"),
        with_file("more.csv", "id,text\nbar,the bar\n"),
        ("index", "add", "house", "more.csv"),
    ),
    Case(
        "index: unknown id",
        ("a passage to delete that is not there", "要删除的段落不存在"),
        ("take an id that a search shows", "使用搜索结果中显示的编号"),
        house,
        ("index", "delete", "house", "soup", "pool"),
    ),
    Case(
        "index: nothing to look for",
        ("neither a file nor `--text`", "既无文件，也无 `--text`"),
        ("give one of them", "给出其一"),
        house,
        ("index", "search", "house"),
    ),
    Case(
        "index: blank question",
        ('`--text " "`', '`--text " "`'),
        ("give a text", "给出文本"),
        house,
        (*ASK[:-3], " "),
    ),
)
