"""Sentences of both languages: nothing of a text is lost, and a stop inside a number ends nothing."""

from hypothesis import given
from hypothesis import strategies as st

from dongcha.data.sentences import sentence_at, sentences


def test_stops_inside_numbers_and_names_end_nothing():
    text = 'It costs 3.5 dollars at dongcha.run! "Why?" he said.\n下雨了！真的。'
    found = [sentence for _, sentence in sentences(text)]
    assert found == ["It costs 3.5 dollars at dongcha.run!", '"Why?"', "he said.", "下雨了！", "真的。"]
    assert sentence_at(text, text.index("5 dollars")) == found[0]


@given(st.text("ab.!? \n。！”", max_size=40))
def test_nothing_is_lost_and_each_stands_where_it_is_said_to(text):
    found = list(sentences(text))
    assert "".join("".join(sentence for _, sentence in found).split()) == "".join(text.split())
    assert all(text[start : start + len(sentence)] == sentence for start, sentence in found)
