"""Models that write: surprises are plain Transformers', samples do not see one another, batches change nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from chained_writers import chained
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers import models as pieces

from dongcha.config.sections import Decoding
from dongcha.data.features import IGNORED, Features, bounds, gather
from dongcha.errors import DataError, ModelError
from dongcha.models.controls._base import Pen
from dongcha.models.heads import writer
from dongcha.models.model import build_model, load_model
from dongcha.models.said import ToTheLetter, cut_at, is_over
from dongcha.models.said import said as as_said
from dongcha.models.tokenizer import side_by_side
from dongcha.models.writing import Held, Stopped, ends_of, room_for, stream, write
from dongcha.tasks._base import Lengths
from dongcha.tasks._predict import lay_flat
from dongcha.tasks.translation import Task
from dongcha.testing import tiny_encoder, tiny_rows

KINDS = ("llama", "gpt2", "gemma3_text", "t5", "bart")
DECODERS = KINDS[:3]
ROWS = {name: [row[name] for row in tiny_rows("translation", 12)] for name in ("source", "target")}
PROMPT = "Text: {source}\nTranslation:"


def task_for(model, **changes):
    task = Task(prompt=PROMPT, writes="zh", lengths=Lengths(max_tokens=model.tokenizer.max_tokens))
    return replace(task.reading(model.tokenizer), **changes)


def features_of(model, rows=ROWS, **changes):
    return gather([task_for(model, **changes).encode(rows, model.tokenizer, 0)])


@pytest.mark.parametrize("kind", KINDS)
def test_surprises_are_those_of_plain_transformers(models, kind, tmp_path):
    model = models(kind)
    features = features_of(model)
    ours = lay_flat(features, model.logits(features))
    model.save(tmp_path / "saved")
    batch = features.batch(np.arange(len(features)), model.tokenizer.pad_id)
    theirs = writer.plain_outputs(tmp_path / "saved", batch)
    assert np.allclose(ours, theirs[batch["mask"]], atol=1e-5)
    asked = np.asarray(features.tokens["next"]) != IGNORED
    assert (ours[asked] > 0).all() and not ours[~asked].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_feature_alone_is_as_among_others(models, kind):
    model = models(kind)
    features = features_of(model)
    whole = lay_flat(features, model.logits(features))
    for row in (0, 5, 11):
        alone = features.take(np.array([row]))
        part = slice(int(features.starts[row]), int(features.starts[row + 1]))
        assert np.allclose(lay_flat(alone, model.logits(alone)), whole[part], atol=1e-5)


def end_to_end(features):
    """Put all samples of features into one."""
    units = {"row": np.zeros(1, dtype=np.int64)}
    return Features(bounds(np.array([features.lengths.sum()])), features.tokens, units, {})


@pytest.mark.parametrize("kind", DECODERS)
def test_samples_that_share_a_feature_do_not_see_one_another(models, kind):
    model = models(kind)
    features = features_of(model).take(np.arange(3))
    apart = lay_flat(features, model.logits(features))
    assert np.allclose(lay_flat(end_to_end(features), model.logits(end_to_end(features))), apart, atol=1e-5)
    joined = end_to_end(features)
    blind = replace(joined, tokens=dict(joined.tokens) | {"position": np.arange(int(joined.starts[-1]))})
    assert not np.allclose(lay_flat(blind, model.logits(blind)), apart, atol=1e-3)  # the test can fail


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_the_same_alone_and_among_others(models, kind):
    model = models(kind)
    prompts = features_of(model, {"source": ROWS["source"]})
    decoding = Decoding(max_new_tokens=9)
    among = write(model, prompts, decoding)
    assert len(among) == len(prompts) and any(len(ids) for ids in among)
    for row, ids in enumerate(among):
        alone = write(model, prompts.take(np.array([row])), decoding)
        assert np.array_equal(alone[0], ids)


def test_draws_follow_the_seed(models):
    model = models("llama")
    prompts = features_of(model, {"source": ROWS["source"]})
    drawn = Decoding(max_new_tokens=9, temperature=1.0, top_k=50, top_p=0.99, min_p=0.0)
    one, same, other = (write(model, prompts, drawn, seed=seed) for seed in (1, 1, 2))
    assert all(map(np.array_equal, one, same)) and not all(map(np.array_equal, one, other))


def test_beams_find_no_less_likely_a_text_than_greed(models):
    model = models("llama")
    task = task_for(model)
    prompts = features_of(model, {"source": ROWS["source"]})

    def surprise(beams):
        found = write(model, prompts, Decoding(max_new_tokens=6, beams=beams, length_penalty=0.0))
        whole = task.answered(prompts, [ids[:6] for ids in found], model.tokenizer)
        asked = whole.tokens["next"] != IGNORED
        ends = whole.tokens["next"] == model.tokenizer.end_id
        return float(lay_flat(whole, model.logits(whole))[asked & ~ends].sum())

    assert surprise(8) <= surprise(1) + 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_in_features_with_gold_are_those_without(models, kind):
    model = models(kind)
    found, bare = task_for(model).prompts_in(features_of(model)), features_of(model, {"source": ROWS["source"]})
    assert np.array_equal(found.starts, bare.starts)
    assert {*found.tokens} == {*bare.tokens}
    for name, column in bare.tokens.items():
        assert np.array_equal(found.tokens[name], column), name


texts = st.text(st.sampled_from("ab 房间.é"), min_size=1, max_size=90).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(sources=st.lists(texts, min_size=1, max_size=4), target=texts)
def test_answers_are_whole_and_prompts_make_room(models, sources, target):
    model = models("llama")
    task = task_for(model)
    rows = {"source": sources, "target": [target] * len(sources)}
    features = gather([task.encode(rows, model.tokenizer, 0)])
    assert int(features.lengths.max()) <= model.tokenizer.max_tokens
    for row, said in enumerate(task.perfect(features, rows)):
        if not features.facts["cut_answers"]:
            assert said.target["target"] == target.strip()
        part = slice(int(features.starts[row]), int(features.starts[row + 1]))
        text = model.tokenizer.text_of(features.tokens["input_ids"][part].tolist())
        assert text.startswith("Text:") and "\nTranslation:" in text  # the template itself is never cut


@pytest.mark.parametrize("text", ["房间很好" * 40, "é" * 150, "a房" * 60])
def test_characters_of_several_tokens_are_cut_whole(models, text):
    model = models("llama")
    features = features_of(model, {"source": [text]})
    assert int(features.lengths[0]) <= model.tokenizer.max_tokens and features.facts["cut_rows"] == 1
    read = model.tokenizer.text_of(features.tokens["input_ids"].tolist())
    kept = read.removeprefix("Text: ").removesuffix("\nTranslation:")
    assert kept and text.startswith(kept)


def test_a_prompt_without_room_for_its_text_is_refused(models):
    model = models("llama")
    with pytest.raises(DataError, match=r"data\.prompt"):
        features_of(model, prompt="x" * 200 + "{source}")


def test_room_for_answers_and_where_they_end():
    assert room_for(10) == 20
    assert cut_at("one\ntwo", ("\n",)) == "one"
    assert cut_at("one", ("\n", "x")) == "one"
    assert cut_at("a##b\nc", ("\n", "##")) == "a"


def test_an_encoder_does_not_write(tmp_path):
    with pytest.raises(ModelError, match="does not write"):
        build_model(tiny_encoder(tmp_path / "bert", pooling=None), writer.SPEC, max_tokens=None, seed=0, card={})


@given(st.lists(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=3, max_size=3), min_size=1, max_size=3))
def test_ragged_columns_are_joined_row_by_row(parts):
    rows = len(parts[0])
    given_parts = [
        (np.array([v for row in part for v in row], np.int32), np.array([len(r) for r in part])) for part in parts
    ]
    joined, lengths, owner = side_by_side(given_parts)
    wanted = [[(v, number) for number, part in enumerate(parts) for v in part[row]] for row in range(rows)]
    assert list(zip(joined.tolist(), owner.tolist(), strict=True)) == [pair for row in wanted for pair in row]
    assert lengths.tolist() == [len(row) for row in wanted]


def test_a_saved_writer_is_loaded_as_it_was(models, tmp_path):
    model = models("llama")
    task = task_for(model)
    replace(model, card=task.card()).save(tmp_path / "saved")
    again = load_model(tmp_path / "saved")
    features = features_of(model)
    assert np.array_equal(lay_flat(features, model.logits(features)), lay_flat(features, again.logits(features)))


@given(
    st.text("ab\n# ", max_size=30),
    st.lists(st.integers(0, 30), max_size=6),
    st.lists(st.sampled_from(["\n", "ab", "#\n#"])),
)
def test_pieces_told_add_up_to_the_text_before_its_stop(text, cuts, stops):
    told = []
    held = Held(told.append, stops)
    ends = [*sorted(cut for cut in cuts if cut < len(text)), len(text)]
    for start, end in zip([0, *ends], ends, strict=False):
        held(text[start:end])
        assert cut_at(text.lstrip(), stops).startswith("".join(told))
    held("", over=True)
    assert "".join(told) == cut_at(text.lstrip(), stops)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_stream_is_what_is_written_at_once(models, kind):
    model = models(kind)
    prompts = features_of(model, {"source": ROWS["source"][:1]})
    decoding = Decoding(max_new_tokens=9)
    told = []
    (ids,) = stream(model, prompts, decoding, told.append)
    assert np.array_equal(ids, write(model, prompts, decoding)[0])
    assert "".join(told) == model.tokenizer.text_of(ids.tolist()).lstrip()


def prompts_of(model, *prompts, task=None):
    task = task or Task(prompt="{source}", lengths=Lengths(max_tokens=model.tokenizer.max_tokens))
    return gather([task.reading(model.tokenizer).encode({"source": list(prompts)}, model.tokenizer, 0)])


def texts_of(model, written):
    return [model.tokenizer.text_of(ids.tolist()) for ids in written]


@pytest.fixture(scope="module")
def blank_first(tmp_path_factory):
    """A model that goes on from 1, 2, 3, 4, 5, each with its own blanks."""
    return chained(tmp_path_factory.mktemp("blank_first"), "1\nwo!u", "2\t\n", "3o", "4r\n", "5  ")


OPENED = {"1": "\nwo!", "2": "\t\nwo!", "3": "o!", "4": "r\n", "5": " " * 12}


@pytest.mark.parametrize("beams", [1, 2])
def test_blanks_that_a_text_opens_with_do_not_end_it(blank_first, beams):
    decoding = Decoding(max_new_tokens=12, stop=("\n", "!"), beams=beams)
    prompts = prompts_of(blank_first, *OPENED)
    written = write(blank_first, prompts, decoding)
    assert texts_of(blank_first, written) == [*OPENED.values()]
    assert [as_said(text, decoding.stop) for text in OPENED.values()] == ["wo", "wo", "o", "r", ""]
    for row, ids in enumerate(written):
        assert np.array_equal(write(blank_first, prompts.take(np.array([row])), decoding)[0], ids)


def test_a_text_that_is_taken_to_the_letter_ends_at_its_first_blank(blank_first):
    letter = Decoding(max_new_tokens=12).model_copy(update={"stop": ToTheLetter(["\n", "!"])})
    written = write(blank_first, prompts_of(blank_first, *OPENED), letter)
    assert texts_of(blank_first, written) == ["\n", "\t\n", "o!", "r\n", " " * 12]
    for prompt, whole in (("1", ""), ("2", "\t"), ("3", "o")):
        told = []
        stream(blank_first, prompts_of(blank_first, prompt), letter, told.append)
        assert "".join(told) == whole


def test_a_run_of_blanks_is_not_decoded_whole_at_each_step(blank_first, monkeypatch):
    lengths, text_of = [], blank_first.tokenizer.text_of
    monkeypatch.setattr(blank_first.tokenizer, "text_of", lambda ids: lengths.append(len(ids)) or text_of(ids))
    write(blank_first, prompts_of(blank_first, "5"), Decoding(max_new_tokens=60, stop=(" ",)))
    assert lengths == [1]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("ab \n#é房\u3000", max_size=14), min_size=1, max_size=3),
    st.lists(st.sampled_from(["\n", "ab", "#\n#", "房", "é ", " "]), min_size=1, max_size=3, unique=True),
    st.booleans(),
)
def test_each_row_is_over_as_soon_as_its_text_is(models, texts, stops, to_the_letter):
    tokenizer = models("llama").tokenizer
    chosen = (ToTheLetter if to_the_letter else tuple)(stops)
    stopped = Stopped(Pen(tokenizer, frozenset({2}), chosen), 2)
    ids = [[7, 8, *row] for row in tokenizer.plain_ids(texts)]
    for row in ids:
        for width in range(3, len(row) + 1):
            over = is_over(tokenizer.text_of(row[2:width]), chosen)
            among = [other[:width] for other in ids if len(other) >= width]
            assert stopped(torch.tensor(among), None).tolist()[among.index(row[:width])] is over
            if over:  # what comes behind is never asked for
                break


def test_a_long_text_is_looked_at_by_its_end(models):
    tokenizer = models("llama").tokenizer
    stopped = Stopped(Pen(tokenizer, frozenset({2}), ("\n", "the end")), 0)
    for text, over in (("a" * 90 + "the end", True), ("a" * 90 + "the en", False), (" " * 90 + "\n", False)):
        assert stopped(torch.tensor(tokenizer.plain_ids([text])), None).tolist() == [over]


def word_pieces(folder):
    """Write a GPT-2 that reads BERT's pieces, as Chinese ones do: its own end is no token of theirs."""
    tiny_encoder(folder, pooling=None)
    size = len(transformers.AutoTokenizer.from_pretrained(folder))
    shape = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 64, "eos_token_id": 50256, "bos_token_id": 50256}
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model("gpt2", vocab_size=size, **shape)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return build_model(folder, writer.SPEC, max_tokens=None, seed=0, card={})


