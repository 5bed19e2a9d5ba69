"""Bytes become text without guessing wrong."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.encoding import open_text, reads_as_chinese, settle_encoding
from dongcha.data.origin import Origin
from dongcha.errors import DataError

CHINESE = "这家酒店的服务很好，房间也干净，下次还会再来。\n早餐一般，但是位置不错，去地铁站很方便。\n"


def text_of(content, tmp_path, **options):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    return open_text(Origin(path=path, name="a.txt", **options))


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_utf8_is_never_read_as_gb18030(tmp_path_factory, text):
    read = text_of(text.encode(), tmp_path_factory.mktemp("e"))
    assert read.encoding == "utf-8"
    assert "".join(read.lines()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    "data_set", ["thucnews_titles_zh", "chnsenticorp_hotel_zh", "afqmc_pairs_zh", "medical_faq_zh"]
)
def test_real_chinese_reads_the_same_from_every_encoding(tmp_path, data_folder, data_set):
    lines = (data_folder / data_set / "test.jsonl").read_text(encoding="utf-8").splitlines()[:50]
    text = "\n".join(next(iter(json.loads(line).values())) for line in lines)
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32"):
        assert "".join(text_of(text.encode(encoding), tmp_path).lines()) == text, encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-32"])
def test_chinese_round_trips(tmp_path, encoding):
    assert "".join(text_of(CHINESE.encode(encoding), tmp_path).lines()) == CHINESE


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Caf\xe9 cr\xe8me \xe0 la fran\xe7aise, tr\xe8s bon", "latin-1"),
        ("caf\xe9cr\xe8me", "latin-1"),
        ("Привет, как дела сегодня", "cp1251"),
        ("안녕하세요. 오늘은 날씨가 매우 좋습니다. 영화가 재미있어서 추천합니다.", "euc-kr"),
        ("今日は天気がいいです。映画はとても面白かったです。", "euc-jp"),
        ("今天天氣很好，我們去看電影吧。這個飯店的服務非常好。", "big5"),
        ("สวัสดีครับวันนี้อากาศดีมาก", "cp874"),
    ],
)
def test_other_encodings_are_not_taken_for_chinese(tmp_path, text, encoding):
    with pytest.raises(DataError, match=r"neither UTF-8 nor .*line 1 at byte"):
        text_of(text.encode(encoding), tmp_path)
    assert "".join(text_of(text.encode(encoding), tmp_path, encoding=encoding).lines()) == text


@given(content=st.binary(min_size=30, max_size=200))
@settings(max_examples=50, deadline=None)
def test_random_bytes_are_not_chinese(content):
    assert not reads_as_chinese(lambda: iter([content]))


def test_bad_lines_are_listed_with_their_byte_offsets(tmp_path):
    content = b"good\nb\xffd\n" + "好\n".encode() * 3 + b"\xfe\n" * 6
    offsets = [i for i, byte in enumerate(content) if byte in (0xFF, 0xFE)]
    with pytest.raises(DataError) as caught:
        text_of(content, tmp_path)
    message = str(caught.value)
    assert f"line 2 at byte {offsets[0]}; line 6 at byte {offsets[1]}" in message
    assert "7 (" in message and message.count("at byte") == 5
    assert "data.encoding_errors" in message


def test_bad_lines_far_into_a_file_keep_their_numbers(tmp_path):
    line = b"x" * 99 + b"\n"
    with pytest.raises(DataError, match=r"line 30001 at byte 3000003"):
        text_of(line * 30_000 + b"abc\xff\n", tmp_path)


def test_bad_utf16_is_placed_too(tmp_path):
    content = "ab\nc".encode("utf-16") + b"\x00\xd8" + "d\n".encode("utf-16-le")
    with pytest.raises(DataError, match=r"valid utf-16: 1 \(line 2 at byte 10\)"):
        text_of(content, tmp_path)


def test_what_does_not_decode_is_replaced_or_its_row_dropped_and_counted(tmp_path):
    content = b"one\nt\xffwo\nthree\xfe\xff\n"
    replaced = text_of(content, tmp_path, encoding_errors="replace")
    assert [line for _, line in replaced.rows()] == ["one", "t\ufffdwo", "three\ufffd\ufffd"]
    assert replaced.origin.counts["characters_replaced"] == 3
    dropped = text_of(content, tmp_path, encoding_errors="drop")
    assert list(dropped.rows()) == [(1, "one")]
    assert dropped.origin.counts["rows_dropped"] == 2


def test_a_broken_character_never_swallows_a_line_break(tmp_path):
    content = "很好".encode("gb18030") + b"\x81\n" + "不错".encode("gb18030") + b"\x81\x30\n"
    read = text_of(content, tmp_path, encoding="gb18030", encoding_errors="replace")
    assert [number for number, _ in read.rows()] == [1, 2]


def test_zero_bytes_are_refused_with_the_advice_for_utf16(tmp_path):
    with pytest.raises(DataError, match=r"line 1: a zero byte at byte 1, .*utf-16-le"):
        text_of("hello".encode("utf-16-le"), tmp_path)
    assert list(text_of("hi\n".encode("utf-16-le"), tmp_path, encoding="utf-16-le").rows()) == [(1, "hi")]


@pytest.mark.parametrize("name", ["klingon", "hex", "a b"])
def test_an_unknown_encoding_is_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"data\.encoding"):
        text_of(b"x", tmp_path, encoding=name)


def test_only_line_feeds_end_a_line(tmp_path):
    rows = text_of("a\u2028b\x0bc\r\nd\n\n \ne".encode(), tmp_path).rows()
    assert list(rows) == [(1, "a\u2028b\x0bc"), (2, "d"), (5, "e")]


def test_a_file_of_a_folder_is_named(tmp_path):
    origin = Origin(path=tmp_path, name="folder")
    with pytest.raises(DataError, match=r"^folder/x/1\.txt is neither"):
        settle_encoding(lambda: iter([b"\xff"]), origin, "x/1.txt")


def test_a_few_chinese_characters_among_accented_letters_are_not_enough():
    assert reads_as_chinese(lambda: iter(["的的".encode("gbk")]))
    assert not reads_as_chinese(lambda: iter(["的的".encode("gbk") + "éa".encode("latin-1") * 10]))
