"""Messages about reading files of texts."""

MESSAGES = {
    "read.place": ("{file}, row {row}", "{file} 第 {row} 行"),
    "read.set_of_one_task": (
        "task {has} has {set} rows and task {lacks} has none; name a file, or set a share in data.split, for both or neither.",
        "任务 {has} 有 {set} 数据，任务 {lacks} 没有；请为二者都给出文件或在 data.split 中留出比例，或者都不要。",
    ),
    "read.split_unlabelled": (
        "{given}: the training rows have no labels, so none of them can judge; leave this out, and name a file of labelled rows in data.test or data.validation.",
        "{given}：训练数据没有标注，切出的行无法用于评估；请去掉这一项，并在 data.test 或 data.validation 中给出已标注的文件。",
    ),
    # where the source is
    "read.missing": (
        "{given}: there is no file or folder {source!r} in {base}; {near}.",
        "{given}：{base} 中找不到文件或文件夹 {source!r}；{near}。",
    ),
    "read.near": ("did you mean {near!r}? Then name it so", "是否指 {near!r}？若是，请照此改写"),
    "read.present": ("beside it stand: {names}; name one of them", "该处现有：{names}；请从中选择"),
    "read.no_folder": (
        "its folder {folder} is not there either; correct the path",
        "其所在文件夹 {folder} 也不存在；请更正路径",
    ),
    "read.package": (
        "{given}: {source} names the package {name!r}, which is not installed; pip install it, and give its import name.",
        "{given}：{source} 指向的软件包 {name!r} 尚未安装；请先用 pip 安装，并填写导入时使用的包名。",
    ),
    "read.package_near": (
        "{given}: {source} names {name!r}, which cannot be imported; did you mean package:{near}?",
        "{given}：{source} 中的 {name!r} 不是可导入的包名；是否指 package:{near}？",
    ),
    "read.package_outside": (
        "{given}: {source} leads out of the package {name!r}; name a place inside it, such as package:{name}/folder.",
        "{given}：{source} 指向软件包 {name!r} 之外；请写包内的路径，如 package:{name}/文件夹。",
    ),
    "read.package_path": (
        "{given}: {source} is not in the package ({root}); {near}.",
        "{given}：软件包（{root}）中没有 {source}；{near}。",
    ),
    "read.unknown_format": (
        "{given}: {source} has the extension {suffix}, which cannot be read; name it by its format: {all}.",
        "{given}：{source} 的扩展名 {suffix} 无法识别；请按实际格式命名：{all}。",
    ),
    "read.unknown_value": (
        "{place}: rows in memory come as a list of dicts, a pandas DataFrame or an Arrow table; found {kind}.",
        "{place}：内存中的数据应为字典列表、pandas DataFrame 或 Arrow 表；实际为 {kind}。",
    ),
    "read.option": (
        "data.{name} is {found!r}; choose one of: {choices}.",
        "data.{name} 的值为 {found!r}；请从中选择：{choices}。",
    ),
    "read.empty": (
        "{place} is empty (0 bytes); give a file with rows.",
        "{place} 是空文件（0 字节）；请提供有内容的文件。",
    ),
    "read.no_rows": (
        "{place} holds no rows; at least one is wanted. Add rows below the header, or name another file.",
        "{place} 中没有任何数据行，至少需要一行；请在表头下补充数据，或换用其他文件。",
    ),
    "read.folder": (
        "{place} has no sub-folders with files; a folder of texts wants one sub-folder a label, one file a text, "
        "or one .txt file a label, one line a text. Found: {names}. To read one file, name it.",
        "{place} 中没有含文件的子文件夹；文本文件夹应按标签分子文件夹、每个文件一篇文本，或每个标签一个 .txt 文件、每行一条文本。现有：{names}。如只读一个文件，请直接写出文件名。",
    ),
    "read.extra": (
        '{place} needs {library}, which is not installed: pip install "dongcha[{extra}]".',
        '读取 {place} 需要 {library}，尚未安装：pip install "dongcha[{extra}]"。',
    ),
    "read.extra_hub": (
        '{place} needs {library}, which is not installed: pip install "dongcha[{extra}]". '
        "Behind a firewall, set HF_ENDPOINT to a mirror for hf: sources.",
        '读取 {place} 需要 {library}，尚未安装：pip install "dongcha[{extra}]"。如无法直连，可将 HF_ENDPOINT 设为镜像站地址（用于 hf: 来源）。',
    ),
    "read.hub": (
        "{place} could not be fetched: {reason}. Check the name and the network (HF_ENDPOINT sets a mirror for hf:), "
        "or download the file and name it.",
        "无法获取 {place}：{reason}。请检查名称与网络（hf: 来源可用 HF_ENDPOINT 指定镜像），或先下载文件再填写文件名。",
    ),
    # bytes and characters
    "read.unknown_encoding": (
        "data.encoding: there is no text encoding {encoding!r}; use auto, utf-8, gb18030, big5, utf-16 or latin-1, for example.",
        "data.encoding：没有名为 {encoding!r} 的文本编码；可填 auto、utf-8、gb18030、big5、utf-16、latin-1 等。",
    ),
    "read.semicolon": ("; ", "；"),
    "read.bad_line": ("line {line} at byte {offset}", "第 {line} 行（字节 {offset}）"),
    "read.encoding_auto": (
        "{place} is neither UTF-8 nor Chinese in gb18030; lines that are not UTF-8: {count} ({lines}). "
        "Set data.encoding to the file's encoding, or data.encoding_errors to replace or drop.",
        "{place} 既不是 UTF-8，也不是 gb18030 中文；不符合 UTF-8 的共 {count} 行：{lines}。"
        "请用 data.encoding 指明编码，或将 data.encoding_errors 设为 replace 或 drop。",
    ),
    "read.encoding": (
        "{place}: lines that are not valid {encoding}: {count} ({lines}). "
        "Set data.encoding to the file's encoding, or data.encoding_errors to replace or drop.",
        "{place} 中不符合 {encoding} 编码的共 {count} 行：{lines}。"
        "请用 data.encoding 指明编码，或将 data.encoding_errors 设为 replace 或 drop。",
    ),
    "read.nul_bytes": (
        "{place}, line {line}: a zero byte at byte {offset}, where text was wanted; if the file is UTF-16, "
        "set data.encoding: utf-16-le, else remove it.",
        "{place} 第 {line} 行：字节 {offset} 处是零字节，不是文本；若文件为 UTF-16，请设 data.encoding: utf-16-le，否则请删去该字节。",
    ),
    "read.nul": (
        "{place}: field {field} holds a NUL character, where only text was wanted; remove it.",
        "{place}：字段 {field} 中有 NUL 字符，应只含文本；请删去该字符。",
    ),
    "read.surrogate": (
        "{place}: field {field} holds half of a surrogate pair (\\ud800 to \\udfff), which is no character; "
        "write the whole pair or U+FFFD.",
        "{place}：字段 {field} 中有不成对的代理码（\\ud800 至 \\udfff），不是有效字符；请补全成对或改为 U+FFFD。",
    ),
    "read.surrogate_name": (
        "{place}: the column name {name!r} holds half of a surrogate pair, which is no character; rename the column.",
        "{place}：列名 {name!r} 中有不成对的代理码，不是有效字符；请改列名。",
    ),
    # the shape of a file
    "read.json": (
        "{place}: broken JSON at column {column} ({reason}), found {excerpt!r}; wanted one whole object a line. "
        "Mend or remove the line.",
        "{place}：JSON 在第 {column} 列处有误（{reason}），该处为 {excerpt!r}；应为每行一个完整的对象。请修正或删去该行。",
    ),
    "read.json_list": (
        "{place}: broken JSON ({reason}), found {excerpt!r}; wanted a list of objects, [{{...}}, {{...}}]. Mend this object.",
        "{place}：JSON 有误（{reason}），该处为 {excerpt!r}；应为对象列表 [{{...}}, {{...}}]。请修正此处。",
    ),
    "read.json_list_end": (
        "{place}: the list ends here, and more follows: {excerpt!r}; wanted one list, [{{...}}, {{...}}]. "
        "Join the lists, or write one object a line.",
        "{place}：列表到此为止，其后还有内容 {excerpt!r}；文件应只有一个列表 [{{...}}, {{...}}]。请合并列表，或每行写一个对象。",
    ),
    "read.not_object": (
        '{place}: a row is an object such as {{"text": "...", "label": "..."}}; found {excerpt!r}. '
        "Put the values under their fields' names.",
        '{place}：每行应为一个对象，如 {{"text": "...", "label": "..."}}；实际为 {excerpt!r}。请把值写在各自的字段名下。',
    ),
    "read.ragged": (
        "{place} (line {line}): {found} cells found, {wanted} wanted, as in the header; "
        'put a cell that holds the delimiter or a line break in double quotes ("...").',
        "{place}（文件第 {line} 行）：有 {found} 个单元格，表头为 {wanted} 个；含分隔符或换行的单元格请用双引号括起。",
    ),
    "read.csv": (
        "{place} (line {line}): a quoted cell is broken ({reason}); wanted a closing quote, and quotes inside doubled. Mend it.",
        '{place}（文件第 {line} 行）：引号不匹配（{reason}）；引号应成对，单元格内的引号应写作两个（""）。请修正。',
    ),
    "read.bare_cr": (
        "{place} (line {line}): the lines end with a carriage return alone, as on old Macintosh systems; save the file with line feeds.",
        "{place}（文件第 {line} 行）：换行只用了回车符（旧版苹果系统的格式）；请另存为以换行符分行的文件。",
    ),
    "read.double_column": (
        "{place}: two columns are named {name!r}, where each name was wanted once; rename one in the header.",
        "{place}：有两列同名 {name!r}，列名不得重复；请在表头改其一。",
    ),
    "read.conll": (
        "{place} (line {line}): {found} columns found, {wanted} wanted, as in the first line; "
        "a line holds a word and its tag, a blank line ends a sentence. Mend the line.",
        "{place}（文件第 {line} 行）：有 {found} 列，首行为 {wanted} 列；每行应为一个词及其标记，句间空一行。请修正该行。",
    ),
    "read.parquet": (
        "{place} is not a Parquet file that can be read ({reason}); write it again, or name it by its real format.",
        "{place} 不是可读的 Parquet 文件（{reason}）；请重新导出，或按实际格式命名。",
    ),
    "read.xlsx": (
        "{place} is not an Excel workbook that can be read ({reason}); save it again as .xlsx, or as .csv.",
        "{place} 不是可读的 Excel 工作簿（{reason}）；请重新另存为 .xlsx 或 .csv。",
    ),
    # columns
    "read.columns": (
        "{place}: the task wants {field} from a column {name!r}{either}; the file has: {found}. "
        "Name the right one in data.columns: {{{field}: COLUMN}}; if the first line is data, add a header line.",
        "{place}：任务所需的 {field} 应取自列 {name!r}{either}，而文件只有：{found}。"
        "请在 data.columns 中指明：{{{field}: 列名}}；若首行已是数据，请补上表头。",
    ),
    "read.either": (", or {other} from {other!r}", "，或 {other} 取自列 {other!r}"),
    "read.columns_near": (
        "{place}: the task wants {field} from a column {name!r}{either}; the file has: {found}. "
        "Is it {near!r}? Then set data.columns: {{{field}: {mended}}}.",
        "{place}：任务所需的 {field} 应取自列 {name!r}{either}，而文件只有：{found}。若为 {near!r}，请设 data.columns: {{{field}: {mended}}}。",
    ),
    "read.columns_asked": (
        "{place}: the model wants {field} from a column {name!r}; there is: {found}. "
        "Name the right one: --{option}-column COLUMN (in Python: column=); if the first line is data, add a header line.",
        "{place}：模型所需的 {field} 应取自列 {name!r}，而现有：{found}。"
        "请用 --{option}-column 列名 指明（Python 中用“column=”）；若首行已是数据，请补上表头。",
    ),
    "read.columns_asked_near": (
        "{place}: the model wants {field} from a column {name!r}; there is: {found}. "
        "Is it {near!r}? Then say --{option}-column {near} (in Python: column={near!r}).",
        "{place}：模型所需的 {field} 应取自列 {name!r}，而现有：{found}。若为 {near!r}，请加 --{option}-column {near}（Python 中用“column={near!r}”）。",
    ),
    "read.rows_asked": (
        "{place}: the model wants {field}, and a row has only: {found}. Give each row its {field} by that name.",
        "{place}：模型需要 {field}，而行中只有：{found}。请在每行中以 {field} 为名给出。",
    ),
    "read.rows_asked_near": (
        "{place}: the model wants {field}, and a row has only: {found}. Is it {near!r}? Then call it {field}.",
        "{place}：模型需要 {field}，而行中只有：{found}。若为 {near!r}，请改名为 {field}。",
    ),
    "read.gold_late": (
        "{place}: rows from about here on have labels, those before have none; label all training rows, or take the labels out.",
        "{place}：约从此处起的行有标注，之前的没有；请为全部训练数据标注，或去掉标注。",
    ),
    "read.columns_key": (
        "{place}: data.columns names a field {name!r} that the task does not have; did you mean {near}?",
        "{place}：data.columns 中的字段 {name!r} 不属于该任务；是否指 {near}？",
    ),
    "read.several_columns": (
        "{place}: data.columns gives {field} several columns ({names}); only texts can be joined, so name one.",
        "{place}：data.columns 为 {field} 指定了多列（{names}）；只有文本可以拼接，请只写一列。",
    ),
    # values
    "read.missing_value": (
        "{place}: field {field} is missing or blank, and every row needs one ({count} such rows nearby: {rows}). "
        "Fill it in, or remove the row.",
        "{place}：缺少字段 {field} 或其为空白，而每行都需要（附近共 {count} 行如此：{rows}）。请补全或删去该行。",
    ),
    "read.kind": (
        "{place}: field {field} is {found}; wanted {wanted}. Correct it, or name another column in data.columns.",
        "{place}：字段 {field} 的值为 {found}；应为 {wanted}。请更正，或在 data.columns 中改用其他列。",
    ),
    "read.rules": ("{place}: {flaw}", "{place}：{flaw}"),
    "read.wanted_attributes": (
        "a mapping of attributes, such as {{tone: warm}} (in a table: as JSON, or columns named in data.columns)",
        "属性的映射，如 {{语气: 热情}}（表格中写作 JSON，或在 data.columns 中列出各列）",
    ),
    "read.wanted_rules": (
        "a mapping of rules, such as {{must_include: [...]}} (in a table: as JSON)",
        "规则的映射，例如 {{must_include: [...]}}（表格中写成 JSON）",
    ),
    "read.wanted_text": ("text", "文本"),
    "read.wanted_label": ("text, or a list of texts", "文本或文本列表"),
    "read.wanted_labels": ("a list of texts", "文本列表"),
    "read.wanted_strings": ("a list of texts, none of them empty", "不含空项的文本列表"),
    "read.wanted_texts": ("a list of texts, none of them blank", "不含空白项的文本列表"),
    "read.wanted_number": ("a number", "数字"),
    "read.wanted_finite": ("a finite number", "有限的数字"),
    "read.wanted_place": ("{{start, end}}: two whole numbers", "{{start, end}}：两个整数"),
    "read.wanted_choices": ("a list of at least two texts", "至少含两项的文本列表"),
    "read.wanted_doc": ("the name of one document", "一个文档的名称"),
    "read.wanted_relevant": ("{{doc, grade}}: a name and a whole number from 0", "{{doc, grade}}：名称与从 0 起的整数"),
    "read.wanted_answer": ("the text of a choice, or its number from 0", "某个选项的文本，或其序号（从 0 起）"),
    "read.wanted_answers": (
        "{{text: [...], answer_start: [...]}}, both of one length (empty: no answer)",
        "{{text: [...], answer_start: [...]}}，两者等长（空表示无答案）",
    ),
    "read.wanted_json": ("a list (in a table: as JSON)", "列表（表格中写成 JSON）"),
    "read.wanted_messages": ("a list of messages {{role, content}}", "由消息 {{role, content}} 组成的列表"),
    "read.wanted_message": (
        "a message {{role, content}}, both texts",
        "一条消息 {{role, content}}，两项都是文本",
    ),
    "read.wanted_spans": ("a list of {{start, end, label}}", "由 {{start, end, label}} 组成的列表"),
    "read.wanted_span": (
        "{{start, end, label}}: two whole numbers and a text",
        "{{start, end, label}}：两个整数和一个文本",
    ),
    "read.label_changes": (
        "{place}: field {field} changes between a text and a list of texts; wanted one of them in all rows. "
        'Write single labels as lists too: ["a"].',
        '{place}：字段 {field} 时而是文本、时而是列表；所有行应一致。单个标签也请写成列表：["a"]。',
    ),
    "read.label_lists": (
        "{source}: field {field} of {name} holds lists of labels, where train ({train}) has single labels; "
        "write single labels here too, or lists in train.",
        "{source}：{name} 的字段 {field} 是标签列表，而 train（{train}）是单个标签；此处也请写单个标签，或在 train 中写列表。",
    ),
    "read.answer_near": (
        "{place}: field {field} has {answer!r} at {start}, where the text has {found!r}; it stands at {near}. Correct answer_start; it counts characters from 0.",
        "{place}：{field} 称 {answer!r} 位于 {start}，而文本该处是 {found!r}；它其实在 {near}。请更正 answer_start（按字符从 0 计）。",
    ),
    "read.answer_absent": (
        "{place}: field {field} has {answer!r} at {start}, where the text has {found!r}; it stands nowhere in the text. Correct it.",
        "{place}：{field} 称 {answer!r} 位于 {start}，而文本该处是 {found!r}；文本中并无此内容。请更正。",
    ),
    "read.no_choice": (
        "{place}: field {field} is {found!r}, which is none of the {count} choices and no number from 0 to {last}. Correct it.",
        "{place}：字段 {field} 的值为 {found!r}，既不是 {count} 个选项之一，也不是 0 到 {last} 的序号。请更正。",
    ),
    "read.no_choice_number": (
        "{place}: field {field} is the number {found}, and the {count} choices are counted from 0 to {last}. "
        "Correct it, or write the choice itself as a text.",
        "{place}：字段 {field} 的值为数字 {found}，而 {count} 个选项的序号为 0 到 {last}。请更正，或以文本写出该选项。",
    ),
    "read.role": (
        "{place}: message {number} has the role {found}; wanted one of: {all}. Correct it.",
        "{place}：第 {number} 条消息的角色是 {found}；应为其中之一：{all}。请更正。",
    ),
    "read.role_near": (
        "{place}: message {number} has the role {found}; wanted one of: {all}. Did you mean {near}?",
        "{place}：第 {number} 条消息的角色是 {found}；应为其中之一：{all}。是否想写 {near}？",
    ),
    "read.no_content": (
        "{place}: message {number} has {found} for its content, and a text is wanted; write what was said, or delete the message.",
        "{place}：第 {number} 条消息的内容是 {found}，应为文本；请写明所说的话，或删去该消息。",
    ),
    "read.no_reply": (
        "{place}: of all messages none is the assistant's (roles found: {found}), and its last one is what is to be learnt; add it, write the field reply, or remove the row.",
        "{place}：没有 assistant 的消息（现有角色：{found}），而要学的正是它的最后一条；请补上，或填写 reply 字段，或删去该行。",
    ),
    "read.nothing_before": (
        "{place}: the assistant's only message is the first, and a reply needs a message before it; add one, or remove the row.",
        "{place}：assistant 唯一的消息是第一条，回复之前须有一条消息；请补上，或删去该行。",
    ),
    "read.span_outside": (
        "{place}: field {field} has a span from {start} to {end}, but the text has {length} characters; "
        "wanted 0 <= start < end <= {length}. Correct it; offsets count characters, not bytes.",
        "{place}：{field} 中有一段为 {start} 到 {end}，而文本共 {length} 个字符；应满足 0 <= start < end <= {length}。"
        "请更正；位置按字符计，不按字节计。",
    ),
    "read.span_overlap": (
        "{place}: field {field} has two spans that overlap ({first} and {second}); wanted spans apart from each other. Keep one of them.",
        "{place}：{field} 中有两段重叠（{first} 与 {second}）；各段不应重叠。请只保留其一。",
    ),
    "read.tag_count": (
        "{place}: {tokens} tokens and {tags} tags (field {field}); wanted as many tags as tokens. Correct the row.",
        "{place}：有 {tokens} 个词、{tags} 个标记（字段 {field}）；二者数量应相同。请更正该行。",
    ),
    "read.unknown_tag": (
        "{place}: the tag {tag!r} has no known form; wanted O or a letter of BIO, BIOES or IOB1 and a label, such as B-PER. Correct it.",
        "{place}：标记 {tag!r} 的写法无法识别；应为 O，或 BIO、BIOES、IOB1 的字母加标签，如 B-PER。请更正。",
    ),
    "read.unknown_scheme": (
        "There is no tagging scheme {scheme!r}; choose one of: {all}.",
        "没有名为 {scheme!r} 的标注方式；请从中选择：{all}。",
    ),
    "read.double_id": (
        "{place}: {field} {id!r} is that of row {first} too; every {field} was wanted once. Change one, or rename the column.",
        "{place}：{field} {id!r} 与第 {first} 行相同；{field} 不得重复。请改其一，或将该列改名。",
    ),
    "read.part_spans": (
        "{place}: data.part first_line does not go with {field}, which counts characters of the whole text; set data.part: all.",
        "{place}：data.part 为 first_line 时不能使用 {field}，因其位置按全文计；请设 data.part: all。",
    ),
}
