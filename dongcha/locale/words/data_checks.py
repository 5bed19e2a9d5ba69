"""Messages of the data checks, of splitting, and of label errors."""

MESSAGES = {
    # Between clauses of one sentence.
    "data_checks.and": ("; ", "；"),
    # merged
    "data_checks.merged": (
        "Rows of relations are read for their entities, one row a text: {clauses}.",
        "从关系数据中读取实体，每条文本合为一行：{clauses}。",
    ),
    "data_checks.merged_clause": (
        "{split} {rows:,} rows, {merged:,} of them merged, {left_out:,} entities left out that overlap a longer one",
        "{split} {rows:,} 行，合并 {merged:,} 行，因与更长的实体重叠而略去 {left_out:,} 个",
    ),
    "data_checks.merged_fix": (
        "Tags cannot say that one entity lies in another; give `spans` of your own where the shorter one is meant.",
        "标签无法表示实体嵌套；若应保留较短的实体，请自行给出 `spans` 列。",
    ),
    # solutions
    "data_checks.solutions_passed": (
        "Solutions pass their own tests: {count:,} of {count:,} that were run.",
        "参考解答均通过自带的测试：运行 {count:,} 个，通过 {count:,} 个。",
    ),
    "data_checks.solutions": (
        "{failing:,} of {count:,} solutions that were run fail their own tests: {rows}.",
        "运行的 {count:,} 个参考解答中，有 {failing:,} 个通不过自带的测试：{rows}。",
    ),
    "data_checks.solutions_rows": ("{split} row {rows}", "{split} 第 {rows} 行"),
    "data_checks.solutions_fix": (
        "Correct solution or test: as it is, no right answer can pass there.",
        "请修正解答或测试：照现在这样，正确的答案也可能通不过。",
    ),
    # duplicates
    "data_checks.no_repeats": ("No text comes twice in a split.", "各数据集内没有重复的文本。"),
    "data_checks.repeats": ("Texts come more than once: {clauses}.", "有重复的文本：{clauses}。"),
    "data_checks.repeats_in": (
        "{split} repeats {repeats:,} of {rows:,} rows ({conflicts:,} texts with differing labels)",
        "{split} 的 {rows:,} 行中有 {repeats:,} 行重复（其中 {conflicts:,} 条文本标注不一致）",
    ),
    "data_checks.repeats_fix": (
        "Set data.duplicates to drop to keep the first row of each, and decide on one label where they differ.",
        "可将 data.duplicates 设为 drop，每条文本只保留第一行；标注不一致的请统一。",
    ),
    "data_checks.no_leak": ("No two splits share a text.", "各数据集之间没有相同的文本。"),
    "data_checks.leak": ("Splits share texts: {clauses}.", "不同数据集之间有相同的文本：{clauses}。"),
    "data_checks.leak_in": (
        "{texts:,} texts of {right} are in {left}, {rows:,} of its {of_rows:,} rows"
        " ({long_rows:,} of {long} words or more), {conflicts:,} of these texts labelled otherwise than in {left}",
        "{right} 有 {texts:,} 条文本也在 {left} 中，占其 {of_rows:,} 行中的 {rows:,} 行"
        "（不少于 {long} 个词的有 {long_rows:,} 行），其中 {conflicts:,} 条的标注与 {left} 不同",
    ),
    "data_checks.leak_given_fix": (
        "Take these rows out of train, or read the score that leaves them out.",
        "请从训练集中去掉这些行，或以排除这些行之后的得分为准。",
    ),
    "data_checks.leak_made_fix": (
        "A split made here must not leak: split again, with data.split.group if rows belong together.",
        "自动划分的数据集不应泄漏：请重新划分；若某些行应归在一起，请设置 data.split.group。",
    ),
    "data_checks.no_near": ("No two texts are almost the same{note}.", "没有近似重复的文本{note}。"),
    "data_checks.near": ("Texts are almost the same: {clauses}{note}.", "有近似重复的文本：{clauses}{note}。"),
    "data_checks.near_inside": (
        "{texts:,} texts of {right} have one in {right} itself",
        "{right} 内部有 {texts:,} 条",
    ),
    "data_checks.near_across": (
        "{texts:,} texts of {right} have one in {left}",
        "{right} 有 {texts:,} 条与 {left} 中的近似",
    ),
    "data_checks.near_narrow": (
        " (above {most:,} rows, only train is compared with the other splits)",
        "（超过 {most:,} 行，只将训练集与其他数据集比较）",
    ),
    "data_checks.near_fix": (
        "Look at the examples; give texts from one source the same data.split.group so that they stay together.",
        "请查看示例；同一来源的文本可用 data.split.group 归为一组，避免分到不同数据集。",
    ),
    # split
    "data_checks.split_empty": (
        "{source}: the split {split} would be empty with {rows:,} rows; raise its share or add rows.",
        "{source}：共 {rows:,} 行，划分后 {split} 为空；请提高其比例或增加数据。",
    ),
    "data_checks.split_shares": (
        "data.split asks for the shares {shares}; each must lie between 0 and 1, and their sum may not exceed 1.",
        "data.split 的比例为 {shares}；每个比例须在 0 与 1 之间，总和不得超过 1。",
    ),
    "data_checks.split_count": (
        "data.split: per_label must be 1 or more.",
        "data.split：per_label 至少为 1。",
    ),
    "data_checks.split_per_label": (
        "data.split: per_label needs a field of labels and does not go with by_time; give shares such as 0.1 instead.",
        "data.split：per_label 需要标签字段，且不能与 by_time 同用；请改用比例，例如 0.1。",
    ),
    "data_checks.split_column": (
        "{source}: data.split names the {use} column {column!r}, which is not there; the columns are: {found}.",
        "{source}：data.split 的 {use} 指定了列 {column!r}，但文件中没有这一列；现有的列：{found}。",
    ),
    "data_checks.split_left_over": (
        "data.split leaves {rows:,} rows to no split; leave out train or test, and it takes what is left.",
        "data.split 有 {rows:,} 行未分配；去掉 train 或 test 的设置，剩余的行就会归入其中。",
    ),
    "data_checks.split_few": (
        "The label {label!r} has {found:,} free rows for the split {split}, {wanted:,} are wanted;"
        " lower per_label, add rows of this label, or merge it with another.",
        "标签 {label!r} 可供 {split} 使用的只有 {found:,} 行，需要 {wanted:,} 行；"
        "请调低 per_label、补充该标签的数据，或将它与其他标签合并。",
    ),
    "data_checks.split_time": (
        "{source}, row {row}, column {column!r}: {value!r} is neither a number nor a date such as 2024-01-31;"
        " correct the cell or choose another column for data.split.by_time.",
        "{source} 第 {row} 行，列 {column!r}：{value!r} 既不是数字，也不是 2024-01-31 这样的日期；"
        "请修改该单元格，或为 data.split.by_time 换一列。",
    ),
    "data_checks.split_time_mixed": (
        "{source}, row {row}, column {column!r}: {value!r} is not of the kind of the first row, some are dates and some"
        " numbers; write the column in one way.",
        "{source} 第 {row} 行，列 {column!r}：{value!r} 与首行的写法不同（日期与数字混用）；请统一该列的写法。",
    ),
    # labels
    "data_checks.labels_none": ("The task has no labels.", "该任务没有标签。"),
    "data_checks.labels_named": (
        "The training rows have no labels: the {all:,} that were described are taken.",
        "训练数据没有标注：以写有描述的 {all:,} 个标签为准。",
    ),
    "data_checks.labels_one": (
        "Train has {count} label(s) ({label}); nothing can be told apart.",
        "训练集只有 {count} 个标签（{label}），无从区分。",
    ),
    "data_checks.labels_one_fix": (
        "Add rows of at least one other label, or check data.columns.label.",
        "请补充至少另一个标签的数据，或检查 data.columns.label。",
    ),
    "data_checks.labels_tiny": (
        "{tiny:,} of {all:,} labels have fewer than {fewest} examples in train.",
        "{all:,} 个标签中有 {tiny:,} 个在训练集中的样例不足 {fewest} 条。",
    ),
    "data_checks.labels_tiny_fix": (
        "Add rows of these labels, or merge them with others; data.allow_tiny: true trains all the same.",
        "请为这些标签补充数据，或与其他标签合并；设 data.allow_tiny: true 则照样训练。",
    ),
    "data_checks.labels_passed": ("Train has {all:,} labels.", "训练集共有 {all:,} 个标签。"),
    "data_checks.balance_passed": (
        "Labels are about even: from {fewest:,} ({smallest}) to {most:,} ({largest}).",
        "标签大致均衡：最少 {fewest:,}（{smallest}），最多 {most:,}（{largest}）。",
    ),
    "data_checks.balance": (
        "Labels are uneven: {largest} has {most:,} ({share:.1%}), {smallest} has {fewest:,}.",
        "标签不均衡：{largest} 有 {most:,}（{share:.1%}），{smallest} 只有 {fewest:,}。",
    ),
    "data_checks.balance_fix": (
        "Judge by macro F1 rather than accuracy, and add rows of the small labels.",
        "请以宏平均 F1 而非准确率为准，并为样例少的标签补充数据。",
    ),
    "data_checks.labels_across_passed": ("All splits have the same labels.", "各数据集的标签一致。"),
    "data_checks.labels_across": ("Splits differ in their labels: {clauses}.", "各数据集的标签不一致：{clauses}。"),
    "data_checks.labels_unseen": (
        "{split} has {labels:,} labels that train has not ({rows:,} examples that cannot be right)",
        "{split} 有 {labels:,} 个标签未在训练集出现（{rows:,} 个样例必然判错）",
    ),
    "data_checks.labels_absent": (
        "{split} lacks {labels:,} labels of train",
        "{split} 缺少训练集中的 {labels:,} 个标签",
    ),
    "data_checks.labels_unseen_named": (
        "{split} has {labels:,} labels that are not described ({rows:,} examples that cannot be right)",
        "{split} 有 {labels:,} 个标签没有描述（{rows:,} 个样例必然判错）",
    ),
    "data_checks.labels_absent_named": (
        "{split} lacks {labels:,} labels that are described",
        "{split} 缺少 {labels:,} 个写有描述的标签",
    ),
    "data_checks.labels_across_fix_named": (
        "Correct their names, or describe them in adapt.descriptions.",
        "请更正标签名，或在 adapt.descriptions 中写上描述。",
    ),
    "data_checks.labels_across_fix": (
        "Correct their names, add rows to train, or split again with data.split.stratify.",
        "请更正标签名、为训练集补充数据，或用 data.split.stratify 重新划分。",
    ),
    "data_checks.names_passed": ("No two labels look alike.", "没有相似的标签名。"),
    "data_checks.names": (
        "{pairs:,} pairs of labels look like one label written in two ways.",
        "有 {pairs:,} 对标签像是同一标签的两种写法。",
    ),
    "data_checks.names_fix": (
        "Write each label in one way; keep both if they mean different things.",
        "请统一写法；若含义确实不同，可保留。",
    ),
    "data_checks.scores_one": (
        "All {count:,} scores of train are the same; there is nothing to learn.",
        "训练集的 {count:,} 个分数全部相同，无可学习。",
    ),
    "data_checks.scores_one_fix": ("Check data.columns.score.", "请检查 data.columns.score。"),
    "data_checks.scores_passed": (
        "Scores run from {low:.4g} to {high:.4g}, mean {mean:.4g}, standard deviation {deviation:.4g}.",
        "分数从 {low:.4g} 到 {high:.4g}，均值 {mean:.4g}，标准差 {deviation:.4g}。",
    ),
    # lengths
    "data_checks.lengths": ("Texts are this long: {clauses}{note}.", "文本长度：{clauses}{note}。"),
    "data_checks.lengths_characters": (
        "{split} {median:,} characters in the median, 95 % up to {most:,}, longest {longest:,}",
        "{split} 中位数 {median:,} 个字符，95 % 不超过 {most:,}，最长 {longest:,}",
    ),
    "data_checks.lengths_tokens": (
        "{split} {median:,} tokens in the median, 95 % up to {most:,}, longest {longest:,}",
        "{split} 中位数 {median:,} 个词元，95 % 不超过 {most:,}，最长 {longest:,}",
    ),
    "data_checks.sampled": (
        " (on a fixed sample of {sample:,} rows where a split has more)",
        "（行数更多的数据集只查固定抽取的 {sample:,} 行）",
    ),
    "data_checks.lengths_sampled": (
        " (tokens on a fixed sample of {sample:,} rows where a split has more)",
        "（行数更多的数据集，词元数按固定抽取的 {sample:,} 行统计）",
    ),
    "data_checks.lengths_cut": (
        " The model reads {most:,} tokens: {rows:,} rows ({share:.1%} of those looked at) are cut.",
        "模型最多读 {most:,} 个词元：有 {rows:,} 行（占所查行的 {share:.1%}）被截断。",
    ),
    "data_checks.lengths_windows": (
        " The model reads {most:,} tokens at once: {rows:,} longer rows ({share:.1%} of those looked at) are read in windows.",
        "模型一次最多读 {most:,} 个词元：{rows:,} 行更长（占所查行的 {share:.1%}），分窗读取。",
    ),
    "data_checks.lengths_spans": (
        " {spans:,} marked spans lie in the part that is cut.",
        "有 {spans:,} 个标注片段落在被截去的部分。",
    ),
    "data_checks.lengths_fix": (
        "Set data.long_texts: windows to read all of them, shorten these rows, or choose a model that reads more.",
        "可设 data.long_texts: windows 分窗读完全文，或缩短这些行，或换用可读更长文本的模型。",
    ),
    # unknown
    "data_checks.unknown_no_model": (
        "Unknown tokens were not counted: no tokeniser at hand.",
        "没有可用的分词器，未统计未知词元。",
    ),
    "data_checks.unknown_none_possible": (
        "This tokeniser writes every text without unknown tokens.",
        "该分词器能表示任何文本，不会产生未知词元。",
    ),
    "data_checks.unknown_zero": ("The tokeniser knows every token{note}.", "分词器认识所有词元{note}。"),
    "data_checks.unknown": (
        "{share:.2%} of the tokens are unknown to the tokeniser, in {rows:,} rows{listed}{note}.",
        "有 {share:.2%} 的词元是分词器不认识的，涉及 {rows:,} 行{listed}{note}。",
    ),
    "data_checks.unknown_characters": (
        "; most frequent unknown characters: {characters}",
        "；最常见的未知字符：{characters}",
    ),
    "data_checks.unknown_fix": (
        "Choose a model made for this language, or replace these characters.",
        "请换用适合该语言的模型，或替换这些字符。",
    ),
    # language
    "data_checks.language": ("Languages by script: {clauses}.", "按文字判断的语言：{clauses}。"),
    "data_checks.language_in": ("{split} {mix}", "{split} {mix}"),
    "data_checks.language_apart": (
        "The mix of languages in {splits} is not that of the first split: {clauses}.",
        "{splits} 的语言构成与首个数据集不同：{clauses}。",
    ),
    "data_checks.language_fix": (
        "Make the splits from one source, or report each language's score by itself.",
        "请从同一来源划分数据集，或分语言报告得分。",
    ),
    "data_checks.script_zh": ("Chinese", "中文"),
    "data_checks.script_en": ("Latin letters", "拉丁字母"),
    "data_checks.script_other": ("other scripts", "其他文字"),
    "data_checks.script_none": ("no letters", "无文字"),
    # personal
    "data_checks.personal_none": (
        "No personal data found (names and addresses are not looked for).",
        "未发现个人信息（不检查姓名与地址）。",
    ),
    "data_checks.personal": (
        "{rows:,} rows hold personal data: {listed} (names and addresses are not looked for).",
        "有 {rows:,} 行含个人信息：{listed}（不检查姓名与地址）。",
    ),
    "data_checks.personal_fix": (
        "Set report.texts to masked before sharing the report, and mask the texts if the model is to be shared.",
        "分享报告前请将 report.texts 设为 masked；若要分享模型，请先对文本脱敏。",
    ),
    # gap
    "data_checks.gap_one_split": (
        "Splits were not compared: train or another split is missing.",
        "缺少训练集或其他数据集，未比较分布。",
    ),
    "data_checks.gap_few": (
        "Splits were not compared: fewer than {fewest} distinct texts.",
        "不同的文本少于 {fewest} 条，未比较分布。",
    ),
    "data_checks.gap": (
        "Telling splits apart by {by}, on up to {sample:,} rows each, a fixed sample: {clauses}.",
        "用{by}区分数据集（每个固定抽取至多 {sample:,} 行）：{clauses}。",
    ),
    "data_checks.gap_by_embedding": ("the model's embeddings", "模型的向量"),
    "data_checks.gap_by_ngrams": ("character n-grams", "字符 n 元组"),
    "data_checks.gap_alike": (
        "train and {split} are alike (AUROC {value:.2f} [{low:.2f}, {high:.2f}])",
        "train 与 {split} 相近（AUROC {value:.2f} [{low:.2f}, {high:.2f}]）",
    ),
    "data_checks.gap_apart": (
        "train and {split} differ (AUROC {value:.2f} [{low:.2f}, {high:.2f}])",
        "train 与 {split} 有差别（AUROC {value:.2f} [{low:.2f}, {high:.2f}]）",
    ),
    "data_checks.gap_fix": (
        "Find out where the splits come from; if use looks like the test, add such rows to train.",
        "请核对各数据集的来源；若实际使用的文本更像测试集，请在训练集中补充此类数据。",
    ),
    "data_checks.gap_model_none": (
        "Text and model were not compared: no tokeniser at hand.",
        "没有可用的分词器，未比较文本与模型。",
    ),
    "data_checks.gap_model_no_reference": (
        "Text and model were not compared: no reference text in this language.",
        "没有该语言的参考文本，未比较文本与模型。",
    ),
    "data_checks.gap_model": (
        "The tokeniser makes {own[per_word]:.2f} tokens a word of the text, {general[per_word]:.2f} of general text;"
        " unknown {own[unknown]:.2%} and {general[unknown]:.2%}",
        "分词器将每个词切成 {own[per_word]:.2f} 个词元（一般文本为 {general[per_word]:.2f}）；"
        "未知词元 {own[unknown]:.2%}（一般文本为 {general[unknown]:.2%}）",
    ),
    "data_checks.gap_model_auroc": (
        "; told from general text with AUROC {value:.2f} [{low:.2f}, {high:.2f}]",
        "；与一般文本可区分的程度为 AUROC {value:.2f} [{low:.2f}, {high:.2f}]",
    ),
    "data_checks.gap_model_perplexity": (
        "; pseudo-perplexity {text:.1f}, of general text {reference:.1f}",
        "；伪困惑度 {text:.1f}，一般文本为 {reference:.1f}",
    ),
    "data_checks.gap_model_sampled": (
        "; on a fixed sample of {sample:,} rows",
        "；以上按固定抽取的 {sample:,} 行计算",
    ),
    "data_checks.stop": (".", "。"),
    "data_checks.gap_model_fix": (
        "Choose a model made for such text, or pretrain on it first.",
        "请换用适合此类文本的模型，或先在其上继续预训练。",
    ),
    # label errors
    "data_checks.errors_none": (
        "Label errors are looked for only where each row of train has one label.",
        "仅当训练集每行只有一个标签时才查找标注错误。",
    ),
    "data_checks.errors_few": (
        "Label errors were not looked for: fewer than two labels have {fewest} rows.",
        "不少于 {fewest} 行的标签不足两个，未查找标注错误。",
    ),
    "data_checks.errors_passed": ("No label of {rows:,} rows looks wrong.", "{rows:,} 行中没有可疑的标注。"),
    "data_checks.errors": (
        "{suspects:,} of {rows:,} labels ({share:.1%}) look wrong.",
        "{rows:,} 个标注中有 {suspects:,} 个（{share:.1%}）可疑。",
    ),
    "data_checks.errors_example": (
        "row {row}: {given}, looks like {suggested}: {text}",
        "第 {row} 行：标为 {given}，更像 {suggested}：{text}",
    ),
    "data_checks.errors_fix": (
        "Look at these rows first; correct the labels that are wrong.",
        "请优先核对这些行，并更正错误的标注。",
    ),
    "data_checks.errors_extra": (
        "Looking for label errors needs cleanlab; install it with: pip install 'dongcha[deep]'.",
        "查找标注错误需要 cleanlab；请安装：pip install 'dongcha[deep]'。",
    ),
}
