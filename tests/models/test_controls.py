"""Writing within rules: what fits is kept, by tiny random writers that know nothing; a row alone is as among others."""

import json
import time

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, normalizers, processors
from tokenizers import models as pieces
from transformers import PreTrainedTokenizerFast

from dongcha.config.sections import Decoding
from dongcha.data.features import gather
from dongcha.metrics._rules import RULES
from dongcha.metrics._rules import given as given_rules
from dongcha.metrics._words import words
from dongcha.models.controls import controlled
from dongcha.models.controls._base import Draft, Pen
from dongcha.models.controls.grammar import regex, vocabulary_of, way_home
from dongcha.models.controls.must_include import control, spellings_of
from dongcha.models.heads import writer
from dongcha.models.model import build_model
from dongcha.models.said import said
from dongcha.models.tokenizer import load_tokenizer
from dongcha.models.writing import ends_of, write
from dongcha.tasks._base import Lengths
from dongcha.tasks.generation import Task

pytest.importorskip("llguidance", reason="llguidance is not installed (pip install dongcha[generate])")
pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed (pip install dongcha[generate])")

KINDS = ("llama", "t5")
ROOM = 48
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["age"],
    "additionalProperties": False,
}
RULED = (
    {"must_include": ["sea", "blue sky"]},
    {"must_include": ["天气", "OpenAI"], "max_length": 6},
    {"must_exclude": ["e", "x", "天"]},
    {"max_length": 2, "must_exclude": ["!"]},
    {"regex": r"[0-9]{4}-[0-9]{2}"},
    {"regex": "(a|b)*abb"},
    {"regex": "[a-z]{12,}x"},
    {"regex": "[一-龥]{2}"},
    {"json_schema": PERSON},
    {"json_schema": json.dumps({"type": "array", "items": {"type": "integer"}, "minItems": 3})},
    {"regex": "[a-z ]*", "must_include": ["sea"], "must_exclude": ["a"]},
)


def prompts_of(model, count):
    task = Task(prompt="{prompt}\n", lengths=Lengths(max_tokens=model.tokenizer.max_tokens))
    rows = {"prompt": [f"tell {'more ' * (i % 4)}{i}" for i in range(count)]}
    return gather([task.reading(model.tokenizer).encode(rows, model.tokenizer, 0)])


def texts_of(model, rules, prompts=None, **options):
    decoding = Decoding(**{"max_new_tokens": ROOM} | options)
    prompts = prompts_of(model, len(rules)) if prompts is None else prompts
    written = write(model, prompts, decoding, rules=rules)
    assert all(len(ids) <= int(decoding.max_new_tokens) for ids in written)
    return [said(model.tokenizer.text_of(ids.tolist()), decoding.stop or ()) for ids in written]


def broken(rules, text):
    return [kind for kind, value in given_rules(rules).items() if not RULES[kind].keeps(value, text)]


