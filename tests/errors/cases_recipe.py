"""Recipes that are refused."""

from error_case import Case
from error_desk import Desk

GOOD = "task: classification\ndata: {train: rows.jsonl}\nmodel: encoder\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def written(content: str | bytes):
    """Put a recipe file of this content beside good rows and a model."""
    return lambda desk: (desk.put("recipe.yaml", content), desk.rows(), desk.encoder())


def plain(**sections):
    """Put the plain recipe with these sections, good rows and a model."""
    return lambda desk: desk.plain(**sections)


TAGS = "".join(
    f'{{"text": "in {place} {i}", "spans": [{{"start": 3, "end": {3 + len(place)}, "label": "LOC"}}]}}\n'
    for i, place in enumerate(["Paris", "Bergen"] * 8)
)


def apart(**own):
    """List tasks with data of their own, classification of the good rows before them."""
    tasks = {"classification": {"train": "rows.jsonl"}, **own}
    return [{"task": task, "data": data} for task, data in tasks.items()]


def extending(desk: Desk) -> None:
    desk.plain()
    desk.put("recipe.yaml", "extends: base.yaml\n")
    desk.put("base.yaml", "extends: recipe.yaml\n")


RECIPE_CASES = (
    Case(
        "no such recipe",
        ("a recipe whose name is mistyped", "配方文件名写错"),
        ("type the name that is there", "改用实际的文件名"),
        plain(),
        ("check", "recpie.yaml"),
    ),
    Case(
        "recipe is a folder",
        ("a folder in place of a recipe", "把文件夹当作配方"),
        ("name the file in it", "写出其中的文件"),
        lambda d: d.rows("place/rows.jsonl"),
        ("check", "place"),
    ),
    Case(
        "recipe too big",
        ("rows of text pasted into the recipe (over 1 MB)", "把大量文本写进了配方（超过 1 MB）"),
        ("keep texts in a data file", "文本放进数据文件"),
        written(GOOD + "# " + "x" * 1_100_000),
    ),
    Case(
        "recipe in UTF-16",
        ("a recipe saved as UTF-16", "配方存成了 UTF-16"),
        ("save it as UTF-8", "另存为 UTF-8"),
        written(GOOD.encode("utf-16")),
    ),
    Case(
        "recipe in GBK",
        ("a recipe saved as GBK", "配方存成了 GBK"),
        ("save it as UTF-8", "另存为 UTF-8"),
        written(b"name: " + "评论".encode("gbk") + b"\n" + GOOD.encode()),
    ),
    Case(
        "NUL in a recipe",
        ("a zero byte in the recipe", "配方中有零字节"),
        ("delete it", "删去该字符"),
        written("name: a\0b\n" + GOOD),
    ),
    Case(
        "empty recipe",
        ("an empty recipe", "配方是空文件"),
        ("let `dongcha init` write one", "用 `dongcha init` 生成"),
        written(""),
    ),
    Case(
        "YAML bomb",
        ("nine lines of aliases that would unfold to 387 million items", "九行别名，展开后有 3.87 亿项"),
        ("write values out; share keys with `extends`", "直接写出各值；共用的键用 `extends`"),
        written(BOMB + GOOD),
    ),
    Case(
        "YAML tag that asks for code",
        ("a tag `!!python/object/apply:os.system`", "标签 `!!python/object/apply:os.system`"),
        ("delete the tag", "删去该标签"),
        written('name: !!python/object/apply:os.system ["touch canary"]\n' + GOOD),
    ),
    Case(
        "nested too deep",
        ("30 levels of brackets", "30 层括号嵌套"),
        ("a recipe needs four levels at most", "配方至多需要四层"),
        written("name: " + "[" * 30 + "]" * 30 + "\n" + GOOD),
    ),
    Case(
        "key twice",
        ("the same key written twice", "同一个键写了两次"),
        ("keep one of them", "只留一个"),
        written(GOOD + "task: tagging\n"),
    ),
    Case(
        "tab in a recipe",
        ("a line indented by a tab", "用制表符缩进"),
        ("indent by spaces", "改用空格"),
        written(GOOD.replace("data: {train: rows.jsonl}", "data:\n\ttrain: rows.jsonl")),
    ),
    Case(
        "open bracket",
        ("a bracket that is never closed", "括号没有闭合"),
        ("close it", "补上右括号"),
        written("task: classification\nmodel: encoder\ndata: {train: rows.jsonl\n"),
    ),
    Case(
        "wide colon",
        ("a full-width colon after a key", "键后用了全角冒号"),
        ("type `:` and a space", "改为半角 `:` 加空格"),
        written(GOOD + "seed：7\n"),
    ),
    Case(
        "mistyped key",
        ("`train.epoch` for `train.epochs`", "写成 `train.epoch`，应为 `train.epochs`"),
        ("take the key that the message names", "改用消息所示的键"),
        written(GOOD + "train: {epoch: 3}\n"),
    ),
    Case(
        "key in the wrong section",
        ("`learning_rate` outside `train`", "`learning_rate` 写在了 `train` 之外"),
        ("move it where the message says", "移到消息所示的节"),
        written(GOOD + "learning_rate: 2e-5\n"),
    ),
    Case(
        "value of another kind",
        ("words where a number is wanted", "应为数字处写了文字"),
        ("write a number", "写数字"),
        written(GOOD + "train: {learning_rate: fast}\n"),
    ),
    Case(
        "more threads than any machine has",
        ("`threads: 100000`", "`threads: 100000`"),
        ("leave it at `auto`", "保持 `auto`"),
        plain(threads=100_000),
    ),
    Case(
        "several mistakes at once",
        ("three mistakes in one recipe", "一份配方里有三处错误"),
        ("mend all of them in one go", "一次改好"),
        written("tsk: classification\nmodel: encoder\ndata: {train: rows.jsonl, part: some}\nseed: -1\n"),
    ),
    Case(
        "required key missing",
        ("no `model`", "没有 `model`"),
        ("add it", "补上"),
        written(GOOD.replace("model: encoder\n", "")),
    ),
    Case(
        "section not built",
        ("a section of a later version", "后续版本才有的节"),
        ("leave it out", "删去该节"),
        written(GOOD + "serve: {port: 8000}\n"),
    ),
    Case(
        "path traversal in the name",
        ("a run named `../../etc`", "运行名为 `../../etc`"),
        ("use letters, digits, `.`, `_`, `-`", "用文字、数字、`.`、`_`、`-`"),
        written("name: ../../etc\n" + GOOD),
    ),
    Case(
        "name of a device",
        ("a run named `CON`, which Windows keeps for itself", "运行名为 `CON`（Windows 保留名）"),
        ("choose another name", "换一个名称"),
        written("name: CON\n" + GOOD),
    ),
    Case(
        "recipes that extend each other",
        ("two recipes with an `extends` of each other", "两份配方互相 `extends`"),
        ("take one `extends` out", "去掉其中一处 `extends`"),
        extending,
    ),
    Case(
        "setting without a value",
        ("`--set train.epochs`", "`--set train.epochs`"),
        ("write `--set train.epochs=3`", "写成 `--set train.epochs=3`"),
        plain(),
        ("check", "recipe.yaml", "--set", "train.epochs"),
    ),
    Case(
        "file and share for one split",
        ("`data.test` and `data.split.test` together", "同时写 `data.test` 与 `data.split.test`"),
        ("keep one", "只留一个"),
        lambda d: d.plain(data={"train": "rows.jsonl", "test": "test.jsonl", "split": {"test": 0.2}}),
    ),
    Case(
        "nothing left to train on",
        ("shares of 0.6 and 0.5", "两份比例为 0.6 与 0.5"),
        ("make the shares smaller", "调小比例"),
        plain(data={"train": "rows.jsonl", "split": {"validation": 0.6, "test": 0.5}}),
    ),
    Case(
        "unknown optimiser",
        ("`train.optimizer: adam`", "`train.optimizer: adam`"),
        ("take one that is there", "选用已有的优化器"),
        plain(train={"optimizer": "adam"}),
    ),
    Case(
        "unknown step",
        ("`--until trian`", "`--until trian`"),
        ("take the step that the message names", "改用消息所示的步骤"),
        plain(),
        ("run", "recipe.yaml", "--until", "trian"),
    ),
    Case(
        "no time to train",
        ("`time_limit: 0.01`, which reading alone takes", "`time_limit: 0.01`，只够读取数据"),
        ("give at least what the message says", "至少给出消息所示的分钟数"),
        plain(time_limit=0.01),
    ),
    Case(
        "one task and several",
        ("`task` beside `tasks`", "同时写 `task` 与 `tasks`"),
        ("keep one of them", "只留一个"),
        plain(tasks=["classification", "tagging"]),
    ),
    Case(
        "a list of one task",
        ("`tasks: [classification]`", "`tasks: [classification]`"),
        ("write `task: classification`", "写成 `task: classification`"),
        plain(task=None, tasks=["classification"]),
    ),
    Case(
        "one name for two tasks",
        ("two classifications in `tasks` without a `name`", "`tasks` 中两个分类任务都没有 `name`"),
        ("name them", "各起一个名字"),
        plain(task=None, tasks=["classification", {"task": "classification", "columns": {"label": "city"}}]),
    ),
    Case(
        "a task in a list that is none",
        ("`tasks: [clasification, tagging]`", "`tasks: [clasification, tagging]`"),
        ("take the nearest", "改用最接近的名称"),
        plain(task=None, tasks=["clasification", "tagging"]),
    ),
    Case(
        "a task that weighs nothing",
        ("`weight: 0` for one of several tasks", "多个任务之一写了 `weight: 0`"),
        ("give a number above 0, or take the task out", "给出大于 0 的数，或删去该任务"),
        plain(task=None, tasks=["classification", {"task": "tagging", "weight": 0}]),
    ),
    Case(
        "tasks that read other fields",
        ("`tasks: [classification, pairs]` over one `data`", "`tasks: [classification, pairs]` 共用一份 `data`"),
        ("train each by a recipe of its own", "各写一份配方"),
        plain(task=None, tasks=["classification", "pairs"]),
    ),
    Case(
        "a task that stands alone among several",
        ("`tasks: [classification, qa]`", "`tasks: [classification, qa]`"),
        ("train each by a recipe of its own", "各写一份配方"),
        plain(task=None, tasks=["classification", "qa"]),
    ),
    Case(
        "data of one task's own beside data of all",
        ("`data` inside one entry of `tasks`, and at the top too", "`data` 写在 `tasks` 的一项里，顶层也有"),
        ("give each its own, or all one at the top", "各写一份，或顶层共用一份"),
        plain(task=None, tasks=["classification", {"task": "tagging", "data": {"train": "rows.jsonl"}}]),
    ),
    Case(
        "a task's own data without training rows",
        ("`data: {test: rows.jsonl}` in an entry of `tasks`", "`data: {test: rows.jsonl}` 写在 `tasks` 的一项里"),
        ("add `train`", "补上 `train`"),
        plain(task=None, data={}, tasks=apart(tagging={"test": "rows.jsonl"})),
    ),
    Case(
        "a set that only one of several tasks has",
        ("`split: {validation: 0}` for one task of two", "两个任务之一写了 `split: {validation: 0}`"),
        ("let both have it, or neither", "二者都留，或都不留"),
        lambda d: (
            d.plain(task=None, data={}, tasks=apart(tagging={"train": "tags.jsonl", "split": {"validation": 0}})),
            d.put("tags.jsonl", TAGS),
        ),
    ),
    Case(
        "a file of one task that is not there",
        ("`train: row.jsonl` in one task's `data`", "`train: row.jsonl` 写在某个任务的 `data` 里"),
        ("name the file that is there", "写出实际的文件名"),
        plain(task=None, data={}, tasks=apart(tagging={"train": "row.jsonl"})),
    ),
    Case(
        "a temperature without tasks that have data of their own",
        ("`train: {task_temperature: 3}` for one task", "单个任务写了 `train: {task_temperature: 3}`"),
        ("delete it", "删去"),
        plain(train={"task_temperature": 3}),
    ),
    Case(
        "a temperature below 1",
        ("`train: {task_temperature: 0.5}`", "`train: {task_temperature: 0.5}`"),
        ("give 1 or more", "给出不小于 1 的数"),
        plain(train={"task_temperature": 0.5}),
    ),
    Case(
        "columns of an input in a task's entry",
        ("`columns: {text: body}` in an entry of `tasks`", "`columns: {text: body}` 写在 `tasks` 的一项里"),
        ("write it under `data.columns`", "写在 `data.columns` 下"),
        plain(task=None, tasks=[{"task": "classification", "columns": {"text": "body"}}, "tagging"]),
    ),
    Case(
        "slice by no column",
        ("`evaluate.slices: [lable]`, a column that is not there", "`evaluate.slices: [lable]`，没有该列"),
        ("take a column of the file", "改用文件中的列"),
        plain(evaluate={"slices": ["lable"]}),
    ),
)
