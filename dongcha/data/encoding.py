"""Turn bytes into text without guessing wrong: BOM, strict UTF-8, then gb18030 only where it reads as Chinese.

In: blocks of bytes. Out: lines of text, and the encoding that was used. A byte that does not decode is an error that
lists lines and byte offsets, a U+FFFD, or its row left out, as the user chose. Knows no columns.

UTF-8 goes first because nearly all UTF-8 text also decodes as gb18030, as nonsense; the reverse is rare.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dongcha.data.origin import Origin
from dongcha.errors import DataError
from dongcha.locale import say

BLOCK = 1 << 20  # bytes read at a time, then on to the end of the line
SHOWN = 5  # bad lines that a message lists
EXPECTED_FRACTION = 0.8  # of the characters beyond ASCII: common hanzi and Chinese punctuation
FREQUENT_FRACTION = 0.25  # of the hanzi: the most frequent ones; running text has 0.5, nonsense 0.1
MARK = "\udc80"  # stands for bytes that did not decode, until their row is settled

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKS = re.compile(f"{MARK}+")
_FREQUENT = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点"
    "正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加月话合回特代内信表化老给世位次度门任常先海通教儿原东"
    "声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命"
    "山金指许统区保至队形社便空决治展司五基眼书非则听白却界达光放强即像难且权思王完设式色路记南品住告类求据程北边死张该交规万取"
)

Blocks = Callable[[], Iterator[bytes]]


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return MARK, error.end


codecs.register_error("dongcha.mark", _mark)


@dataclass(frozen=True)
class BadLines:
    """Lines that do not decode: how many, and of the first few the 1-based line and the byte offset in the file."""

    count: int
    first: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Text:
    """Bytes with their encoding settled; `lines` may hold marks, which `settle` turns into what the user chose."""

    blocks: Blocks
    encoding: str
    origin: Origin

    def lines(self) -> Iterator[str]:
        r"""Yield lines, each with its "\n"; the last may lack it."""
        first = True
        for line in _decoded_lines(self.blocks, self.encoding):
            yield line.removeprefix("\ufeff") if first else line
            first = False

    def rows(self) -> Iterator[tuple[int, str]]:
        """Yield 1-based numbers and lines without their ends; lines of white space only are left out."""
        for number, line in enumerate(self.lines(), 1):
            if line.isspace():
                continue
            settled = self.settle(line.rstrip("\r\n"))
            if settled is not None:
                yield number, settled

    def settle(self, text: str) -> str | None:
        """Return a row's text with marks replaced by U+FFFD and counted; None when the row is to be dropped."""
        if MARK not in text:
            return text
        if self.origin.encoding_errors == "drop":
            self.origin.counts["rows_dropped"] += 1
            return None
        self.origin.counts["characters_replaced"] += text.count(MARK)
        return text.replace(MARK, "\ufffd")


def open_text(origin: Origin) -> Text:
    """Settle the encoding of a file, refusing bytes that do not decode unless the user chose otherwise."""
    return settle_encoding(lambda: _file_blocks(origin.path), origin)


def settle_encoding(blocks: Blocks, origin: Origin, file: str | None = None) -> Text:
    """Choose the encoding by BOM, then UTF-8, then gb18030; `file` names one file of a folder in messages."""
    auto = origin.encoding == "auto"
    by_bom = _by_bom(next(iter(blocks()), b"")) if auto else None
    guess = auto and by_bom is None
    encoding = by_bom or ("utf-8" if auto else _known(origin.encoding))
    bad = bad_lines(blocks, encoding, origin.place(file=file))
    if bad.count and guess and reads_as_chinese(blocks):
        encoding, bad = "gb18030", BadLines(0, ())
    if bad.count and origin.encoding_errors == "fail":
        raise DataError(_bad_message(bad, encoding, guess, origin.place(file=file)))
    origin.counts[f"encoding {encoding}"] += 1
    return Text(blocks, encoding, origin)


def _by_bom(head: bytes) -> str | None:
    return next((encoding for bom, encoding in _BOMS if head.startswith(bom)), None)


def _known(encoding: str) -> str:
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):
        raise DataError(say("read.unknown_encoding", encoding=encoding)) from None
    return codecs.lookup(encoding).name


def _bad_message(bad: BadLines, encoding: str, guess: bool, place: str) -> str:
    lines = say("read.semicolon").join(say("read.bad_line", line=line, offset=offset) for line, offset in bad.first)
    key = "read.encoding_auto" if guess else "read.encoding"
    return say(key, place=place, encoding=encoding, count=bad.count, lines=lines)


def _file_blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(BLOCK):
            yield block + handle.readline()


