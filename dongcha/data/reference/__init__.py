"""Give general prose to hold a domain against: 200 English and 200 Chinese sentences that ship with the package.

In: a language. Out: its sentences, one a line in `en.txt` and `zh.txt`, across daily life, news, science, history,
economy, law, sport, cooking, travel, technology, health, culture and talk. Knows no task and no model.
"""

from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")


@cache
def _sentences(language: str) -> tuple[str, ...]:
    text = files(__name__).joinpath(f"{language}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def reference_texts(language: str) -> list[str]:
    """Return the sentences of `en` or `zh`, of both (English first) for `mixed`; another name is our bug."""
    assert language in (*LANGUAGES, "mixed"), f"no reference texts in {language!r}"
    chosen = LANGUAGES if language == "mixed" else (language,)
    return [sentence for name in chosen for sentence in _sentences(name)]
