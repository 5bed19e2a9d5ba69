"""Write the lines that use a saved model with Transformers and numpy alone; the model card shows them.

In: a model. Out: Python that runs as it stands beside the model's folder, its "..." being the text. Knows no training.
"""

import json
from pathlib import Path
from typing import Any

from dongcha.models.model import Model
from dongcha.models.rewritten import saved_class
from dongcha.models.writing import settings_of
from dongcha.registry import find
from dongcha.tasks._in_context import IN_CONTEXT
from dongcha.tasks._model import task_of
from dongcha.tasks._writes import behind

IMPORTS = {
    "import json\n": "json.",
    "from pathlib import Path\n\n": "Path(",
    "import numpy as np\n": "np.",
    "import torch\n": "torch.tensor",
}  # line: its use
NATIVE = """from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
batch = tokenizer({call}, truncation=True, max_length={max_tokens}, return_tensors="pt"){note}
out = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]{types})
{names} = {outputs}
"""
ENCODER = """from transformers import AutoModel, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), AutoModel.from_pretrained("{folder}").eval()
batch = tokenizer({call}, truncation=True, max_length={max_tokens}, return_tensors="pt"){note}
states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]{types})
hidden, mask = states.last_hidden_state.detach().numpy(), batch["attention_mask"].numpy()[..., None]
pooled = {pooling}
"""
POOLED = f"""from safetensors.numpy import load_file
{ENCODER}head = load_file("{{folder}}/head.safetensors")
logits = pooled @ head["weight"].T + head["bias"]
"""
TOWERS = f"""from safetensors.numpy import load_file
{ENCODER}u, v = pooled
head = load_file("{{folder}}/head.safetensors")
product = u * v / np.linalg.norm(u) / np.linalg.norm(v) * np.sqrt(len(u))
logits = (np.concatenate([u, v, np.abs(u - v), product]) @ head["weight"].T + head["bias"])[None]
"""
VECTORS = f"""{ENCODER}vectors = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
"""
SEVERAL = """from safetensors.numpy import load_file
from transformers import AutoModel, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), AutoModel.from_pretrained("{folder}").eval()
batch = tokenizer({call}, truncation=True, max_length={max_tokens}, return_tensors="pt"){note}
states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]{types})
hidden, mask = states.last_hidden_state.detach().numpy(), batch["attention_mask"].numpy()[..., None]
pooled = {pooling}
head, card = load_file("{folder}/head.safetensors"), json.loads(Path("{folder}/task.json").read_text(encoding="utf-8"))
"""
PART = """task, logits = card["parts"]["{name}"], {vectors} @ head["{name}.weight"].T + head["{name}.bias"]
"""
TAGS = """names = card["head"]["parts"][{number}]["labels"]
tags = [names[int(i)] for i in logits[0].argmax(-1)]  # one a token
"""
CLOZE = """from safetensors.numpy import load_file
from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
cloze = json.loads(Path("{folder}/cloze.json").read_text(encoding="utf-8"))
head = load_file("{folder}/head.safetensors")
text = cloze["template"].replace("{{mask}}", tokenizer.mask_token).replace("{{text}}", {call})
ids = tokenizer(text)["input_ids"]{note}
end = min(len(ids), {max_tokens}) - {behind}  # a long text is cut, the template behind it is not
out = model(input_ids=torch.tensor([ids[:end] + ids[len(ids) - {behind} :]]))
scores = out.logits[0, cloze["place"]].detach().log_softmax(-1).numpy()
words = [np.mean([scores[p] for p in pieces if p >= 0]) for pieces in head["pieces"]]
own = head["label"][:, None] == np.arange(len(head["bias"]))
logits = (np.log(np.exp(words) @ own) + head["bias"])[None]
"""
GUESSED = """from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
batch = tokenizer("... " + tokenizer.mask_token + " ...", return_tensors="pt")
place = batch["input_ids"][0].tolist().index(tokenizer.mask_token_id)
word = tokenizer.decode(model(**batch).logits[0, place].argmax())  # the likeliest at the mask
"""
READ = """from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
hidden = model(**tokenizer("...", return_tensors="pt")).last_hidden_state  # a vector a token
"""
WRITES_ON = """from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
batch = tokenizer("...", return_tensors="pt")
out = model.generate(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], max_new_tokens=32)
text = tokenizer.decode(out[0], skip_special_tokens=True)
"""
FILLS = """from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
batch = tokenizer("... <extra_id_0> ...", return_tensors="pt")
out = model.generate(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], max_new_tokens=32)
text = tokenizer.decode(out[0])  # what <extra_id_0> stands for, behind it
"""
WRITER = """from transformers import {kind}, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("{folder}"), {kind}.from_pretrained("{folder}").eval()
batch = tokenizer({call}, return_tensors="pt"){note}
out = model.generate(
    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], {how}
)
answer = tokenizer.decode(out[0{behind}], skip_special_tokens=True, clean_up_tokenization_spaces=False){cut}
"""
BY_CLASS = {  # by how the name of Transformers' class ends
    "ForMaskedLM": GUESSED,
    **dict.fromkeys(("ForCausalLM", "LMHeadModel"), WRITES_ON),
    "ForConditionalGeneration": FILLS,
}
BODIES = {
    "native": NATIVE,
    "pooled": POOLED,
    "embedding": VECTORS,
    "towers": TOWERS,
    "cloze": CLOZE,
}  # by a module's form
WEIGHED = """from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("{folder}")
model = AutoModelForCausalLM.from_pretrained("{folder}").eval()


def likely(prompt, answer):
    read, said = tokenizer(prompt)["input_ids"], tokenizer(answer, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([read + said])).logits[0, len(read) - 1 : -1]
    return float(logits.log_softmax(-1)[range(len(said)), said].sum())


answers = {answers}
scores = [likely({prompt}, answer){blank} for answer in answers]{note}
answer = {names}[scores.index(max(scores))]
"""
TOLD_OF_WRITING = (  # of what `generate` is told, that a reader must know
    *("max_new_tokens", "do_sample", "num_beams", "length_penalty", "repetition_penalty", "no_repeat_ngram_size"),
    *("temperature", "top_k", "top_p", "min_p"),
)
POOLINGS = {
    "mean": "(hidden * mask).sum(1) / mask.sum(1)",
    "cls": "hidden[:, 0]",
    "max": "np.where(mask, hidden, -np.inf).max(1)",
}
TYPES = ', token_type_ids=batch["token_type_ids"]'
TASK = """task = json.loads(Path("{folder}/task.json").read_text(encoding="utf-8"))
"""
ANSWERS = {
    ("sequence", "cross_entropy"): """label = task["labels"][int(logits[0].argmax())]
""",
    ("sequence", "binary_cross_entropy"): """probabilities = 1 / (1 + np.exp(-logits[0]))
thresholds = task["thresholds"] or [0.5] * len(task["labels"])
labels = [name for name, p, least in zip(task["labels"], probabilities, thresholds) if p >= least]
""",
    ("sequence", "squared_error"): """score = task["mean"] + task["deviation"] * float(logits[0, 0])
""",
    ("towers", "cross_entropy"): """label = task["labels"][int(logits[0].argmax())]
""",
    ("embedding", "cosine_error"): """score = task["offset"] + task["slope"] * float(vectors[0] @ vectors[1])
""",
    ("token", "cross_entropy"): """tags = [model.config.id2label[int(i)] for i in logits[0].argmax(-1)]  # one a token
""",
}


