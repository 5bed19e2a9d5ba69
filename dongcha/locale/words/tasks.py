"""What tasks say of rows that they cannot use."""

MESSAGES = {
    "tasks.no_corpus": (
        "{source}: rows name documents (`relevant`), and no file holds them; give data.corpus, a file of doc and text.",
        "{source}：各行以名称指向文档（`relevant`），却没有文档文件；请用 data.corpus 给出含 doc 与 text 的文件。",
    ),
    "tasks.no_index": (
        "{folder}: the folder with what this model searches is missing; copy the whole run again, or run its recipe "
        "again.",
        "{folder}：缺少该模型要检索的内容（索引文件夹）；请重新复制整个运行文件夹，或重新运行其配方。",
    ),
    "tasks.index": (
        "{error} This index belongs to a trained model: copy the whole run again, or run its recipe again.",
        "{error}该索引属于训练好的模型：请重新复制整个运行文件夹，或重新运行其配方。",
    ),
    "tasks.prompt_too_long": (
        "data.prompt: a prompt takes {tokens} tokens without its row's text, and there is room for {room}; shorten it, "
        "or raise data.max_tokens.",
        "data.prompt：提示不含正文就需 {tokens} 个词元，只有 {room} 个的位置；请缩短提示，或调大 data.max_tokens。",
    ),
    "tasks.scores_too_large": (
        "{source}, {field}: numbers from {low:g} to {high:g}, whose mean or spread is too large to compute with; wanted "
        "numbers whose squares are finite. Give them in a larger unit.",
        "{source} {field}：数值从 {low:g} 到 {high:g}，均值或离散程度过大，无法计算；所需为平方仍有限的数。请改用更大的单位。",
    ),
    "tasks.no_test": (
        "{source}, row {row}, {field}: nothing stands there, and test rows are judged by running them; fill it in, name "
        "its column in data.columns, or give test rows of their own (data.test).",
        "{source} 第 {row} 行 {field}：没有内容，而测试数据要靠运行来评判；请补上，或在 data.columns 中指明列名，"
        "或另给测试数据（data.test）。",
    ),
    "tasks.no_function": (
        "{source}, row {row}, {field}: {found} is no name of a function; write the one that the prompt defines.",
        "{source} 第 {row} 行 {field}：{found} 不是函数名；请写 prompt 所定义的函数名。",
    ),
    "tasks.dialogue_too_long": (
        "data.max_tokens: a dialogue takes {tokens} tokens before anything is said, and there is room for {room}; raise "
        "data.max_tokens, or shorten data.prompt.",
        "data.max_tokens：对话不含所说的话就需 {tokens} 个词元，只有 {room} 个的位置；请调大 data.max_tokens，或缩短 data.prompt。",
    ),
    "tasks.template_field": (
        "{name} is no text that this task reads; write {near}.",
        "{name} 不是该任务读取的文本；请写 {near}。",
    ),
    "tasks.template_unread": (
        "no field of a row stands in it, so all rows would read alike; write {near} where the text goes.",
        "其中没有任何字段，所有行读起来都一样；请在放文本处写 {near}。",
    ),
    "tasks.alike_words": (
        "these labels are weighed by the same words: {labels}; give each words of its own.",
        "这些标签以相同的词来衡量：{labels}；请为它们各写不同的词。",
    ),
    "tasks.words_unused": (
        "a row of {task} brings its own answers, which no words stand for; delete it.",
        "{task} 的每行自带答案，无需用词代替；请删去。",
    ),
    "tasks.prompt_field": (
        "data.prompt: {name} is no field that this task reads; write {near}.",
        "data.prompt：{name} 不是该任务读取的字段；请写 {near}。",
    ),
    "tasks.prompt_attributes": (
        "data.prompt asks for none of the attributes that the training rows have; write one of {near} into it, or set "
        "evaluate.decoding.enforce: false to measure them only.",
        "data.prompt 没有用到训练行的任何属性；请在其中写入 {near} 之一，或设 evaluate.decoding.enforce: false 只作测量。",
    ),
    "tasks.unknown_doc": (
        "{source}, row {row}, relevant: the corpus has no document {doc}; add it, or delete it from the row.",
        "{source} 第 {row} 行 relevant：文档库中没有文档 {doc}；请补上，或从该行删去。",
    ),
    "tasks.unknown_doc_near": (
        "{source}, row {row}, relevant: the corpus has no document {doc}; did you mean {near}?",
        "{source} 第 {row} 行 relevant：文档库中没有文档 {doc}；是否想写 {near}？",
    ),
}