WAYS = {"greedy": {}, "beams": {"beams": 3}, "drawn": {"temperature": 1.0}, "stopped": {"stop": ("\n", "!")}}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_rules_that_can_be_kept_are_kept(models, kind, way):
    rules = RULED[:-1]
    for own, text in zip(rules, texts_of(models(kind), rules, **WAYS[way]), strict=True):
        assert broken(own, text) == [], (own, text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_alone_is_as_among_others(models, kind):
    model, rules = models(kind), [*RULED, {}]
    prompts = prompts_of(model, len(rules))
    among = texts_of(model, rules, prompts)
    for row in range(len(rules)):
        assert texts_of(model, rules[row : row + 1], prompts.take(np.array([row]))) == [among[row]]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_without_rules_write_as_they_did(models, kind):
    model = models(kind)
    prompts = prompts_of(model, 6)
    plain = write(model, prompts, Decoding(max_new_tokens=ROOM, stop=("!",)))
    none = write(model, prompts, Decoding(max_new_tokens=ROOM, stop=("!",)), rules=[{}] * 6)
    some = write(
        model, prompts, Decoding(max_new_tokens=ROOM, stop=("!",)), rules=[{"regex": None}, {"min_length": 3}] * 3
    )
    assert all(map(np.array_equal, plain, none))
    assert all(map(np.array_equal, plain[::2], some[::2]))


phrases = st.lists(st.text(st.sampled_from("ab z天气C+3"), min_size=1, max_size=6).filter(str.strip), max_size=4)


@settings(max_examples=30, deadline=None)
@given(wanted=phrases, most=st.none() | st.integers(1, 8), row=st.integers(0, 3))
@example(wanted=["33天气3", "+33天3", "气+气天天"], most=None, row=0)  # a way that is longer when looked for anew
def test_every_phrase_that_fits_stands_in_the_text(models, wanted, most, row):
    model = models("llama")
    rules = {"must_include": wanted, "max_length": most}
    fits = fitting(model, wanted, most)
    text = texts_of(model, [{}] * row + [rules])[row]
    assert [phrase for phrase in fits if not RULES["must_include"].keeps([phrase], text)] == []
    assert most is None or len(words(text)) <= most
    if most is None and sum(len(one.encode()) + 1 for one in set(wanted)) <= ROOM:
        assert {*fits} == {*wanted}


def fitting(model, wanted, most):
    pen = Pen(model.tokenizer, ends_of(model), ())
    return control(wanted, pen, ROOM, most=most, without=()).phrases


@settings(max_examples=12, deadline=None)
@given(banned=st.lists(st.sampled_from(["a", "E", "the", "天", "x y", "#", "q"]), min_size=1, max_size=5))
def test_no_excluded_phrase_is_ever_written(models, banned):
    rules = [{"must_exclude": banned, "min_length": 3}] * 3
    for way in ({}, {"temperature": 2.0}):
        for text in texts_of(models("llama"), rules, **way):
            assert broken({"must_exclude": banned}, text) == [], text


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_does_not_end_too_early(models, kind):
    model = models(kind)
    end = model.tokenizer.end_id
    rules = {"min_length": 4, "max_length": 6}
    pen = Pen(model.tokenizer, ends_of(model), ("!",))
    wants_end = torch.zeros(1, 260)
    wants_end[0, end], wants_end[0, model.tokenizer.plain_ids(["!"])[0][0]] = 9, 8
    keeper = controlled([rules], pen, [ROOM], read=0, beams=1, drawn=False)
    for text, ends in (("one two three", False), ("one two three four", True), ("一二三", False), ("一二三四", True)):
        ids = torch.tensor([model.tokenizer.plain_ids([text])[0]])
        assert (int(keeper(ids, wants_end.clone()).argmax()) == end) is ends
    for text in ("a b c d e f ", "一二三四五六"):  # no seventh word, whatever the model would write
        wants_more = torch.zeros(1, 260)
        wants_more[0, model.tokenizer.plain_ids(["g"])[0][0]] = 9
        token = int(keeper(torch.tensor([model.tokenizer.plain_ids([text])[0]]), wants_more).argmax())
        assert len(words(model.tokenizer.text_of([*model.tokenizer.plain_ids([text])[0], token]))) == 6


def test_what_cannot_be_kept_together_ends_all_the_same(models):
    rules = [
        {"must_include": ["sea"], "must_exclude": ["sea"]},
        {"regex": "b+", "must_include": ["a"]},
        {"min_length": 5, "max_length": 2},
        {"regex": "[a-z]{400}"},
        {"json_schema": False},
        {"json_schema": {"type": "array", "items": PERSON, "minItems": 40}},
        {"must_include": ["word " * 60]},
        {"must_include": ["a\nb"], "regex": "x", "json_schema": PERSON},
    ]
    started = time.monotonic()
    for kind in KINDS:
        for own, text in zip(rules, texts_of(models(kind), rules, stop=("\n",)), strict=True):
            assert broken(own, text), (own, text)
    assert time.monotonic() - started < 60


def test_phrases_that_do_not_fit_together_leave_room_for_the_others(models):
    rules = [{"must_include": ["sea", "x" * ROOM, "sky"]}]
    text = texts_of(models("llama"), rules)[0]
    assert not broken({"must_include": ["sea", "sky"]}, text)


def sentence_pieces(folder):
    """Write a tokenizer as Gemma has: blanks are signs of their own, what it does not know is bytes."""
    known = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{i:02X}>" for i in range(256))]
    known += ["▁", *'abcdefghijklmnopqrstuvwxyz0123456789-{}[]",:', "se", "sea", "▁sea", "天", "气", '":', '"}']
    merges = [("s", "e"), ("se", "a"), ("▁", "sea"), ('"', ":"), ('"', "}")]
    raw = Tokenizer(
        pieces.BPE(
            vocab={piece: i for i, piece in enumerate(known)}, merges=merges, unk_token="<unk>", byte_fallback=True
        )
    )
    raw.normalizer = normalizers.Replace(" ", "▁")
    raw.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    raw.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    names = {"pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(
        tokenizer_object=raw, model_max_length=160, clean_up_tokenization_spaces=False, **names
    ).save_pretrained(folder)
    return len(known)


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    import transformers

    folder = tmp_path_factory.mktemp("gemma")
    size = sentence_pieces(folder)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
    shape |= {"num_key_value_heads": 1, "head_dim": 16, "sliding_window": 24, "max_position_embeddings": 160}
    torch.manual_seed(3)
    ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}  # more logits than tokens, as models have
    config = transformers.AutoConfig.for_model("gemma3_text", vocab_size=size + 9, **shape, **ids)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return build_model(folder, writer.SPEC, max_tokens=None, seed=0, card={})


