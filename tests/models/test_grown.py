"""A grown vocabulary: which pieces, how they begin, that plain Transformers reads the same, that nothing else moves."""

import json
import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from dongcha import files
from dongcha.errors import ModelError
from dongcha.metrics._words import is_chinese
from dongcha.models.grown import FEWEST, MOST_PARTS, grow
from dongcha.models.scratch import Corpus
from dongcha.models.source import locate
from dongcha.testing import tiny_encoder, tiny_writer

LETTERS = "abdefghiknprstuwy"
SPECIAL = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
TEXTS = ["the sighted deputy, the 12 sighted", "a sighted deputy ran", "three deputy 12 spun"] * FEWEST


def corpus(texts=TEXTS):
    return Corpus("texts.txt", files.hash_value(texts), lambda: iter(texts))


def word_pieces(folder):
    """A tiny encoder whose word pieces are single letters and a few words."""
    tiny_encoder(folder)
    pieces = [*SPECIAL.values(), *LETTERS, *(f"##{c}" for c in LETTERS), "the", "12", ",", "3"]
    old = transformers.AutoTokenizer.from_pretrained(folder)
    raw = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = old.backend_tokenizer.post_processor
    PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=64, **SPECIAL).save_pretrained(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    config.vocab_size = len(pieces)
    torch.manual_seed(0)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    return folder


def grown(folder, tmp_path, pieces=30, texts=TEXTS):
    return grow(locate(str(folder), base=tmp_path, cache=tmp_path / "c"), pieces, corpus(texts), tmp_path / "cache")


def tokens(folder, text):
    return transformers.AutoTokenizer.from_pretrained(folder).tokenize(text)


def test_a_model_in_shards_grows_too(tmp_path):
    folder = word_pieces(tmp_path / "m")
    transformers.BertForMaskedLM.from_pretrained(folder).save_pretrained(folder, max_shard_size="8KB")
    (folder / "model.safetensors").unlink()
    assert len(list(folder.glob("*.safetensors"))) > 1
    found = grown(folder, tmp_path)
    model, told = transformers.BertForMaskedLM.from_pretrained(found.folder, output_loading_info=True)
    assert not told["missing_keys"] and model.config.vocab_size == len(model.get_input_embeddings().weight)
    assert tokens(found.folder, "the sighted deputy") == ["the", "sighted", "deputy"]


def test_no_piece_joins_chinese_characters_that_are_read_apart(tmp_path):
    folder = tiny_encoder(tmp_path / "m", joins_cjk=True)
    texts = corpus(["北京房间很好，房间干净", "the room was good"] * FEWEST)
    source = locate(str(folder), base=tmp_path, cache=tmp_path / "c")
    found = grow(source, 30, texts, tmp_path / "cache", isolates_cjk=True)
    known = transformers.AutoTokenizer.from_pretrained(found.folder).get_vocab().keys()
    before = transformers.AutoTokenizer.from_pretrained(folder).get_vocab().keys()
    assert known - before and not any(is_chinese(piece) for piece in known - before)
    other = grow(source, 30, texts, tmp_path / "cache")
    assert any(
        is_chinese(name)
        for name in transformers.AutoTokenizer.from_pretrained(other.folder).get_vocab().keys() - before
    )


def test_words_of_the_texts_become_pieces_and_the_rest_is_read_as_before(tmp_path):
    folder = word_pieces(tmp_path / "m")
    found = grown(folder, tmp_path)
    assert tokens(found.folder, "the sighted deputy") == ["the", "sighted", "deputy"]
    assert tokens(found.folder, "hurry 12,") == tokens(folder, "hurry 12,")
    before, after = found.grown["tokens"]
    assert after < before and found.grown["texts"] == len(TEXTS) and found.grown["pieces"] <= 30
    assert found.original is not None and found.original.folder == folder and found.sha256 != found.original.sha256


def test_no_piece_joins_words_or_holds_numbers_and_signs(tmp_path):
    found = grown(word_pieces(tmp_path / "m"), tmp_path, pieces=1000)
    new = [*json.loads((found.folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]]
    assert all(piece.removeprefix("##").isalpha() for piece in new[-found.grown["pieces"] :])
    assert len(new) == len({*new})


def test_a_new_row_is_the_mean_of_its_parts_and_all_other_weights_stay(tmp_path):
    folder = word_pieces(tmp_path / "m")
    found = grown(folder, tmp_path)
    old, new = (load_file(one / "model.safetensors") for one in (folder, found.folder))
    table, bias = "bert.embeddings.word_embeddings.weight", "cls.predictions.bias"
    size = len(old[table])
    word = transformers.AutoTokenizer.from_pretrained(found.folder).convert_tokens_to_ids("deputy")
    parts = transformers.AutoTokenizer.from_pretrained(folder)("deputy", add_special_tokens=False).input_ids
    assert word >= size
    assert torch.allclose(new[table][word], old[table][parts].mean(dim=0))
    assert torch.allclose(new[bias][word], old[bias][parts].mean())
    assert {*old} == {*new} and all(torch.equal(old[name], new[name][: len(old[name])]) for name in old)
    module, told = transformers.AutoModelForMaskedLM.from_pretrained(found.folder, output_loading_info=True)
    assert module.config.vocab_size == len(new[table]) == size + found.grown["pieces"] and not told["missing_keys"]


@pytest.mark.parametrize("tied", [True, False])
def test_the_output_layer_of_distilbert_grows_too(tmp_path, tied):
    folder = word_pieces(tmp_path / "m")
    size = transformers.AutoConfig.from_pretrained(folder).vocab_size
    shape = {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 64}
    config = transformers.DistilBertConfig(vocab_size=size, tie_word_embeddings=tied, **shape)
    module = transformers.DistilBertForMaskedLM(config)
    torch.nn.init.normal_(module.vocab_projector.bias)  # as training leaves it
    module.save_pretrained(folder)
    found = grown(folder, tmp_path)
    new, told = transformers.AutoModelForMaskedLM.from_pretrained(found.folder, output_loading_info=True)
    assert not told["missing_keys"] and not told["mismatched_keys"]
    word = transformers.AutoTokenizer.from_pretrained(found.folder).convert_tokens_to_ids("deputy")
    parts = transformers.AutoTokenizer.from_pretrained(folder)("deputy", add_special_tokens=False).input_ids
    for name in ("weight", "bias"):
        before, after = (getattr(one.vocab_projector, name) for one in (module, new))
        assert torch.equal(after[:size], before) and len(after) == size + found.grown["pieces"]
        assert torch.allclose(after[word], before[parts].mean(dim=0))


def test_the_same_texts_give_the_same_bytes(tmp_path):
    folder = word_pieces(tmp_path / "m")
    first = grown(folder, tmp_path)
    kept = {name: files.hash_file(first.folder / name) for name in ("model.safetensors", "tokenizer.json")}
    shutil.rmtree(tmp_path / "cache")
    again = grown(folder, tmp_path)
    assert kept == {name: files.hash_file(again.folder / name) for name in kept} and again == first


def test_a_unigram_vocabulary_grows_over_chinese_words(tmp_path):
    folder = tiny_encoder(tmp_path / "m", joins_cjk=True)
    texts = ["我们，房间服务很好。 the room"] * FEWEST
    found = grown(folder, tmp_path, texts=texts)
    assert found.grown["first"] == ["房间服务很好"]
    old, new = (transformers.AutoTokenizer.from_pretrained(one) for one in (folder, found.folder))
    assert new.tokenize("房间服务很好") == ["▁", "房间服务很好"]
    assert new.tokenize("房间 the room") == old.tokenize("房间 the room")
    assert new.decode(new(texts[0]).input_ids) == old.decode(old(texts[0]).input_ids)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "bart"])
