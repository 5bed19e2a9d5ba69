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
