"""Messages about recipes."""

MESSAGES = {
    # Reading the file.
    "config.missing_file": (
        "There is no file {path}; check its path, or write one with 'dongcha init'.",
        "找不到文件 {path}；请检查路径，或用 dongcha init 生成一份。",
    ),
    "config.missing_file_near": (
        "There is no file {path}; did you mean {near}?",
        "找不到文件 {path}；是否指 {near}？",
    ),
    "config.is_folder": (
        "{path} is a folder; name the recipe file inside it.",
        "{path} 是文件夹；请写出其中的配方文件。",
    ),
    "config.unreadable": (
        "{path} cannot be read ({reason}); check its name and permissions.",
        "无法读取 {path}（{reason}）；请检查文件名和权限。",
    ),
    "config.too_big": (
        "a recipe holds at most {limit} bytes and this file is larger; put rows of text in a data file and name it here.",
        "配方最多 {limit} 字节，此文件超出；文本数据请放进数据文件，再在配方里写文件名。",
    ),
    "config.utf16": (
        "the file is UTF-16; save it as UTF-8.",
        "文件是 UTF-16 编码；请另存为 UTF-8。",
    ),
    "config.not_utf8": (
        "byte {byte} at offset {offset} is not UTF-8; save the file as UTF-8.",
        "偏移 {offset} 处的字节 {byte} 不是 UTF-8；请把文件另存为 UTF-8。",
    ),
    "config.unprintable": (
        "the character {code} at byte offset {offset} cannot stand in a text file; delete it.",
        "字节偏移 {offset} 处的字符 {code} 不能出现在文本文件中；请删除它。",
    ),
    "config.empty": (
        "the recipe is empty; write one with 'dongcha init'.",
        "配方是空的；可用 dongcha init 生成一份。",
    ),
    "config.no_mapping": (
        "a recipe is made of lines 'key: value', and this one does not begin so; begin with 'task: classification'.",
        "配方由“键: 值”的行组成，这里却不是；可从“task: classification”写起。",
    ),
    "config.wide_colon": (
        "after a key comes a plain ':' and a space; here stands the wide '：'.",
        "键后要用半角冒号“:”加一个空格，这里写的是全角“：”。",
    ),
    "config.documents": (
        "a second document begins here; keep one recipe a file and delete the line '---'.",
        "这里开始了第二个文档；一个文件只写一份配方，请删去“---”这一行。",
    ),
    "config.directive": (
        "a line that begins with '%' has no use here; delete it: recipes are YAML 1.2.",
        "配方里用不到以“%”开头的指令行，请删去；配方一律按 YAML 1.2 读取。",
    ),
    "config.alias": (
        "anchors and aliases (&{name}, *{name}) are not read; write the value out, or share keys with 'extends: base.yaml'. Text that begins with & or * goes in quotes.",
        "不支持锚点和别名（&{name}、*{name}）；请把值直接写出，或用“extends: base.yaml”共用。以 & 或 * 开头的文字请加引号。",
    ),
    "config.tag": (
        "the tag {tag} is not read; delete it, and put text in quotes.",
        "不支持标签 {tag}；请删去，文字可加引号。",
    ),
    "config.too_deep": (
        "more than {limit} levels are nested here; a recipe needs four at most.",
        "这里嵌套超过 {limit} 层；配方至多需要四层。",
    ),
    "config.key_not_text": (
        "a key is a word, and here stands a list or a mapping; put it in quotes if it is meant as text.",
        "键应是文字，这里却是列表或映射；如本意是文字，请加引号。",
    ),
    "config.twice": (
        "the key {name!r} stands here a second time (first at {first}); keep one.",
        "键 {name!r} 在此重复（首次在 {first}）；请只留一个。",
    ),
    "config.yaml_tab": (
        "a tab indents this line; YAML takes spaces only, two a level.",
        "此行用制表符缩进；YAML 只认空格，每层两个。",
    ),
    "config.yaml_two_colons": (
        "two ': ' in one line, near {line!r}; put the text in quotes, or begin a new line after the first.",
        "一行里有两个“: ”，见 {line!r}；请给文字加引号，或在第一个冒号后换行。",
    ),
    "config.yaml_no_colon": (
        "a ': ' is missing after a key, near {line!r}; write 'key: value' with a space.",
        "键后缺少“: ”，见 {line!r}；请写成“键: 值”，冒号后留一个空格。",
    ),
    "config.yaml_bracket": (
        "a bracket that opens here is not closed as it should be, near {line!r}; close it, and put a comma between items.",
        "此处的括号没有正确闭合，见 {line!r}；请补上右括号，各项用半角逗号隔开。",
    ),
    "config.yaml_quote": (
        "a quote that opens here is not closed, near {line!r}; close it.",
        "此处的引号没有闭合，见 {line!r}；请补上。",
    ),
    "config.yaml_indent": (
        "this line does not line up with those above, near {line!r}; keys of one section begin in the same column.",
        "此行与上文没有对齐，见 {line!r}；同一节的键要从同一列开始。",
    ),
    "config.yaml_symbol": (
        "a value cannot begin with this sign, near {line!r}; put it in quotes.",
        "值不能以此符号开头，见 {line!r}；请加引号。",
    ),
    "config.yaml_escape": (
        "a backslash in double quotes starts an escape that does not exist, near {line!r}; use single quotes.",
        "双引号中的反斜杠构成了不存在的转义，见 {line!r}；请改用单引号。",
    ),
    "config.yaml_other": (
        "this cannot be read as YAML, near {line!r}; check colons, quotes and indentation.",
        "这里不是有效的 YAML，见 {line!r}；请检查冒号、引号和缩进。",
    ),
    # extends and --set.
    "config.extends_text": (
        "extends takes the name of one recipe file, such as 'extends: base.yaml'.",
        "extends 后要写一个配方文件名，例如“extends: base.yaml”。",
    ),
    "config.extends_cycle": (
        "extends {base} comes back to a recipe that is being read; take one of the 'extends' lines out.",
        "extends {base} 又绕回了正在读取的配方；请去掉其中一行 extends。",
    ),
    "config.setting_form": (
        "a setting is a key and a value, such as --set train.epochs=3.",
        "设置要写成键和值，例如 --set train.epochs=3。",
    ),
    "config.setting_extends": (
        "extends belongs in the recipe file; write it there.",
        "extends 只能写在配方文件里。",
    ),
    # Keys and values.
    "config.unknown": (
        "there is no key {path}; the keys here are {known}.",
        "没有 {path} 这个键；此处可用的键：{known}。",
    ),
    "config.unknown_near": (
        "there is no key {path}; did you mean {near}?",
        "没有 {path} 这个键；是否指 {near}？",
    ),
    "config.unknown_none": (
        "there is no key {path}, and none can stand here; delete it.",
        "没有 {path} 这个键，此处也不能再写别的键；请删去。",
    ),
    "config.missing": (
        "{path} is missing; give {wanted}.",
        "缺少 {path}；请写上{wanted}。",
    ),
    "config.missing_key": (
        "{path} is missing; add it: {help}.",
        "缺少 {path}；请补上：{help}。",
    ),
    "config.wrong": (
        "{path} is {found}; it must be {wanted}.",
        "{path} 的值是 {found}；应为{wanted}。",
    ),
    "config.method_says": (
        "{path} cannot be used: {reason}; change it.",
        "{path} 不可用：{reason}；请修改。",
    ),
    "config.more": (
        "and {count} more; mend these first.",
        "另有 {count} 处问题；请先改好以上各处。",
    ),
    "config.not_built": (
        "{path} is not built yet in version {version}; leave it out or set it to null.",
        "版本 {version} 尚未提供 {path}；请删去或设为 null。",
    ),
    "config.task_not_built": (
        "task {task} is not built yet in version {version}; choose one of {built}.",
        "版本 {version} 尚未提供任务 {task}；可选：{built}。",
    ),
    "config.no_task": (
        "task is null, and without pretrain: there is nothing else to do; add pretrain:, or name a task.",
        "task 为 null，又没有 pretrain:，便无事可做；请加上 pretrain:，或写明任务。",
    ),
    "config.corpus_is_train": (
        "{path} cannot stand beside task: null, where the texts of data.train are the corpus; move the file there.",
        "task: null 时 data.train 的文本就是语料，不能再写 {path}；请把该文件写到 data.train。",
    ),
    "config.no_task_here": (
        "{path} is for a task, and task is null; delete {name}, or name a task.",
        "{path} 用于任务，而 task 为 null；请删去 {name}，或写明任务。",
    ),
    "config.which_task": (
        "the recipe names no task; write task: classification, or tasks: with a list of several.",
        "配方没有写明任务；请写 task: classification，或用 tasks: 列出多个。",
    ),
    "config.task_and_tasks": (
        "tasks and task ({task}) are both set; move {task} into the list, or delete one of them.",
        "tasks 与 task（{task}）同时设置；请把 {task} 移入列表，或删去其一。",
    ),
    "config.one_task": (
        "tasks lists fewer than two; for one task write task: with its name, its columns under data.columns.",
        "tasks 少于两项；只有一个任务时请写 task:，其列名放在 data.columns 下。",
    ),
    "config.unknown_task": (
        "{path} is {found!r}, which is no task; did you mean {near}?",
        "{path} 的值 {found!r} 不是任务名；是否想写 {near}？",
    ),
    "config.task_name_twice": (
        "{path}: {name} is the name of two tasks; give each a name of its own with name:.",
        "{path}：有两个任务都叫 {name}；请用 name: 给它们各起一个名字。",
    ),
    "config.some_have_data": (
        "{path}: task {name} has no data, and others have; give each its own, or move one data: to the recipe's top.",
        "{path}：任务 {name} 没有 data，而别的任务有；请给每个任务各写一份，或在配方顶层写一份共用的 data:。",
    ),
    "config.data_of_tasks": (
        "{path} cannot stand where each task has data of its own; move {name} into each task's data.",
        "各任务已有自己的 data，此处不能再写 {path}；请把 {name} 移到每个任务的 data 里。",
    ),
    "config.no_task_data": (
        "{path} mixes tasks that have data of their own, and these have not; delete it.",
        "{path} 用来混合各有 data 的任务，而这里没有；请删去。",
    ),
    "config.tasks_inputs": (
        "tasks on one model must read the same fields, and {first} reads {reads}, {task} {other}; "
        "train {task} with a recipe of its own.",
        "共用一个模型的任务须读相同的字段，而 {first} 读 {reads}，{task} 读 {other}；请为 {task} 另写一份配方。",
    ),
    "config.tasks_alone": (
        "{task} cannot be one of several tasks: its head reads a row in a way of its own; "
        "train it with a recipe of its own.",
        "{task} 不能与其他任务一起学：它读取一行的方式与众不同；请为它另写一份配方。",
    ),
    "config.tasks_tags": (
        "columns of task {task} names tags, and several tasks of these rows have spans; give each tagging a data of "
        "its own, the same file if need be.",
        "任务 {task} 的 columns 写了 tags，而这些行上有多个任务使用 spans；请给每个标注任务各写一份 data，可以是同一个文件。",
    ),
    "config.tasks_columns": (
        "columns of task {task} names {field}, which is no target of it (it has {own}); "
        "columns of the inputs go under data.columns.",
        "任务 {task} 的 columns 写了 {field}，但它的目标字段是 {own}；输入列请写在 data.columns 下。",
    ),
    "config.source": (
        "{path} must be the path of a file or folder of texts; in Python, a list of dicts, a pandas frame or an Arrow table.",
        "{path} 应为文本文件或文件夹的路径；在 Python 中也可以是字典列表、pandas 表或 Arrow 表。",
    ),
    "config.rows_in_file": (
        "{path} holds rows inside the recipe; put them in a data file and give its path.",
        "{path} 把数据行写进了配方；请放进数据文件，再写其路径。",
    ),
    "config.encoding": (
        "{path} {name!r} is no encoding that Python knows; use auto, utf-8 or gb18030.",
        "{path} 的值 {name!r} 不是已知的编码；可用 auto、utf-8 或 gb18030。",
    ),
    "config.bad_name": (
        "{path}: {reason}",
        "{path}：{reason}",
    ),
    # What does not go together.
    "config.test_name": (
        "{path}: the name {name} is taken by the split itself; give the extra test set another name.",
        "{path}：名称 {name} 已被同名划分占用；请给额外的测试集换个名字。",
    ),
    "config.given_and_split": (
        "{path} and {given} are both set, and only one can make the {part} rows; delete one.",
        "{path} 与 {given} 同时设置，而 {part} 数据只能来自其中之一；请删去一个。",
    ),
    "config.shares": (
        "the shares in {path} add up to {total} and leave no rows for the rest; make them smaller.",
        "{path} 中各份之和为 {total}，剩不下数据；请调小。",
    ),
    "config.left_over": (
        "{path} cannot be set beside data.split.train: test takes the rows that train and validation leave; delete one.",
        "已设 data.split.train 时不能再设 {path}：测试集取训练与验证之外的全部行；请删去一个。",
    ),
    "config.group_and_time": (
        "{path} and data.split.group cannot both decide which rows stay together; keep one.",
        "{path} 与 data.split.group 不能同时决定划分方式；请只留一个。",
    ),
    "config.per_label_and_way": (
        "{path} counts rows per label, which cannot be kept when rows are split by data.split.{way}; give a share instead.",
        "{path} 按标签计数，与 data.split.{way} 的划分方式无法兼顾；请改用比例。",
    ),
    "config.nothing_to_split": (
        "{path} has nothing to split: data.validation and data.test are both given; delete it.",
        "data.validation 与 data.test 均已给出，{path} 无可划分；请删去。",
    ),
    "config.needs_writing": (
        "{path} is for tasks whose answers a model writes, and {task} is not one; leave it out.",
        "{path} 只用于由模型写出答案的任务，{task} 不是；请去掉。",
    ),
    "config.whole_batches": (
        "{path}: {task} tells the texts of a batch from one another, so its batches cannot be computed in parts; leave it at 1, and lower train.batch_tokens for less memory.",
        "{path}：{task} 任务要让一批文本互相区分，不能分份计算；请保持为 1，若要省内存请调小 train.batch_tokens。",
    ),
    "config.needs_labels": (
        "{path} needs one label a row, which {task} has not; delete it.",
        "{path} 需要每行一个标签，而 {task} 任务没有；请删去。",
    ),
    "config.corpus": (
        "{path} holds documents for task retrieval, and this task searches none; delete it.",
        "{path} 是 retrieval 任务的文档，本任务不做检索；请删去。",
    ),
    "config.scratch_unread": (
        "model: a model from scratch knows nothing until it has read texts; add pretrain: {{corpus: FILE}}, or name a model that has.",
        "model：从零开始的模型在读过文本之前一无所知；请加上 pretrain: {{corpus: 文件}}，或改用读过文本的模型。",
    ),
    "config.scratch_no_corpus": (
        "{path}: a model from scratch needs a corpus to learn its word pieces and its language from; add corpus: FILE, a large file of texts.",
        "{path}：从零开始的模型需要语料来学习词片和语言；请写 corpus: 文件（文本多的文件）。",
    ),
    "config.new_pieces_scratch": (
        "{path}: a model from scratch learns all its pieces on the corpus; delete it, or set model.scratch.vocabulary.",
        "{path}：从零开始的模型在语料上学习全部词片；请删去该键，或设置 model.scratch.vocabulary。",
    ),
    "config.new_pieces_no_corpus": (
        "{path}: new pieces are learnt on a corpus; add corpus: FILE, a file of the domain's texts.",
        "{path}：新词片从语料中学习；请写 corpus: 文件（该领域的文本）。",
    ),
    "config.scratch_method": (
        "{path}: a model from scratch reads by {wanted}; {found} is for models that can read already.",
        "{path}：从零开始的模型用 {wanted} 来读；{found} 用于已会阅读的模型。",
    ),
    "config.no_pairs": (
        "{path} is for tasks pairs and choice, whose rows have several texts; delete it.",
        "{path} 只用于 pairs 与 choice 任务（每行有几段文本）；请删去。",
    ),
    "config.samples_drawn": (
        "{path} is {samples}, and texts that differ must be drawn; set evaluate.decoding.temperature above 0 (0.8, say) "
        "and beams to 1, or samples to 1.",
        "{path} 为 {samples}，多份文本要靠采样得到；请把 evaluate.decoding.temperature 设为大于 0（如 0.8）、beams 设为 1，"
        "或把 samples 设为 1。",
    ),
    "config.no_negatives": (
        "{path} is for task retrieval, where a query is shown wrong answers; delete it.",
        "{path} 只用于 retrieval 任务（为查询附上错误答案）；请删去。",
    ),
    "config.no_validation": (
        "{path} watches the validation score, and data.split.validation is 0; give validation rows, or set it to null.",
        "{path} 依赖验证集得分，而 data.split.validation 为 0；请留出验证数据，或设为 null。",
    ),
    # What was found and what was wanted.
    "config.found_object": ("a mapping", "映射"),
    "config.found_array": ("a list", "列表"),
    "config.found_null": ("null", "null"),
    "config.kind_string": ("text", "文字"),
    "config.kind_integer": ("a whole number", "整数"),
    "config.kind_number": ("a number", "数字"),
    "config.kind_boolean": ("true or false", "true 或 false"),
    "config.kind_null": ("null", "“null”"),
    "config.kind_array": ("a list", "列表"),
    "config.kind_object": ("a mapping", "映射"),
    "config.kind_any": ("another value", "其他值"),
    "config.kind_keys": ("a mapping with {keys}", "含 {keys} 的映射"),
    "config.one": ("{name}", "“{name}”"),
    "config.one_of": ("one of {names}", "以下之一（{names}）"),
    "config.with_limits": ("{kind} ({limits})", "{kind}（{limits}）"),
    "config.at_least": ("at least {limit}", "不小于 {limit}"),
    "config.above": ("above {limit}", "大于 {limit}"),
    "config.at_most": ("at most {limit}", "不大于 {limit}"),
    "config.below": ("below {limit}", "小于 {limit}"),
    "config.long_at_least": ("not empty", "不为空"),
    "config.comma": (", ", "、"),
    "config.or": (" or ", " 或 "),
    "config.or_kind": (" or ", "或"),
    "config.nothing": ("something else", "其他值"),
    "config.template": (
        "A recipe of dongcha; paths are relative to this file, and 'auto' is chosen for you.",
        "洞察的配方；路径相对于本文件，auto 表示自动选择。",
    ),
    # The line of help of every key.
}