def test_a_stop_that_no_piece_holds_ends_nothing(tmp_path):
    model = word_pieces(tmp_path / "m")
    prompts = prompts_of(model, "room clean", "good")
    plain, stopped = (write(model, prompts, Decoding(max_new_tokens=9, stop=stop)) for stop in ((), ("\n",)))
    assert all(map(np.array_equal, plain, stopped)) and any(len(ids) for ids in plain)


def test_what_ends_texts_in_training_ends_what_is_written(tmp_path):
    model = word_pieces(tmp_path / "m")
    assert ends_of(model) == {model.tokenizer.end_id, model.tokenizer.pad_id} == {3, 0}
    with torch.no_grad():
        model.module.hf.transformer.ln_f.weight.zero_()
        model.module.hf.transformer.ln_f.bias.copy_(model.module.hf.get_output_embeddings().weight[3] * 100)
    assert [len(ids) for ids in write(model, prompts_of(model, "room"), Decoding(max_new_tokens=9))] == [0]


def letters_first():
    """A tokenizer as GPT-2 has: bytes from "!" on, then one token that ends a text; none fills up."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(pieces.BPE(vocab={piece: i for i, piece in enumerate([*letters, "<|end|>"])}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=64, eos_token="<|end|>")


def test_without_a_pad_token_no_letter_ends_a_text(tmp_path):
    model = chained(tmp_path / "m", "1a!b", "2cde", tokenizer=letters_first())
    assert model.tokenizer.plain_ids(["!"]) == [[0]]
    assert ends_of(model) == {model.tokenizer.end_id}
    prompts = prompts_of(model, "1", "2", "2c")
    assert texts_of(model, write(model, prompts, Decoding(max_new_tokens=9))) == ["a!b", "cde", "de"]
    for stop, texts in ((("!",), ["a!", "cde", "de"]), (("d",), ["a!b", "cd", "d"])):
        assert texts_of(model, write(model, prompts, Decoding(max_new_tokens=9, stop=stop))) == texts


@pytest.mark.parametrize("kind", ["gpt2", "bart"])
@pytest.mark.parametrize("rules", [(), ({"min_length": 99},)])
def test_what_is_written_and_its_end_have_places(models, kind, rules):
    model = models(kind)
    task, rows = task_for(model), {"source": ["a b " * 20]}
    prompts = gather([task.encode(rows, model.tokenizer, 0)])
    written = write(model, prompts, Decoding(max_new_tokens=999), rules=rules)
    whole = task.answered(prompts, written, model.tokenizer)
    places = len(written[0]) + 1 if model.tokenizer.two_sided else int(whole.lengths[0])
    assert places == model.tokenizer.max_tokens  # else the test could not fail
    assert np.isfinite(lay_flat(whole, model.logits(whole))).all()


def test_rows_that_only_ask_for_attributes_are_written_like_all_others(models):
    model = models("llama")
    prompts = features_of(model, {"source": ROWS["source"]})
    drawn, tagged = Decoding(max_new_tokens=9, temperature=2.0), [{"attributes": {"tone": "warm"}}] * len(prompts)
    assert all(map(np.array_equal, write(model, prompts, drawn), write(model, prompts, drawn, rules=tagged)))
    one, other = [], []
    (plain,) = stream(model, prompts.take(np.array([0])), drawn, one.append)
    (asked,) = stream(model, prompts.take(np.array([0])), drawn, other.append, rules=tagged[:1])
    assert np.array_equal(plain, asked) and one == other