def test_byte_pairs_grow_by_merges_and_give_the_same_text_back(tmp_path, kind):
    folder = tiny_writer(tmp_path / "m", kind=kind)
    found = grown(folder, tmp_path)
    old, new = (transformers.AutoTokenizer.from_pretrained(one) for one in (folder, found.folder))
    for text in (*TEXTS[:3], "房间 12"):
        assert old.decode(old(text).input_ids) == new.decode(new(text).input_ids)
    assert len(new("sighted").input_ids) < len(old("sighted").input_ids)
    assert len(new("房间 12").input_ids) == len(old("房间 12").input_ids)
    auto = transformers.AutoModelForSeq2SeqLM if kind == "bart" else transformers.AutoModelForCausalLM
    module = auto.from_pretrained(found.folder)
    ids = torch.tensor([new("sighted deputy").input_ids])
    assert torch.isfinite(module(input_ids=ids).logits).all()


def test_a_word_of_more_parts_than_a_piece_may_have_stays_in_several(tmp_path):
    found = grown(word_pieces(tmp_path / "m"), tmp_path, texts=["unwary unweighted"] * FEWEST)
    assert [len(word) for word in ("unwary", "unweighted")] == [6, MOST_PARTS + 2]
    assert tokens(found.folder, "unwary") == ["unwary"] and len(tokens(found.folder, "unweighted")) > 1


def test_texts_without_a_repeated_pair_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"new_pieces.*texts\.txt.*10 times"):
        grown(word_pieces(tmp_path / "m"), tmp_path, texts=["12, 3", "the a"])