def snippet(model: Model, folder: str) -> str:
    """Return the lines for a model saved in `folder`."""
    spec = model.spec
    if spec.parts:
        return _several(model, folder)
    if model.module.form == "writer":
        return (_weighed if IN_CONTEXT in model.card else _written)(model, folder)
    body = BODIES[model.module.form]
    task = find("tasks", model.card["task"])
    known = task_of(model)
    sides = len(known.texts({name: [] for name in task.Task.fields}))
    note = note_of(known, model, task)
    typed = sides > 1 and any(model.tokenizer.pair.types)
    head = find("models.heads", spec.name)
    outputs = getattr(head, "PLAIN_OUTPUTS", ("logits",))
    kind = "sequence" if spec.name == "cloze" else spec.name  # both give one vector of outputs a text
    own = getattr(known, "plain_answer", getattr(task, "PLAIN_ANSWER", None))
    answer = own or ANSWERS[(kind, spec.loss)]
    plain = '"..."' if spec.name == "cloze" else ", ".join(['["..."]'] * sides)
    call = getattr(known, "plain_call", plain)
    given = {"call": call, "note": note, "types": TYPES if typed else ""}
    given["names"] = ", ".join(name.removesuffix("_logits").replace("start", "begin") for name in outputs)
    given["outputs"] = ", ".join(f"out.{name}.detach().numpy()" for name in outputs)
    given["behind"] = str(len(model.tokenizer.suffix))
    names = given | {"kind": head.PLAIN_CLASS, "pooling": POOLINGS.get(getattr(model.module, "pooling", ""), "")}
    lines = body.format(folder=folder, max_tokens=model.tokenizer.max_tokens, **names)
    return with_imports(lines + (TASK.format(folder=folder) if "task[" in answer else "") + answer)


