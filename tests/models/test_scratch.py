"""A new model is an ordinary folder, the same for the same texts and seed, as large as its texts are worth."""

import subprocess
import sys

import pytest
import torch
import transformers

from dongcha import files
from dongcha.config.sections import Scratch
from dongcha.errors import ModelError
from dongcha.models.masked import load_masked
from dongcha.models.pieces import MOST_PIECES, Alphabet, learn_pieces
from dongcha.models.scratch import SIZES, Corpus, make, shape_of
from dongcha.models.tokenizer import load_tokenizer
from dongcha.testing import tiny_rows

TEXTS = [f"{row['text']}, 北京房间 don't Naïve" for row in tiny_rows("classification", 40)]
SMALL = Scratch(layers=2, hidden=16, heads=2, vocabulary=120, max_tokens=32)


def corpus(texts=TEXTS):
    return Corpus("texts.txt", files.hash_value(texts), lambda: iter(texts))


def pieces(texts=TEXTS, most=120, **how):
    how = {"lowercase": True, "max_tokens": 32, **how}
    alphabet = Alphabet.of(texts, lowercase=how["lowercase"])
    return learn_pieces(iter(texts), alphabet, most, **how)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(SMALL, corpus(), 3, tmp_path_factory.mktemp("cache"))


def test_plain_transformers_loads_what_is_made(made):
    module, info = transformers.AutoModelForMaskedLM.from_pretrained(made.folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    plain = transformers.AutoTokenizer.from_pretrained(made.folder)
    assert plain.mask_token == "[MASK]" and plain.pad_token_id == module.config.pad_token_id == 0
    assert plain("good room").input_ids == load_tokenizer(made.folder, module.config).ids(["good room"])[0]
    assert (module.config.num_hidden_layers, module.config.hidden_size) == (2, 16)
    assert not load_masked(made.folder, 0).new, "its head was drawn with it and needs no steps alone"


def test_the_same_texts_and_seed_give_the_same_bytes_in_any_process(made, tmp_path):
    again = make(SMALL, corpus(), 3, tmp_path)
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert files.hash_file(again.folder / name) == files.hash_file(made.folder / name), name
    script = (
        "import hashlib, sys\nfrom dongcha.models.pieces import Alphabet, learn_pieces\n"
        "texts = sys.stdin.read().split('|')\n"
        "found = learn_pieces(texts, Alphabet.of(texts, lowercase=True), 300, lowercase=True, max_tokens=32)\n"
        "print(hashlib.sha256(found.backend_tokenizer.to_str().encode()).hexdigest())"
    )
    words = [f"w{i * 7919 % 1000:03d}x{i % 7} o{i % 11}k" for i in range(400)]
    how = {"input": "|".join(words), "capture_output": True, "text": True}
    found = {subprocess.run([sys.executable, "-c", script], check=True, **how).stdout for _ in range(3)}
    assert len(found) == 1, "the hash tables of a process leave no trace"


def test_another_seed_draws_other_weights_and_leaves_the_generator_alone(made, tmp_path):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    other = make(SMALL, corpus(), 4, tmp_path)
    assert torch.equal(state, torch.get_rng_state())
    assert other.sha256 != made.sha256
    assert files.hash_file(other.folder / "tokenizer.json") == files.hash_file(made.folder / "tokenizer.json")


def test_it_is_made_once_for_the_same_content(made, tmp_path):
    read = []

    def texts():
        read.append(1)
        return iter(TEXTS)

    one = Corpus("texts.txt", "content", texts)
    assert make(SMALL, one, 3, tmp_path) == make(SMALL, one, 3, tmp_path)
    assert len(read) == 2, "once for the characters, once for the pieces"
    make(SMALL, Corpus("texts.txt", "other content", texts), 3, tmp_path)
    assert len(read) == 4


def test_each_cjk_character_is_a_piece_of_its_own():
    found = pieces(["北京 北京 北京abc カタ，カタ，"] * 9)
    tokens = found.tokenize("北京abc北，カ")
    assert tokens == ["北", "京", "abc", "北", "，", "カ"]
    assert not [
        piece for piece in found.get_vocab() if piece.startswith("##") and len(piece) == 3 and piece[2] in "北京カ"
    ]


def test_words_are_cut_into_pieces_with_their_places():
    found = pieces().backend_tokenizer.encode("The ROOM naïve", add_special_tokens=False)
    assert "".join(found.tokens).replace("##", "") == "theroomnaive"
    assert found.offsets[0][0] == 0 and found.offsets[-1][1] == len("The ROOM naïve")
    kept = pieces(["The ROOM"] * 9, lowercase=False)
    assert kept.tokenize("The ROOM") == ["The", "ROOM"] and kept.tokenize("the")[0] == "[UNK]"


def test_there_are_no_more_pieces_than_asked_for_and_rare_characters_go_first():
    texts = ["".join(chr(0x4E00 + i) * (200 - i) for i in range(150))]
    found = pieces(texts, most=100)
    assert len(found) == 100
    assert found.tokenize(chr(0x4E00)) == [chr(0x4E00)] and found.tokenize(chr(0x4E00 + 140)) == ["[UNK]"]


def test_a_shape_grows_with_its_texts():
    def shape(length, longest=10, **asked):
        alphabet = Alphabet([(c, 9) for c in "abc"], length, longest)
        return shape_of(Scratch(**asked), alphabet, "texts.txt")

    sizes = [shape(least) for least, _, _ in SIZES]
    assert [(one["layers"], one["hidden"]) for one in sizes] == [(2, 128), (4, 256), (6, 384)]
    assert [one["heads"] for one in sizes] == [2, 4, 6]
    assert sizes[0]["vocabulary"] < sizes[1]["vocabulary"] < sizes[2]["vocabulary"] <= MOST_PIECES
    assert shape(0, longest=128)["max_tokens"] == 128 and shape(0, longest=129)["max_tokens"] == 256
    assert shape(0, hidden=100)["heads"] == 1 and shape(0, layers=9)["layers"] == 9


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(ModelError, match="hidden 16 cannot be shared evenly by 3 heads"):
        make(Scratch(hidden=16, heads=3), corpus(), 0, tmp_path)
    with pytest.raises(ModelError, match=r"texts\.txt holds no character twice"):
        make(Scratch(), corpus(["abc", "def"]), 0, tmp_path)
    assert not list(tmp_path.glob("models/*/done.json"))
