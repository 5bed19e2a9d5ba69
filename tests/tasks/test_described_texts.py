"""What labels are called in words, what templates make of it, and what is refused."""

import pytest
from pydantic import ValidationError

from dongcha.tasks._cloze import words_by_label
from dongcha.tasks._described import TEMPLATES, ZeroShot, misfit, texts_of, words_of, words_of_all

LABELS = ("Sci/Tech", "credit_card")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("credit_card", "credit card"),
        ("creditCardLost", "credit card lost"),
        ("Sci/Tech", "sci tech"),
        ("USA", "USA"),
        ("World", "world"),
        ("财经", "财经"),
        ("房产_新闻", "房产 新闻"),
        ("_", "_"),
        ("two  words", "two words"),
        ("top-10 list", "top 10 list"),
    ],
)
def test_a_name_turns_into_words(name, words):
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("-1", "0", "1"), ["-1", "0", "1"]),
        (("C", "C++", "Go"), ["C", "C++", "go"]),
        (("a/b", "a_b", "c_d"), ["a/b", "a_b", "c d"]),
        (("Sci/Tech", "credit_card"), ["sci tech", "credit card"]),
    ],
)
def test_names_that_would_come_out_alike_stay_as_they_are(names, words):
    assert words_of_all(names) == words
    assert [texts[0] for texts in texts_of(ZeroShot(), names, "en")] == words
    assert words_by_label(ZeroShot(by="cloze"), names) == [[word] for word in words]
    assert misfit(ZeroShot(), names) is None


def test_names_that_no_tokenizer_tells_apart_need_descriptions():
    option, said = misfit(ZeroShot(), ("US", "us", "world"))
    assert option == "descriptions" and "US, us" in said and "describe every label" in said
    assert misfit(ZeroShot(descriptions={"US": "America", "us": "we", "world": "all"}), ("US", "us", "world")) is None


def test_names_go_into_the_templates_of_their_language():
    assert texts_of(ZeroShot(), LABELS, "en") == [
        ["sci tech", "This text is about sci tech."],
        ["credit card", "This text is about credit card."],
    ]
    assert texts_of(ZeroShot(), ("财经",), "zh") == [["财经", "这段文字是关于财经的。"]]
    assert set(TEMPLATES) == {"en", "zh"}


def test_descriptions_stand_as_they_are_unless_templates_are_given():
    told = {"credit_card": ["lost cards", "payments"], "Sci/Tech": "computers"}
    assert texts_of(ZeroShot(descriptions=told), LABELS, "en") == [["computers"], ["lost cards", "payments"]]
    found = texts_of(ZeroShot(descriptions=told, templates=["on {label}", "{label}!"]), LABELS, "en")
    assert found == [["on computers", "computers!"], ["on lost cards", "lost cards!", "on payments", "payments!"]]


def test_braces_in_a_description_are_text():
    told = {"credit_card": "{a} {", "Sci/Tech": "{label}"}
    assert texts_of(ZeroShot(descriptions=told, templates=["x {label}"]), LABELS, "en") == [["x {label}"], ["x {a} {"]]


WHOLE = {"Sci/Tech": "computers", "credit_card": "cards"}


@pytest.mark.parametrize(
    ("options", "option", "said"),
    [
        ({"descriptions": {**WHOLE, "credit_cart": "x"}}, "descriptions", "did you mean 'credit_card'"),
        ({"descriptions": {**WHOLE, "weather": "x"}}, "descriptions", "the training rows have: Sci/Tech, credit_card"),
        ({"descriptions": {"Sci/Tech": "x"}}, "descriptions", "credit_card"),
        ({"descriptions": {**WHOLE, "credit_card": " "}}, "descriptions", "empty"),
        ({"descriptions": {**WHOLE, "credit_card": []}}, "descriptions", "empty"),
        ({"templates": ["about {lable}"]}, "templates", "{label}"),
    ],
)
def test_what_does_not_fit_is_told_with_its_option(options, option, said):
    found = misfit(ZeroShot(**options), LABELS)
    assert found[0] == option
    assert said in found[1]


def test_what_fits_is_let_through():
    assert misfit(ZeroShot(), LABELS) is None
    assert misfit(ZeroShot(descriptions=WHOLE, templates=["{label}"]), LABELS) is None


def test_options_of_another_kind_are_refused():
    for wrong in ({"descriptions": {"a": 3}}, {"by": "magic"}, {"template": []}):
        with pytest.raises(ValidationError):
            ZeroShot(**wrong)