def note_of(task: Any, model: Model, file: Any) -> str:
    """Return the comment behind what is read: what it is, and what dongcha reads beyond it."""
    notes = [getattr(file, "PLAIN_NOTE", "")]
    if task.lengths.long_texts == "windows":
        most = model.tokenizer.max_tokens
        notes.append(f"of a longer text the first {most} tokens only: dongcha reads it in windows")
    told = "; ".join(note for note in notes if note)
    return f"  # {told}" if told else ""


def reading_snippet(folder: Path, shown: str) -> str:
    """Return the lines for what pretraining alone wrote to `folder`, which they call `shown`."""
    kind = saved_class(folder)
    lines = next((lines for end, lines in BY_CLASS.items() if kind.endswith(end)), READ)
    return lines.format(folder=shown, kind=kind)


def _written(model: Model, folder: str) -> str:
    """Return the lines for a model that writes: the prompt of the recipe, written on as the recipe says."""
    task: Any = task_of(model).reading(model.tokenizer)  # type: ignore[attr-defined]
    way = settings_of(model.module.hf, task.writes_by, model.tokenizer.max_tokens, model.tokenizer.pad_id)
    how = ", ".join(f"{name}={value!r}" for name, value in way.to_diff_dict().items() if name in TOLD_OF_WRITING)
    two_sided = model.tokenizer.two_sided
    return WRITER.format(
        kind="AutoModelForSeq2SeqLM" if two_sided else "AutoModelForCausalLM",
        folder=folder,
        call=json.dumps(task.texts(task.blank)[0][0], ensure_ascii=False),
        note="",
        how=how,
        behind="" if two_sided else ', batch["input_ids"].shape[1] :',
        cut=task.plain_cut,
    )


def _weighed(model: Model, folder: str) -> str:
    """Return the lines for a model that weighs answers: without examples, as what follows the prompt."""
    task: Any = task_of(model)
    inputs = {name: ["..."] for name in task.fields[: task.num_inputs]} | {"choices": [["...", "..."]]}
    prompt, answers = task.texts(inputs)[0][0], task.offered(inputs)[0]
    blank = f" - likely({json.dumps(task.blank, ensure_ascii=False)}, answer)" if task.calibrate else ""
    told = [behind(prompt, answer) for answer in answers]
    names = json.dumps(list(task.labels or told), ensure_ascii=False)
    note = f"  # without the {task.count} examples that dongcha puts before it" if task.count else ""
    given = {"prompt": json.dumps(prompt, ensure_ascii=False), "answers": json.dumps(told, ensure_ascii=False)}
    given["note"] = note
    return with_imports(WEIGHED.format(folder=folder, blank=blank, names=names, **given))


def _several(model: Model, folder: str) -> str:
    """Return the lines for a model of several tasks: each task's answer stands below its own logits."""
    task: Any = task_of(model)
    sides = len(task.texts({name: [] for name in task.fields}))
    note = note_of(task, model, find("tasks", task.parts[0].task.name))
    typed = sides > 1 and any(model.tokenizer.pair.types)
    given = {"call": ", ".join(['["..."]'] * sides), "note": note, "types": TYPES if typed else ""}
    pooling = POOLINGS[model.module.pooling]
    code = SEVERAL.format(folder=folder, max_tokens=model.tokenizer.max_tokens, pooling=pooling, **given)
    for number, part in enumerate(model.spec.parts):
        by_token = part.name == "token"
        code += PART.format(name=part.part, vectors="hidden" if by_token else "pooled")
        code += TAGS.format(number=number) if by_token else ANSWERS[(part.name, part.loss)]
    return with_imports(code)


def with_imports(code: str) -> str:
    """Put the imports that some lines use before them."""
    return "".join(line for line, use in IMPORTS.items() if use in code) + code
