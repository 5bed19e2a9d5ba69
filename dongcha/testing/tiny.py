"""Make an encoder small enough for a unit test, as an ordinary Transformers folder, and rows that it can learn.

Weights are random from a seed; the vocabulary is the characters of English and of the Chinese words below, so any text
is tokenised and round trips can be tried on real strings. No file is downloaded.
"""

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"-()@/&%$#+*=" + "房间干净安静服务很好差脏吵我们在北京上海喜欢不的了"
)
WORDS = (
    "good",
    "bad",
    "clean",
    "dirty",
    "quiet",
    "noisy",
    "room",
    "the",
    "was",
    "and",
    "service",
    "in",
    "paris",
    "london",
)
SHAPE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def tiny_encoder(
    folder: Path, *, kind: str = "bert", pooling: str | None = "mean", seed: int = 0, joins_cjk: bool = False
) -> Path:
    """Write a random encoder of a `kind` that Transformers has (`bert`, `distilbert`, `electra`) and return its folder.

    `pooling` (`mean`, `cls`) makes it a sentence encoder; None leaves plain classes. `joins_cjk` gives it a unigram
    vocabulary whose pieces join Chinese characters, as sentence-piece models have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _unigram() if joins_cjk else _word_piece()
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    reads = ["input_ids", *([] if kind == "distilbert" else ["token_type_ids"]), "attention_mask"]
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=64, mask_token="[MASK]", model_input_names=reads, **names
    )
    fast.save_pretrained(folder)
    size = {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 64, "pad_token_id": 0}
    torch.manual_seed(seed)
    module = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **_shape(kind), **size))  # type: ignore[no-untyped-call]
    module.save_pretrained(folder)
    if pooling is not None:
        modes = {"pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": pooling == "cls"}
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes), encoding="utf-8")
    return folder


def tiny_writer(folder: Path, *, kind: str = "llama", seed: int = 0, max_tokens: int = 160) -> Path:
    """Write a random language model of a `kind` (`llama`, `gpt2`, `gemma3_text`, `t5`, `bart`) and return its folder.

    Its pieces are bytes, so it can write any text; `t5` has sentinels too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    two_sided = kind in TWO_SIDED
    tokenizer = _bytes(ends=two_sided)
    if kind == "t5":
        tokenizer.add_special_tokens([f"<extra_id_{number}>" for number in range(SENTINELS)])
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_tokens,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        **names,
    )
    fast.save_pretrained(folder)
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 0 if two_sided else None}
    size = {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": max_tokens, **ids}
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(kind, **WRITER_SHAPES[kind], **size)
    auto: Any = transformers.AutoModelForSeq2SeqLM if two_sided else transformers.AutoModelForCausalLM
    auto.from_config(config).save_pretrained(folder)
    return folder


TWO_SIDED = ("t5", "bart")
SENTINELS = 8
_HEADS = {"num_attention_heads": 2, "num_hidden_layers": 2}
WRITER_SHAPES: dict[str, dict[str, Any]] = {
    "llama": {"hidden_size": 32, "intermediate_size": 64, "num_key_value_heads": 1, **_HEADS},
    "gemma3_text": {
        **{"hidden_size": 32, "intermediate_size": 64, "num_key_value_heads": 1, "head_dim": 16, "sliding_window": 24},
        **_HEADS,
    },
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 160},
    "t5": {"d_model": 32, "d_ff": 64, "d_kv": 16, "num_layers": 2, "num_decoder_layers": 2, "num_heads": 2},
    "bart": {
        **{"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2},
        **{"decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "forced_eos_token_id": None},
    },
}


def _bytes(*, ends: bool) -> Tokenizer:
    """Return a tokenizer whose pieces are bytes; `ends` puts the end of a text behind it, else its beginning before."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ("<pad>", "<s>", "</s>", "<unk>")
    pieces = {piece: i for i, piece in enumerate((*special, *letters))}
    tokenizer = Tokenizer(models.BPE(vocab=pieces, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    single, pair = ("$A </s>", "$A </s> $B </s>") if ends else ("<s> $A", "<s> $A $B")
    known = [("<s>", 1), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=known)
    return tokenizer


def _shape(kind: str) -> dict[str, Any]:
    if kind != "distilbert":
        return SHAPE | ({"embedding_size": 32} if kind == "electra" else {})
    return {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}


def _word_piece() -> Tokenizer:
    letters = sorted(set(CHARACTERS))
    pieces = [*SPECIAL, *letters, *(f"##{c}" for c in letters), *WORDS]
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return _framed(tokenizer)


def _unigram() -> Tokenizer:
    joined = ["北京", "上海", "我们", "房间", "服务很好", "▁the", "▁room", "▁good", "▁"]
    pieces = [(p, 0.0) for p in SPECIAL] + [(p, -2.0) for p in joined] + [(c, -6.0) for c in sorted(set(CHARACTERS))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return _framed(tokenizer)


def _framed(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def tiny_rows(task: str, count: int = 40) -> list[dict[str, Any]]:
    """Return rows of a task that a tiny encoder can learn."""
    makers = {
        "classification": _review,
        "tagging": _place,
        "regression": _score,
        "pairs": _pair,
        "relation": _relation,
        "choice": _choice,
        "qa": _question,
        "retrieval": _search,
        "translation": _turned,
        "summarization": _told_short,
        "generation": _asked,
        "code": _function,
        "dialogue": _talk,
    }
    return [makers[task](i) for i in range(count)]


def _review(i: int) -> dict[str, Any]:
    good = i % 2 == 0
    words = ("good", "clean", "quiet") if good else ("bad", "dirty", "noisy")
    return {
        "id": f"r{i}",
        "text": f"the room {i} was {words[i % 3]} and {words[(i + 1) % 3]}",
        "label": "good" if good else "bad",
    }


def _place(i: int) -> dict[str, Any]:
    name = ("paris", "london")[i % 2]
    text = f"the service in {name} was good {i}"
    return {"id": f"p{i}", "text": text, "spans": [{"start": 15, "end": 15 + len(name), "label": "LOC"}]}


def _score(i: int) -> dict[str, Any]:
    row = _review(i)
    return {"id": row["id"], "text": row["text"], "score": 1.0 if row["label"] == "good" else -1.0}


def _pair(i: int) -> dict[str, Any]:
    row = _review(i)
    return {"id": row["id"], "text_a": f"the room {i}", "text_b": row["text"], "label": row["label"]}


def _relation(i: int) -> dict[str, Any]:
    text = f"the room {i} was " + ("good in the service" if i % 2 else "in the bad service")
    head, tail = text.index("room"), text.index("service")
    places = ({"start": head, "end": head + 4}, {"start": tail, "end": tail + 7})
    return {"id": f"l{i}", "text": text, "head": places[0], "tail": places[1], "label": ("In(e1,e2)", "Other")[i % 2]}


def _choice(i: int) -> dict[str, Any]:
    choices = [f"good and clean {i}", "bad and dirty", "noisy"]
    turned = choices[i % 3 :] + choices[: i % 3]
    return {"id": f"c{i}", "question": f"was the room {i} quiet", "choices": turned, "answer": choices[0]}


def _search(i: int) -> dict[str, Any]:
    place = ("paris", "london", "beijing", "shanghai")[i % 4]
    return {"id": f"s{i}", "query": f"{place} {i}", "positive": f"the service in {place} {i} was good and quiet"}


def _turned(i: int) -> dict[str, Any]:
    words = (("room", "房间"), ("clean", "干净"), ("good", "很好"))
    one, other = words[i % 3], words[(i + 1) % 3]
    return {"id": f"t{i}", "source": f"{one[0]} {other[0]} {i}", "target": f"{one[1]}{other[1]}{i}"}


def _told_short(i: int) -> dict[str, Any]:
    row = _review(i)
    return {"id": f"d{i}", "document": f"{row['text']}. the service was good.", "summary": row["label"]}


def _asked(i: int) -> dict[str, Any]:
    name = ("paris", "london")[i % 2]
    rules = {"must_include": [name]}
    return {"id": f"g{i}", "prompt": f"name[{name}] {i}", "completion": f"the room in {name}", "constraints": rules}


def _function(i: int) -> dict[str, Any]:
    name = f"plus_{i}"
    return {
        "id": f"f{i}",
        "prompt": f'def {name}(x):\n    """Add {i}."""\n',
        "solution": f"    return x + {i}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {i + 1}\n    assert candidate(-{i}) == 0\n",
        "entry_point": name,
    }


def _talk(i: int) -> dict[str, Any]:
    name = ("paris", "london")[i % 2]
    opening = [{"role": "system", "content": "be kind"}] if i % 3 == 0 else []
    before = [("user", f"hi {i}"), ("assistant", f"hello {i}")] if i % 4 < 2 else []
    said = [*before, ("user", f"where is room {i}"), ("assistant", f"in {name}")]
    return {"id": f"m{i}", "messages": [*opening, *({"role": role, "content": text} for role, text in said)]}


def _question(i: int) -> dict[str, Any]:
    place = ("paris", "london")[i % 2]
    context = f"the room {i} was clean. the service in {place} was good."
    if i % 4 == 3:
        return {
            "id": f"q{i}",
            "question": "was it noisy",
            "context": context,
            "answers": {"text": [], "answer_start": []},
        }
    answers = {"text": [place], "answer_start": [context.index(place)]}
    return {"id": f"q{i}", "question": "the service in", "context": context, "answers": answers}
