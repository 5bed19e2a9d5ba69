"""Personal data proves itself: good cases of each kind are found to the character, look-alikes are left alone."""

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.mask import METHODS, count, find, kinds, mask_text
from dongcha.mask.bank_card import luhn
from dongcha.mask.iban import is_iban
from dongcha.mask.identity_card import is_identity_number
from dongcha.types import Span

GOOD = {
    "EMAIL": ["li.wei@example.com", "a_b+c@mail.example.co.uk", "12345678@qq.com", "o'neil@example.org"],
    "PHONE": [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 13812345678",
        "+8613812345678",
        "010-62345678",
        "(021)62345678",
        "0571-8765 4321",
        "400-820-8820",
        "(415) 555-2671",
        "415-555-2671",
        "415.555.2671",
        "1-800-555-2671",
        "+1 415 555 2671",
        "+44 20 7946 0958",
        "+49 (30) 901820",
        "+33 1 42 68 53 00",
    ],
    "IDENTITY_CARD": ["11010519491231002X", "11010519491231002x", "110105 19491231 002X"],
    "BANK_CARD": [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5500005555555559",
        "378282246310005",
        "3782 822463 10005",
        "6222021234567890128",
        "6222 0212 3456 7890 128",
        "3530111333300000",
    ],
    "IP_ADDRESS": ["203.0.113.42", "192.168.1.17", "2001:db8:85a3::8a2e:370:7334", "2001:db8:0:0:0:0:0:1"],
    "URL_CREDENTIAL": [
        "https://bob:s3cret@example.com/x",
        "https://api.example.com/v1?user=1&access_token=abcd1234",
        "mysql://root:pa55@10.0.0.5:3306/app",
    ],
    "LICENCE_PLATE": ["京A12345", "粤B·8K3F9", "沪AD12345", "京A12345D", "琼A-45153", "粤Z12A3港"],
    "SOCIAL_SECURITY": ["123-45-6789"],
    "IBAN": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "gb82west12345698765432"],
}

BAD = [
    "met @home and @work",
    "icon logo@2x.png, decorated @app.route",
    "user@localhost",
    "the order 1381234567812345",
    "0.13812345678 and 13812345678.5",
    "time 1699999999999 in milliseconds",
    "号码 12812345678",
    "figures 234 456 7890 123 456 7890",
    "1996-08-22 to 1996-08-31",
    "won 6-4 6-3 7-5",
    "pi is +3.14159265358",
    "110105194912310021",
    "440524188001010014",
    "110105194913310025",
    "990105194912310020",
    "4111111111111112",
    "1234567812345670",
    "0000000000000000",
    "version 10.15.7.2, v1.22.33.44, 版本 12.0.3.1",
    "section 1.2.3.4 of the law",
    "256.300.1.1 and 1.2.3.4.5 and 127.0.0.1",
    "at 12:30:45 std::vector<int> ::1",
    "https://example.com/page?id=12345678&lang=zh",
    "新A股上市 京ABCDEF 云A级景区",
    "GB82 WEST 1234 5698 7654 33",
    "000-12-3456 and 666-12-3456 and 900-12-3456",
    "product G12345678",
    "2024年12月31日 08:30 至 2025年1月1日",
    "价格 12,345,678.90 元，编号 20240101000123",
]


@pytest.mark.parametrize(("label", "value"), [(label, value) for label, values in GOOD.items() for value in values])
@pytest.mark.parametrize("frame", ["{}", "请联系{}，谢谢", "Write to {} today.", "({})", "是：{}。"])
def test_good_ones_are_found_to_the_character(label, value, frame):
    text = frame.format(value)
    start = text.index(value)
    assert find(text) == [Span(start, start + len(value), label)]


@pytest.mark.parametrize("text", BAD)
def test_lookalikes_are_left_alone(text):
    assert find(text) == []
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("电话１３８１２３４５６７８。", "１３８１２３４５６７８"),
        ("电话138\u200b1234\u200b5678。", "138\u200b1234\u200b5678"),
        ("邮箱ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("\ufeff身份证１１０１０５１９４９１２３１００２Ｘ号", "１１０１０５１９４９１２３１００２Ｘ"),
        ("card 4111\u00a01111\u00a01111\u00a01111!", "4111\u00a01111\u00a01111\u00a01111"),
        ("call 415\u2011555\u20112671", "415\u2011555\u20112671"),
    ],
)
def test_width_and_hidden_characters_hide_nothing_and_offsets_stay_true(text, found):
    (span,) = find(text)
    assert text[span.start : span.end] == found


