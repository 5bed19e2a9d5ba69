"""The page: no network, nothing of a text comes alive, headings in order, all of it in one language."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dongcha.report
from dongcha.locale import catalogue, say, speaking, terms
from dongcha.locale.terms import visible
from dongcha.report.as_html import to_html
from dongcha.report.limits import limits
from dongcha.report.sections import SECTIONS, sections
from dongcha.report.verdict import sentence
from dongcha.types import Interval

from . import fixture

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Collect tags, attributes, the text outside code and style, and elements left open."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "code", "title"} & set(self.open):
            self.texts.append(data)


def page(report) -> tuple[str, Page]:
    with speaking(report.language):
        html = to_html(report)
    return html, Page(html)


@pytest.fixture(scope="module", params=[fixture.english, fixture.chinese, fixture.tagging])
def report(request):
    return request.param()


def test_the_page_asks_for_nothing(report):
    html, parsed = page(report)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(parsed.tags)
    for tag, name, value in parsed.attributes:
        assert "://" not in value and not name.startswith("on"), (tag, name, value)
        if name.endswith(("src", "href")):
            assert value.startswith("#")
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    assert "<!DOCTYPE" not in html and "xmlns" not in html


def test_the_page_is_well_formed_and_its_headings_go_down_one_by_one(report):
    _, parsed = page(report)
    assert parsed.open == []
    levels = [int(tag[1]) for tag in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_tables_have_captions_and_scopes_and_can_be_reached_by_keyboard(report):
    html, parsed = page(report)
    assert parsed.tags.count("table") == parsed.tags.count("caption") == html.count('<div class="scroll" tabindex="0"')
    headers = [(tag, name) for tag, name, _ in parsed.attributes if tag == "th"]
    assert headers.count(("th", "scope")) == parsed.tags.count("th")
    for figure in re.findall("<figure>.*?</figure>", html, re.DOTALL):
        assert 'role="img" aria-label="' in figure and "<table>" in figure


def test_sections_stand_in_their_order_and_empty_ones_are_left_out():
    with speaking("en"):
        names = [section.name for section in sections(fixture.english())]
        assert names == [name for name, _ in SECTIONS]
        few = [section.name for section in sections(fixture.tagging())]
    assert {"confusion", "slices", "calibration", "curves", "tests"} & set(few) == set()


def test_what_users_wrote_stays_text():
    names = ["name", "task", "hash", "created", "folder", "title"]
    hostile = replace(
        fixture.english(),
        **{name: f"{getattr(fixture.english(), name)}{fixture.HOSTILE}" for name in names},
        differs=(f"key {fixture.HOSTILE}",),
        recipe={fixture.HOSTILE: fixture.HOSTILE},
        environment={fixture.HOSTILE: fixture.HOSTILE, "snippet": fixture.HOSTILE},
        per_label=({"label": fixture.HOSTILE, "f1": 0.5, "support": 3},),
        confusion={"labels": [fixture.HOSTILE, "a"], "matrix": [[1, 2], [3, 4]]},
        slices=({"slice": fixture.HOSTILE, "value": fixture.HOSTILE, "rows": 1, "before": None, "after": [0.1, 0, 1]},),
        curves={fixture.HOSTILE: [[1, 0.5], [2, 0.4]]},
        main_metric="accuracy",
    )
    html, parsed = page(hostile)
    assert "script" not in parsed.tags and "img" not in parsed.tags
    assert all(not name.startswith("on") for _, name, _ in parsed.attributes)
    assert not set("\u202e\u202c\u200b\x1b") & set(html)
    assert "⟦U+202E⟧" in html and "⟦U+200B⟧" in html


@settings(max_examples=40, deadline=None)
@given(st.text())
def test_nothing_hidden_is_left_in_a_visible_text(text):
    shown = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown)
    assert visible(shown) == shown


def test_joiners_that_scripts_need_are_kept():
    family = "👨\u200d👩\u200d👧"
    assert visible(family) == family
    assert visible("pay\u200dpal") == "pay⟦U+200D⟧pal"
    assert visible("你\u200d好") == "你⟦U+200D⟧好"


def test_long_texts_are_folded():
    html, _ = page(fixture.english())
    assert html.count('<details class="fold">') == 1 and "whole text, 2,000 characters" in html


def test_many_labels_are_cut_to_twenty_and_the_rest_is_said():
    html, _ = page(fixture.chinese())
    confusion = html.split('id="confusion"')[1].split("</section>")[0]
    assert confusion.count("<tr") == 21 and "另有 12 个行数较少的标签未列出" in confusion


def test_a_chinese_page_holds_no_english_sentence():
    report = fixture.chinese()
    _, parsed = page(report)
    english = [text for text in parsed.texts if re.search(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}", text)]
    assert english == []
    keys = {"text", "label", "report", "json", "none", "data", "train", "first_line", "part", "duplicates", "drop"}
    keys |= {"split", "epochs", "deep"}
    names = {"dongcha", "torch", "multilingual", "small", "McNemar", "Transformers", "Python"}
    found = {word for text in parsed.texts for word in re.findall(r"[A-Za-z][a-z_]\w{2,}", text)}
    assert found - keys - names == set()
    assert '<html lang="zh-CN">' in page(report)[0]


def test_each_message_is_translated():
    same = {key for key, (en, zh) in catalogue().items() if key.startswith("report.") and en == zh}
    assert same <= {
        f"report.{key}"
        for key in (
            *("metric.f1", "metric.auroc", "metric.mrr_10", "metric.ndcg_10", "row.bm25"),
            *("metric.chrf", "metric.bleu", "metric.rouge_l", "metric.rouge_1", "metric.rouge_2"),
            *("screen.change", "environment.dongcha", "environment.python"),
        )
    }
    for key, (_, zh) in catalogue().items():
        if key.startswith("report.verdict") or key.startswith("report.limit"):
            assert re.search("[\u4e00-\u9fff]", zh)


@pytest.mark.parametrize(
    ("word", "said"), [("better", "improved"), ("worse", "made the model worse"), ("even", "tell from chance")]
)
def test_the_headline_says_what_happened(word, said):
    rows = fixture.table()
    verdict = replace(rows[3].verdict, word=word)
    html, _ = page(replace(fixture.english(), table=(*rows[:3], replace(rows[3], verdict=verdict))))
    sentence = re.search('<p class="sentence">(.*?)</p>', html)[1]
    assert said in sentence and "0.791" in sentence and "0.817" in sentence and "1,896 test rows" in sentence


def test_the_headline_names_a_baseline_that_does_as_well_and_a_check_that_failed():
    rows = fixture.table()
    rival = replace(rows[1], metrics={"accuracy": rows[3].metrics["accuracy"]})
    html, _ = page(replace(fixture.english(), table=(rows[0], rival, *rows[2:])))
    assert "TF-IDF + linear reaches 0.817" in html
    tested = replace(rival, verdict=rows[3].verdict, against="majority")
    html, _ = page(replace(fixture.english(), table=(rows[0], tested, *rows[2:])))
    assert "TF-IDF + linear reaches 0.817" in html
    assert "Failed checks: 1 (best restored)" in page(fixture.tagging())[0]


@pytest.mark.parametrize(
    ("language", "heading", "told"),
    [
        ("english", "paired test", ("against BM25", "against before (frozen)")),
        ("chinese", "配对检验", ("对比 BM25", "对比 训练前（冻结）")),
    ],
)
def test_a_column_of_tests_says_what_each_row_is_compared_with(language, heading, told):
    """Where all are compared with before, its heading says so; where one is not, each row does."""
    report = getattr(fixture, language)()
    rows = report.table
    before, after = rows[-2], replace(rows[-1], against=rows[-2].name)
    hybrid = replace(after, name="hybrid", against="bm25")
    alike, mixed = (page(replace(report, table=(before, *more)))[0] for more in ([after], [hybrid, after]))
    with speaking(report.language):
        usual = say("report.col.test")
    assert f">{usual}</th>" in alike and heading not in alike and told[1] not in alike
    assert f">{heading}</th>" in mixed and f">{usual}</th>" not in mixed
    assert all(f"{said}</td>" in mixed for said in told)


def test_the_limits_follow_from_the_evidence():
    html, _ = page(fixture.tagging())
    limits = html.split('id="limits"')[1]
    assert "Only 150 test rows" in limits and "No difference found is not proof" in limits
    assert "1 of 3 labels have fewer than 10" in limits
    assert "Only" not in page(fixture.english())[0].split('id="limits"')[1]


@pytest.mark.parametrize(("as_answered", "is_silent"), [(0.1, True), (0.3, False)])
def test_a_reader_that_mostly_keeps_silent_is_told(as_answered, is_silent):
    report = fixture.english()
    rows = report.table
    figures = {"answerable_f1": Interval(as_answered, 0.0, 0.5), "likeliest_f1": Interval(0.4, 0.3, 0.5)}
    read = replace(report, table=(*rows[:-1], replace(rows[-1], metrics=dict(rows[-1].metrics) | figures)))
    assert ("mostly keeps silent: on questions with an answer F1 is 0.100" in page(read)[0]) == is_silent
    assert "silent" not in page(report)[0].split('id="limits"')[1]


def test_every_message_of_the_report_is_used():
    folder = Path(dongcha.report.__file__).parent
    paths = [*folder.rglob("*.py"), *folder.rglob("*.html"), Path(terms.__file__)]
    code = "".join(path.read_text(encoding="utf-8") for path in paths)
    kinds = "metric row check step split slice task language environment test section word status col verdict screen"
    kinds += " calibration test_note page"
    loose = [key for key in catalogue() if key.startswith("report.") and key not in code]
    assert [key for key in loose if key.split(".")[1] not in kinds.split()] == []


def test_the_report_starts_light():
    heavy = "torch", "transformers", "pyarrow", "sklearn", "matplotlib"
    code = f"import sys\nfor name in {heavy}: sys.modules[name] = None\nimport dongcha.report"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["zero_shot", "in_context"])
def test_a_model_that_nobody_trained_is_not_said_to_be_trained(name, language):
    base = fixture.english()
    row = replace(base.table[-1], name=name, verdict=None)
    report = replace(base, table=(base.table[0], row), recipe={"adapt": {"method": name}})
    with speaking(language):
        said = " ".join((sentence(report), *limits(report)))
        assert {"en": "Without any training", "zh": "未经任何训练"}[language] in said
        assert say("report.limit.no_before") not in said
        assert (say("report.limit.label_names") in said) == (name == "zero_shot")


def test_numbers_have_no_confidence_to_be_sorted_by():
    row = {"row": 3, "text": "the room was quiet", "gold": "120", "predicted": "80"}
    for more, key in (({}, "furthest"), ({"confidence": 0.9}, "caption")):
        html, _ = page(replace(fixture.english(), hardest=(row | more,)))
        with speaking("en"):
            shown = {name: say(f"report.hardest.{name}") in html for name in ("furthest", "caption")}
        assert shown == {name: name == key for name in shown}