def _is_wide(encoding: str) -> bool:
    """Tell whether a line feed is more than one byte, so that bytes cannot be cut at it."""
    return encoding.startswith(("utf-16", "utf-32"))


def bad_lines(blocks: Blocks, encoding: str, place: str) -> BadLines:
    """Find the lines that do not decode strictly; a zero byte in what is no wide encoding is refused at once."""
    if _is_wide(encoding):
        return _bad_wide_lines(blocks, encoding)
    first: list[tuple[int, int]] = []
    count, line, offset = 0, 0, 0
    for block in blocks():
        if b"\0" in block:
            at = block.index(b"\0")
            number = line + block.count(b"\n", 0, at) + 1
            raise DataError(say("read.nul_bytes", place=place, line=number, offset=offset + at))
        for number, start in _bad_in_block(block, encoding):
            count += 1
            if len(first) < SHOWN:
                first.append((line + number, offset + start))
        line += block.count(b"\n")
        offset += len(block)
    return BadLines(count, tuple(first))


def _bad_in_block(block: bytes, encoding: str) -> Iterator[tuple[int, int]]:
    """Yield 1-based line and byte offset within a block; the block is cut into lines only when it is not clean."""
    try:
        block.decode(encoding)
        return
    except UnicodeDecodeError:
        pass
    offset = 0
    for number, line in enumerate(block.split(b"\n"), 1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            yield number, offset + error.start
        offset += len(line) + 1


def _bad_wide_lines(blocks: Blocks, encoding: str) -> BadLines:
    unit = f"{encoding[:6]}-le"  # any byte order has the same length
    has_bom = _by_bom(next(iter(blocks()), b"")) == encoding
    offset = len("\ufeff".encode(unit)) if has_bom else 0
    first: list[tuple[int, int]] = []
    count = 0
    for number, line in enumerate(_decoded_lines(blocks, encoding), 1):
        if MARK in line:
            count += 1
            if len(first) < SHOWN:
                start = line[: line.index(MARK)]
                first.append((number, offset + len(start.encode(unit))))
        offset += len(line.encode(unit, "surrogatepass"))
    return BadLines(count, tuple(first))


def _decoded_lines(blocks: Blocks, encoding: str) -> Iterator[str]:
    """Yield decoded lines with their ends; bytes that do not decode become marks."""
    rest = ""
    for text in _decoded_blocks(blocks, encoding):
        lines = (rest + text).split("\n")
        rest = lines.pop()
        for line in lines:
            yield line + "\n"
    if rest:
        yield rest


def _decoded_blocks(blocks: Blocks, encoding: str) -> Iterator[str]:
    if _is_wide(encoding):
        decoder = codecs.getincrementaldecoder(encoding)("dongcha.mark")
        yield from (decoder.decode(block) for block in blocks())
        yield decoder.decode(b"", final=True)
        return
    for block in blocks():
        try:
            yield block.decode(encoding)
        except UnicodeDecodeError:
            yield "\n".join(line.decode(encoding, "dongcha.mark") for line in block.split(b"\n"))


def reads_as_chinese(blocks: Blocks) -> bool:
    """Tell whether all bytes decode as gb18030 and the result is mostly common Chinese characters.

    Of the characters beyond ASCII at least 0.8 are hanzi of GB 2312 level 1 or Chinese punctuation, and of those hanzi
    at least 0.25 are among the most frequent 400 or so: other encodings' text that happens to decode fails one of them.
    """
    beyond = expected = hanzi = frequent = 0
    tables = _tables()
    for block in blocks():
        try:
            text = block.decode("gb18030")
        except UnicodeDecodeError:
            return False
        codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        kinds = tables[codes[codes >= 128]]
        beyond += len(kinds)
        expected += int(np.count_nonzero(kinds))
        hanzi += int(np.count_nonzero(kinds >= 2))
        frequent += int(np.count_nonzero(kinds == 3))
    return beyond > 0 and expected >= EXPECTED_FRACTION * beyond and frequent >= FREQUENT_FRACTION * max(hanzi, 1)


@cache
def _tables() -> np.ndarray:
    """Map a code point to 0 rare, 1 Chinese punctuation, 2 hanzi of level 1, 3 a frequent one of these; uint8."""
    table = np.zeros(0x110000, dtype=np.uint8)
    marks = bytes(b for lead in (0xA1, 0xA3) for trail in range(0xA1, 0xFF) for b in (lead, trail))
    level_one = bytes(b for lead in range(0xB0, 0xD8) for trail in range(0xA1, 0xFF) for b in (lead, trail))
    for characters, kind in (
        (marks.decode("gb2312", "ignore"), 1),
        (level_one.decode("gb2312", "ignore"), 2),
        (_FREQUENT, 3),
    ):
        table[[ord(c) for c in characters]] = kind
    return table
