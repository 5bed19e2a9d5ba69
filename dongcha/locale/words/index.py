"""Messages of `index/` and of what makes and asks an index."""

MESSAGES: dict[str, tuple[str, str]] = {
    "index.extra": (
        'An index needs {library}, which is not installed: pip install "dongcha[retrieval]".',
        '索引需要 {library}，尚未安装：pip install "dongcha[retrieval]"。',
    ),
    "index.lengths": (
        "An index takes as many ids as texts and vectors; here are {ids} ids, {texts} texts and {vectors} vectors. "
        "Give one of each a row.",
        "索引要求编号、文本、向量的数量一致；此处有 {ids} 个编号、{texts} 条文本、{vectors} 个向量。请为每行各给一个。",
    ),
    "index.no_string": (
        "{what}, row {row}: {found} is no string; turn it into one, for example by str().",
        "{what} 第 {row} 行：{found} 不是字符串；请先转换，例如用 str()。",
    ),
    "index.no_text": (
        "{what}, row {row}: half of a surrogate pair stands here, which is no character; write the whole pair or "
        "U+FFFD.",
        "{what} 第 {row} 行：含有单独的代理码位，不是字符；请写出完整的一对，或改为 U+FFFD。",
    ),
    "index.id_empty": (
        "The id of row {row} is empty; give every row an id of its own.",
        "第 {row} 行的编号为空；请为每行指定各自的编号。",
    ),
    "index.id_stands": (
        "The index already holds {count} of these ids ({ids}); nothing was added. Delete them first to replace their "
        "rows, or give others.",
        "这些编号中有 {count} 个已在索引中（{ids}），未添加任何内容。如要替换，请先删除它们；否则请换用其他编号。",
    ),
    "index.id_unknown": (
        "The index does not hold {count} of these ids ({ids}); nothing was changed. Take ids that it holds, as a "
        "search shows them.",
        "这些编号中有 {count} 个不在索引中（{ids}），未作任何更改。请使用索引中已有的编号，搜索结果会显示它们。",
    ),
    "index.id_double": (
        "{count} of these ids come more than once ({ids}); nothing was changed. Give each id once.",
        "这些编号中有 {count} 个重复出现（{ids}），未作任何更改。每个编号请只给一次。",
    ),
    "index.no_width": (
        "Vectors of shape {found} have no width; give an array of rows by numbers (n, H), also for no rows: (0, H).",
        "形状为 {found} 的向量没有宽度；请给出二维数组（n, H），没有行时也应为（0, H）。",
    ),
    "index.width": (
        "Vectors of shape {found} do not fit an index of {wanted} numbers a vector; make them with the model that "
        "made the index.",
        "形状为 {found} 的向量与索引不符，索引的每个向量有 {wanted} 个数；请用建立该索引的模型生成向量。",
    ),
    "index.no_direction": (
        "Vector {row} has no direction: all its numbers are 0, or one is not finite ({count} such rows); leave its "
        "row out, or mend what made it.",
        "第 {row} 个向量没有方向：全部为 0，或含有非有限值（共 {count} 个）；请去掉该行，或修正生成向量的过程。",
    ),
    "index.questions": (
        "A hybrid search takes a text and a vector for each question; here are {texts} texts and {vectors} vectors. "
        "Give as many.",
        "混合搜索的每个问题都需要一条文本和一个向量；此处有 {texts} 条文本、{vectors} 个向量。请使两者数量一致。",
    ),
    "index.k": (
        "{found} hits cannot be asked for; give a whole number of at least 1.",
        "不能要求返回 {found} 条结果；请给出不小于 1 的整数。",
    ),
    "index.no_folder": (
        "There is no index at {folder}: no such folder; make it with 'dongcha index build', or name the folder that it "
        "was given.",
        "{folder} 处没有索引：文件夹不存在；请用 'dongcha index build' 建立，或改为建立时所用的文件夹。",
    ),
    "index.none": (
        "{folder} is no index: it has no index.json, which is written last; make it anew with 'dongcha index build', "
        "or name another folder.",
        "{folder} 不是索引：其中没有最后才写入的 index.json；请用 'dongcha index build' 重新建立，或改用其他文件夹。",
    ),
    "index.later": (
        "{folder} is an index of form {found}, of a later version of dongcha; this one reads form {known}. Update "
        "dongcha, or make the index anew.",
        "{folder} 是较新版本的 dongcha 建立的索引（格式 {found}），当前版本只能读取格式 {known}；请升级 dongcha，或重新建立索引。",
    ),
    "index.damaged": (
        "The index is damaged at {file} ({error}); copy it again, or make it anew with 'dongcha index build'.",
        "索引已损坏，位置 {file}（{error}）；请重新复制，或用 'dongcha index build' 重新建立。",
    ),
    "index.missing": ("the file is missing", "文件缺失"),
    "index.changed": ("the file is not as it was written", "文件与写入时不一致"),
    "index.foreign": (
        "{folder} holds other things and is no index; name a new or empty folder.",
        "{folder} 中有其他内容，且不是索引；请指定新的或空的文件夹。",
    ),
    "index.is_file": (
        "{folder} is a file, where a folder for the index was wanted; name another place.",
        "{folder} 是文件，而索引需要文件夹；请换一个位置。",
    ),
    "index.stands": (
        "An index already stands at {folder}; add to it with 'dongcha index add', or name another folder.",
        "{folder} 处已有索引；请用 'dongcha index add' 添加内容，或指定其他文件夹。",
    ),
    "index.changed_since": (
        "The index at {folder} has changed since this one was opened; nothing was saved. Open it again and make the change "
        "there, or save to another folder.",
        "{folder} 处的索引在打开之后已被更改；未保存任何内容。请重新打开后再作更改，或保存到其他文件夹。",
    ),
    "index.no_model": (
        "This index does not say which model made its vectors; search it with '--by bm25', or make it anew with "
        "'dongcha index build'.",
        "该索引没有记录其向量由哪个模型生成；请用 '--by bm25' 搜索，或用 'dongcha index build' 重新建立。",
    ),
    "index.other_model": (
        "{name} is not the model that made this index: its weights have SHA-256 {found}..., those of {made} had "
        "{wanted}...; name that one with {given}, or make the index anew.",
        "{name} 不是建立该索引的模型：其权重的 SHA-256 为 {found}…，而 {made} 为 {wanted}…；请用 {given} 指定原模型，或重新建立索引。",
    ),
    "index.other_reading": (
        "{name} is not the model that made this index: its weights are the same, but what says how texts are read (config, "
        "tokenizer, pooling) has SHA-256 {found}..., that of {made} had {wanted}...; name that one with {given}, or make "
        "the index anew.",
        "{name} 不是建立该索引的模型：权重相同，但决定如何读取文本的文件（配置、分词器、池化）的 SHA-256 为 {found}…，"
        "而 {made} 为 {wanted}…；请用 {given} 指定原模型，或重新建立索引。",
    ),
    "index.lost_model": (
        "The model that made this index is not at {name}: no folder or hub model of that name is at hand; say where it "
        "is now with {given}, or make the index anew.",
        "{name} 处没有建立该索引的模型：找不到这个名称的文件夹或模型库模型；请用 {given} 指明它现在的位置，或重新建立索引。",
    ),
    "index.blank": (
        "Question {row} is blank; give a text to look for.",
        "第 {row} 个问题是空白；请给出要查找的文本。",
    ),
    "index.what": (
        "Say what to look for: a file of questions, or --text TEXT; give one of the two.",
        "请指明要查找的内容：问题文件，或 --text 文本；二者给出其一。",
    ),
    "index.col_index": ("index", "索引"),
    "index.col_embedding": ("embedding", "生成向量"),
    "index.holds": ("{rows:,} passages in {folder}", "{folder} 中现有 {rows:,} 个段落"),
    "index.embedding": ("{done:,} of {total:,} passages", "已完成 {done:,}/{total:,} 个段落"),
}
