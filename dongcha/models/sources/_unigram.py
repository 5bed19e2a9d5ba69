"""Build a tokenizer file from a unigram vocabulary with SentencePiece's character map.

In: pieces with scores, the ids of the special ones, and which character stands for which. Out: a `tokenizers`
Tokenizer that frames a text as XLM-R does: `<s> a </s>`, two texts as `<s> a </s></s> b </s>`. Knows no weights.

The map is NFKC with exceptions, and only the exceptions are spelled out: a `Replace` for each of 4,800 characters
would cost thousands of passes over every text.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

_SPACE = "\u2581"  # stands for a blank before a word
_PRIVATE = 0xF0000  # supplementary private use: no text uses it, NFKC leaves it alone


def build(
    pieces: Sequence[str], scores: Sequence[float], ids: Mapping[str, int], characters: Mapping[str, str]
) -> Tokenizer:
    """Return the tokenizer; `ids` has bos, eos, pad and unk, and a piece `<mask>` is special too where there is one."""
    vocabulary = [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=ids["unk"]))
    kept = _kept({character for piece in pieces for character in piece}, characters)
    tokenizer.normalizer = normalizers.Sequence(_normalizers(characters, kept))
    marks = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), marks])
    tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    bos, eos = pieces[ids["bos"]], pieces[ids["eos"]]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, ids["bos"]), (eos, ids["eos"])],
    )
    special = [pieces[number] for number in sorted(ids.values())] + [p for p in ("<mask>",) if p in set(pieces)]
    tokenizer.add_special_tokens([AddedToken(piece, special=True, lstrip=piece == "<mask>") for piece in special])
    return tokenizer


def _kept(used: Iterable[str], characters: Mapping[str, str]) -> list[str]:
    """Return the characters that pieces use, the map leaves alone and NFKC would change, such as the wide tilde."""
    return sorted(c for c in used if c not in characters and unicodedata.normalize("NFKC", c) != c)


def _normalizers(characters: Mapping[str, str], kept: Sequence[str]) -> list[normalizers.Normalizer]:
    """Return the steps: exceptions by what they become, then NFKC with the kept characters hidden from it."""
    groups = defaultdict(list)
    for source, target in characters.items():
        if unicodedata.normalize("NFKC", source) != target:
            groups[target].append(source)
    hidden = [(character, chr(_PRIVATE + number)) for number, character in enumerate(kept)]
    return [
        *(normalizers.Replace(_any_of(sources), target) for target, sources in sorted(groups.items())),
        *(normalizers.Replace(character, stand_in) for character, stand_in in hidden),
        normalizers.NFKC(),
        *(normalizers.Replace(stand_in, character) for character, stand_in in hidden),
    ]


def _any_of(characters: Iterable[str]) -> Regex:
    return Regex("[" + "".join(f"\\x{{{ord(c):x}}}" for c in sorted(characters)) + "]")