def test_sentence_pieces_are_held_too(gemma):
    for own, text in zip(RULED[:-1], texts_of(gemma, RULED[:-1]), strict=True):
        assert broken(own, text) == [], (own, text)


def test_a_phrase_is_written_apart_or_goes_on_from_what_was_begun(gemma):
    ids = gemma.tokenizer.hf.convert_tokens_to_ids
    pen = Pen(gemma.tokenizer, ends_of(gemma), ())
    assert spellings_of(gemma.tokenizer, "sea") == ((ids("sea"),), (ids("▁sea"),))
    wanted = control(["sea"], pen, ROOM, most=None, without=())

    def way(text):
        return wanted.way(Draft(pen, tuple(gemma.tokenizer.plain_ids([text])[0]), ROOM), ["sea"]).ids

    assert way("go") == (ids("▁sea"),) == way("天 go")
    assert way("天") == (ids("sea"),) == way("go ")
    assert gemma.tokenizer.text_of([ids("天"), *way("天")]) == "天sea"


def test_a_way_home_is_found_and_is_one(models):
    model = models("llama")
    pen = Pen(model.tokenizer, ends_of(model), ())
    characters = vocabulary_of(pen).characters
    assert vocabulary_of(pen) is vocabulary_of(pen)
    for pattern, least in (("[a-z]{20,}x", 21), ("(a|b)*abb", 3), (r"[0-9]{4}-[0-9]{2}", 7), ("a*", 0), ("天{3}", 9)):
        home = way_home(regex(pattern, pen, ROOM).start, characters, ROOM)
        assert least <= len(home) <= least + 1 and RULES["regex"].keeps(
            pattern, model.tokenizer.text_of(list(home)).strip()
        )
    assert way_home(regex("a{60}", pen, ROOM).start, characters, ROOM) is None


def test_tokenizers_of_texts_that_lack_a_character_leave_its_phrase_out(tmp_path):
    from dongcha.testing import tiny_encoder

    class Config:
        max_position_embeddings = 64

    tokenizer = load_tokenizer(tiny_encoder(tmp_path / "m", pooling=None), Config())
    pen = Pen(tokenizer, frozenset({3}), ())
    assert control(["sea", "龘"], pen, ROOM, most=None, without=()).phrases == ("sea",)
