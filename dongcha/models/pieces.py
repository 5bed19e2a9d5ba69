"""Train the word pieces of a new model on its texts.

In: texts, which may be gone through more than once, and how many pieces there may be at most. Out: a fast tokenizer
of Transformers: WordPiece as BERT's (Devlin et al. 2019), each CJK character a token of its own.

The library's trainer numbers the pieces that go on within a word in the order of a hash table, which differs from
process to process, and settles ties by those numbers. So they are numbered here, before it begins: what it then
learns is the same each time, on any number of threads.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from dongcha.models.tokenizer import CJK

SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
INSIDE = "##"  # before a piece that goes on within a word
FEWEST = 2  # times that a character or a piece must occur: of what was seen once nothing can be learnt
PIECES_A_ROOT = 4.0  # pieces beside the characters, a square root of the text's length: new words come ever more seldom
MOST_PIECES = 30_000  # of what is chosen here: BERT's own number

Texts = Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Alphabet:
    """The characters of texts with how often each occurs, frequent ones first; the length of all and of the longest."""

    counts: Sequence[tuple[str, int]]
    length: int
    longest: int

    @classmethod
    def of(cls, texts: Iterable[str], *, lowercase: bool) -> "Alphabet":
        """Count the characters that a tokenizer of this kind would see."""
        normalizer, counts = normalizer_of(lowercase), Counter[str]()
        length = longest = 0
        for text in texts:
            counts.update(normalizer.normalize_str(text))
            length, longest = length + len(text), max(longest, len(text))
        seen = ((c, n) for c, n in counts.items() if not c.isspace())
        return cls(sorted(seen, key=lambda pair: (-pair[1], pair[0])), length, longest)

    def kept(self, most: int) -> tuple[list[str], list[str]]:
        """Return the characters that get a piece, and those of them that also get one within a word; `most` in all."""
        cut, begin, inside = cutter(), list[str](), list[str]()
        for character, count in self.counts:
            goes_on = len(cut.pre_tokenize_str(f"a{character}")) == 1
            if count < FEWEST or len(begin) + len(inside) + 1 + goes_on > most:
                break
            begin.append(character)
            inside += [f"{INSIDE}{character}"] if goes_on else []
        return sorted(begin), sorted(inside)

    @property
    def pieces(self) -> int:
        """How many pieces texts of this alphabet and length are worth."""
        characters = sum(map(len, self.kept(MOST_PIECES)))
        return min(MOST_PIECES, len(SPECIAL) + characters + round(PIECES_A_ROOT * math.sqrt(self.length)))


def normalizer_of(lowercase: bool) -> normalizers.Normalizer:
    """Return what cleans a text before it is cut; accents go with the case, as in BERT."""
    return normalizers.BertNormalizer(handle_chinese_chars=False, lowercase=lowercase)


def cutter() -> pre_tokenizers.PreTokenizer:
    """Return what cuts a text into words: at blanks and punctuation, and around each CJK character."""
    alone = pre_tokenizers.Split(Regex(CJK), "isolated")
    return pre_tokenizers.Sequence([alone, pre_tokenizers.BertPreTokenizer()])


def learn_pieces(
    texts: Iterable[str], alphabet: Alphabet, pieces: int, *, lowercase: bool, max_tokens: int
) -> PreTrainedTokenizerFast:
    """Learn at most `pieces` pieces from texts and return the tokenizer; it is the same for the same texts."""
    special = list(SPECIAL.values())
    begin, inside = alphabet.kept(pieces - len(special))
    learner = _tokenizer({}, lowercase)
    trainer = trainers.WordPieceTrainer(
        vocab_size=pieces,
        min_frequency=FEWEST,
        special_tokens=[*special, *inside],  # numbered first, in this order
        initial_alphabet=begin,
        limit_alphabet=len(begin),
        continuing_subword_prefix=INSIDE,
        show_progress=False,
    )
    learner.train_from_iterator(_some(texts), trainer)
    found = _tokenizer(learner.get_vocab(with_added_tokens=True), lowercase)
    ids = {name: found.token_to_id(token) for name, token in SPECIAL.items()}
    cls, sep = (SPECIAL["cls"], ids["cls"]), (SPECIAL["sep"], ids["sep"])
    found.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[cls, sep]
    )
    named = {f"{name}_token": token for name, token in SPECIAL.items()}
    reads = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=found, model_max_length=max_tokens, model_input_names=reads, **named
    )


def _tokenizer(vocabulary: dict[str, int], lowercase: bool) -> Tokenizer:
    model = models.WordPiece(vocabulary, unk_token=SPECIAL["unk"], continuing_subword_prefix=INSIDE)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer_of(lowercase), cutter()
    tokenizer.decoder = decoders.WordPiece(prefix=INSIDE)
    return tokenizer


def _some(texts: Iterable[str], size: int = 1000) -> Iterator[list[str]]:
    """Yield texts in lists: the library takes the lock of Python once a list."""
    part: list[str] = []
    for text in texts:
        part.append(text)
        if len(part) == size:
            yield part
            part = []
    yield part