def test_a_passport_needs_its_word():
    assert mask_text("护照号码：E12345678，姓名") == "护照号码：[PASSPORT]，姓名"
    assert mask_text("Passport no. EA1234567.") == "Passport no. [PASSPORT]."


def test_masking_replaces_each_and_keeps_the_rest():
    text = "我叫李雷，电话13812345678，邮箱li@example.com；备用 010-62345678。"
    assert mask_text(text) == "我叫李雷，电话[PHONE]，邮箱[EMAIL]；备用 [PHONE]。"


def test_counting_is_by_kind_most_frequent_first():
    assert count(["a@b.com c@d.org", "13812345678", "nothing"]) == {"EMAIL": 2, "PHONE": 1}


def test_overlaps_go_to_the_kind_named_first():
    assert [span.label for span in find("https://bob:pw1@203.0.113.42/x")] == ["URL_CREDENTIAL"]
    assert [span.label for span in find("11010519491231002X")] == ["IDENTITY_CARD"]


def test_check_digits_follow_their_standards():
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert is_identity_number("11010519491231002X")
    assert is_iban("GB82WEST12345698765432")


@given(st.integers(0, 10**15 - 1), st.integers(1, 9))
@settings(max_examples=50)
def test_luhn_sees_every_single_wrong_digit(number, shift):
    body = f"{number:015d}"
    check = next(d for d in "0123456789" if luhn(body + d))
    place = number % 15
    wrong = body[:place] + str((int(body[place]) + shift) % 10) + body[place + 1 :]
    assert not luhn(wrong + check)


@given(st.text(alphabet=st.sampled_from("0123456789 -.@+:/()abXG京A\u200b０１\n"), max_size=80))
@settings(max_examples=50)
def test_spans_are_in_order_apart_and_inside(text):
    spans = find(text)
    ends = [0, *(span.end for span in spans)]
    assert all(before <= span.start < span.end <= len(text) for before, span in zip(ends, spans, strict=False))


@pytest.mark.parametrize(
    "unit", ["1", "1 ", "1-", "a.", "a@", "1.", "a:", "+1", "A1 ", "https://a?", "护照", "京A1", "x://"]
)
def test_no_text_takes_more_than_linear_time(unit):
    started = time.perf_counter()
    find(unit * (20_000 // len(unit)))
    assert time.perf_counter() - started < 20


def test_kinds_are_the_files_of_this_folder():
    assert len({kind.label for kind in kinds()}) == len(METHODS)


@pytest.mark.real
def test_synthetic_personal_data_is_found_and_clean_text_left_alone(data_folder):
    labels = {"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "US_SSN"}
    hits = wanted = wrong = 0
    for file in sorted((data_folder / "pii_presidio_en").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            gold = [s for s in row["spans"] if s["label"] in labels | {"PHONE_NUMBER"}]
            found = find(row["text"])
            wanted += sum(s["label"] in labels for s in gold)
            met = [any(s["start"] < f.end and f.start < s["end"] for f in found) for s in gold]
            hits += sum(m for m, s in zip(met, gold, strict=True) if s["label"] in labels)
            wrong += sum(not any(s["start"] < f.end and f.start < s["end"] for s in gold) for f in found)
    assert hits >= 0.99 * wanted
    assert wrong <= 0.01 * hits


def test_planted_chinese_personal_data_is_found():
    rng = random.Random(5)
    hits = 0
    for _ in range(300):
        born = f"19{rng.randrange(50, 99)}0{rng.randrange(1, 10)}1{rng.randrange(10)}"
        body = f"{rng.choice(['110105', '440305', '310104'])}{born}{rng.randrange(1000):03d}"
        number = next(body + c for c in "0123456789X" if is_identity_number(body + c))
        hits += mask_text(f"客户身份证号{number}已登记") == "客户身份证号[IDENTITY_CARD]已登记"
        mobile = f"1{rng.choice('3456789')}{rng.randrange(10**9):09d}"
        hits += mask_text(f"手机：{mobile}（微信同号）") == "手机：[PHONE]（微信同号）"
    assert hits >= 0.99 * 600
