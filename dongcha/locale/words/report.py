"""Messages of the report: the page, the model card, the last screen of a run."""

MESSAGES = {
    # reading and writing
    "report.missing": (
        "{path}: there is no report here; run the recipe first, or name a run's folder (dongcha runs list).",
        "{path}：此处没有报告；请先运行配方，或指定一次运行的文件夹（dongcha runs list）。",
    ),
    "report.broken": (
        "{path} is not a report that this version can read ({found}); run the recipe again to write a new one.",
        "{path} 不是本版本能读取的报告（{found}）；请重新运行配方以生成新报告。",
    ),
    # small pieces
    "report.comma": (", ", "，"),
    "report.semicolon": ("; ", "；"),
    "report.quoted": ('"{text}"', "“{text}”"),
    "report.examples.more": ("{count} more", "另有 {count} 条"),
    "report.row_number": ("row {row}", "第 {row} 行"),
    "report.time.seconds": ("{seconds} s", "{seconds} 秒"),
    "report.time.minutes": ("{minutes} min {seconds} s", "{minutes} 分 {seconds} 秒"),
    "report.time.hours": ("{hours} h {minutes} min", "{hours} 小时 {minutes} 分"),
    # the page
    "report.page.title": ("{name}: report of a training run", "{name}：训练报告"),
    "report.page.kind": ("Training report", "训练报告"),
    "report.page.contents": ("Contents", "目录"),
    "report.page.skip": ("Skip to the report", "跳到正文"),
    "report.page.run": ("Run {hash}", "运行 {hash}"),
    "report.page.scroll": ("{caption} (scrolls sideways)", "{caption}（可左右滚动）"),
    "report.page.full_text": ("whole text, {length} characters", "全文，共 {length} 字"),
    "report.page.cut_text": ("… ({length} more characters)", "……（其余 {length} 字从略）"),
    "report.page.points": ("The same as a table", "以表格查看"),
    "report.page.texts_masked": (
        "Personal data in the texts of this report is masked (report.texts: masked).",
        "本报告文本中的个人信息已遮盖（report.texts: masked）。",
    ),
    "report.page.texts_none": (
        "This report holds no texts of the data (report.texts: none); rows are named by their number.",
        "本报告不含任何数据原文（report.texts: none）；各行仅以行号表示。",
    ),
    "report.page.foot": (
        "Written by dongcha on {created}. One file: it loads nothing and runs no script.",
        "由 dongcha 于 {created} 生成。单一文件，不加载任何外部内容，也不运行脚本。",
    ),
    # sections
    "report.section.verdict": ("What training changed", "训练带来的变化"),
    "report.section.table": ("Before and after", "训练前后对比"),
    "report.section.pretraining": ("What was read", "读了什么"),
    "report.section.tests": ("Extra tests", "额外测试"),
    "report.section.checks": ("Checks", "检查"),
    "report.section.flips": ("Rows that flipped", "判断翻转的样本"),
    "report.section.hardest": ("Hardest errors", "最难的错误"),
    "report.section.labels": ("By label", "分标签成绩"),
    "report.section.confusion": ("Confusion", "混淆情况"),
    "report.section.slices": ("By slice", "分组成绩"),
    "report.section.calibration": ("Calibration", "置信度校准"),
    "report.section.data": ("Data", "数据"),
    "report.section.gap": ("Distribution gap", "分布差异"),
    "report.section.curves": ("Curves", "训练曲线"),
    "report.section.clock": ("Cost and clock", "开销与时间"),
    "report.section.recipe": ("Recipe", "配方"),
    "report.section.environment": ("Environment", "运行环境"),
    "report.section.load": ("Using the model", "使用模型"),
    "report.section.limits": ("Limits of this evidence", "证据的局限"),
    # the verdict
    "report.word.better": ("better", "提升"),
    "report.word.worse": ("worse", "变差"),
    "report.word.even": ("even", "持平"),
    "report.word.none": ("no comparison", "无对比"),
    "report.verdict.nothing": (
        "This run holds no score on the test rows, so nothing can be said of what training changed.",
        "本次运行没有测试集成绩，无法判断训练带来了什么变化。",
    ),
    "report.verdict.on_rows": (" on {rows} test rows", "测试集共 {rows} 行，"),
    "report.verdict.alone": (
        "The trained model has {metric} {after} (95 % interval {interval}){on}; there is nothing before it to compare with.",
        "{on}训练后的模型{metric}为 {after}（95 % 区间 {interval}）；没有训练前的结果可供对比。",
    ),
    "report.verdict.untrained": (
        "Without any training, the model has {metric} {after} (95 % interval {interval}){on}.",
        "{on}未经任何训练，模型的{metric}为 {after}（95 % 区间 {interval}）。",
    ),
    "report.verdict.better": (
        "Training improved {metric} from {before} to {after}: {difference}, 95 % interval {interval}, {p} ({test}){on}.",
        "{on}训练使{metric}从 {before} 改善到 {after}：变化 {difference}，95 % 区间 {interval}，{p}（{test}）。",
    ),
    "report.verdict.worse": (
        "Training made the model worse: {metric} went from {before} to {after}, {difference}, 95 % interval {interval}, {p} ({test}){on}.",
        "{on}训练反而使模型变差：{metric}从 {before} 变为 {after}，变化 {difference}，95 % 区间 {interval}，{p}（{test}）。",
    ),
    "report.verdict.even": (
        "Training changed nothing that this test can tell from chance: {metric} went from {before} to {after}, {difference}, 95 % interval {interval}, {p} ({test}){on}.",
        "{on}训练带来的变化与偶然波动无法区分：{metric}从 {before} 变为 {after}，变化 {difference}，95 % 区间 {interval}，{p}（{test}）。",
    ),
    "report.verdict.flips": (
        "Rows that were wrong before and are right now: {gained}; that were right and are wrong now: {lost}.",
        "有 {gained} 行由错变对，{lost} 行由对变错。",
    ),
    "report.verdict.flips_degree": (
        "Rows that are answered better than before: {gained}; that are answered worse: {lost}.",
        "有 {gained} 行答得比训练前好，{lost} 行答得比训练前差。",
    ),
    "report.verdict.flips_number": (
        "Rows that came nearer to what is true: {gained}; that went further from it: {lost}.",
        "有 {gained} 行更接近真值，{lost} 行更远离真值。",
    ),
    "report.verdict.rival": (
        "{rival} reaches {score}: by this test the model is not clearly better than that.",
        "{rival}也达到 {score}：就本次测试而言，模型并未明显优于它。",
    ),
    "report.verdict.failed": (
        "Failed checks: {count} ({names}). Read them before you trust these figures.",
        "有 {count} 项检查未通过（{names}）：采信以上数字前请先查看。",
    ),
    "report.test.mcnemar": ("exact McNemar test", "精确 McNemar 检验"),
    "report.test.bootstrap": ("paired bootstrap", "配对自助法"),
    "report.test_note.mcnemar": (
        "Intervals are 95 %. The test is McNemar's exact test on the same rows.",
        "区间均为 95 %。检验为相同样本上的精确 McNemar 检验。",
    ),
    "report.test_note.bootstrap": (
        "Intervals are 95 %. The test is a paired bootstrap over the same rows.",
        "区间均为 95 %。检验为相同样本上的配对自助法。",
    ),
    # rows of the table
    # columns
    # sentences of sections
    "report.table.caption": (
        "Main metric: {metric}, on the test rows; baselines first",
        "主要指标：{metric}（测试集）；基线在前",
    ),
    "report.table.costs": ("Further metrics and cost of the same models", "同一批模型的其他指标与开销"),
    "report.tests.caption": ("Before and after on further test sets", "其他测试集上训练前后的成绩"),
    "report.flips.right": ("Wrong before, right now: {shown} of {all}", "由错变对：共 {all} 行，列出 {shown} 行"),
    "report.flips.wrong": ("Right before, wrong now: {shown} of {all}", "由对变错：共 {all} 行，列出 {shown} 行"),
    "report.flips.better": ("Better than before: {shown} of {all}", "比训练前好：共 {all} 行，列出 {shown} 行"),
    "report.flips.worse": ("Worse than before: {shown} of {all}", "比训练前差：共 {all} 行，列出 {shown} 行"),
    "report.samples.caption": (
        "A training row as the model reads it, and what it is to write",
        "模型读到的一条训练样本，以及应写出的内容",
    ),
    "report.hardest.caption": (
        "Wrong, and sure of it: most confident first",
        "判断错误却最有把握的样本，置信度高者在前",
    ),
    "report.hardest.furthest": (
        "Furthest from what is true, the furthest first",
        "与真值相差最大的样本，差距大者在前",
    ),
    "report.labels.caption": ("Scores by label, most frequent first", "各标签成绩，行数多者在前"),
    "report.labels.more": ("{count} more labels", "其余 {count} 个标签"),
    "report.confusion.reading": (
        "Each row is a gold label, each column what the model said; shading is the share of the row.",
        "每行为一个标准标签，每列为模型的预测；底色深浅表示占该行的比例。",
    ),
    "report.confusion.pairs": (
        "Most frequent confusions (gold → predicted): {pairs}.",
        "最常见的混淆（标准 → 预测）：{pairs}。",
    ),
    "report.confusion.head": ("gold \\ predicted", "标准 \\ 预测"),
    "report.confusion.caption": ("Rows by gold and predicted label", "按标准标签与预测标签统计的行数"),
    "report.confusion.left": (
        "{labels} labels with fewer rows are left out ({rows} test rows); report.json holds them all.",
        "另有 {labels} 个行数较少的标签未列出（{rows} 行测试样本）；完整数据见 report.json。",
    ),
    "report.slices.reading": (
        "The same test rows, cut into parts. A small part has a wide interval: differences inside it are no finding.",
        "将同一批测试样本分组统计。样本少的组区间很宽，区间之内的差异不足为据。",
    ),
    "report.slices.caption": ("Test rows by {slice}", "按{slice}分组的测试样本"),
    "report.calibration.reading": (
        "A calibrated model that says 0.8 is right in 8 of 10 rows. The expected calibration error (ECE) is the mean distance from that; 0 is perfect.",
        "校准良好的模型给出 0.8 的置信度时，10 行中约有 8 行正确。期望校准误差（ECE）是与此的平均差距，0 为最佳。",
    ),
    "report.calibration.ece_before": ("ECE before, scaled", "训练前 ECE（已缩放）"),
    "report.calibration.ece": ("ECE after training", "训练后 ECE"),
    "report.calibration.temperature": ("temperature", "温度系数"),
    "report.calibration.ece_scaled": ("ECE with temperature", "温度缩放后 ECE"),
    "report.calibration.plot": ("Reliability", "可靠性图"),
    "report.calibration.bins": ("Accuracy by confidence", "各置信度区间的准确率"),
    "report.calibration.alternative": (
        "Accuracy by confidence in {bins} bins against the diagonal of perfect calibration; larger points hold more rows.",
        "{bins} 个置信度区间的准确率，虚线为完全校准；点越大，样本越多。",
    ),
    "report.data.caption": ("The splits", "数据划分"),
    "report.data.labels": ("Rows by label ({count} labels)", "各标签行数（共 {count} 个标签）"),
    "report.status.passed": ("passed", "通过"),
    "report.status.warned": ("warning", "警告"),
    "report.status.failed": ("failed", "未通过"),
    "report.status.skipped": ("skipped", "未执行"),
    "report.curves.of_split": ("{metric} ({split})", "{metric}（{split}）"),
    "report.curves.alternative": (
        "{name}: {first} at the start, {last} after {steps} steps.",
        "{name}：开始时 {first}，{steps} 步后 {last}。",
    ),
    "report.clock.caption": ("Forecast before the first step, and what it took", "训练前的预估与实际开销"),
    "report.clock.load": (
        "Load average of the machine at the end, over 1, 5 and 15 minutes: {load}.",
        "结束时机器在 1、5、15 分钟内的平均负载：{load}。",
    ),
    "report.clock.planned": (
        "Before the first step {planned} were forecast for all steps; the row has those that were taken.",
        "开始前对全部步数的预估为 {planned}；表中为实际所走步数的预估。",
    ),
    "report.clock.limit": ("Time limit: {limit}.", "运行时限：{limit}。"),
    "report.clock.attempts": (
        "Summed over {attempts} attempts.",
        "为 {attempts} 次运行的总和。",
    ),
    "report.clock.steps": ("Time by step", "各步骤用时"),
    "report.recipe.differs": ("What differs from the defaults:", "与默认值不同之处："),
    "report.recipe.whole": ("The whole resolved recipe", "完整的配方（含自动确定的值）"),
    "report.load.dongcha": ("With dongcha", "使用 dongcha"),
    "report.load.plain": ("Without dongcha", "不使用 dongcha"),
    "report.load.text": ("a text of your own", "您自己的一段文本"),
    # limits
    "report.limit.out_of_time": (
        "The time limit of {minutes:g} min ended the training after {steps} of {all} steps: another machine, or a less busy one, would give another model.",
        "{minutes:g} 分钟的时限使训练在第 {steps}/{all} 步结束：换一台机器或负载不同时，得到的模型会不同。",
    ),
    "report.limit.shortened": (
        "The time limit of {minutes:g} min left room for {all} steps, fewer than the recipe would take without it; more may do better.",
        "{minutes:g} 分钟的时限只够训练 {all} 步，少于不设时限时的步数；训练更久结果可能更好。",
    ),
    "report.limit.few_rows": (
        "Only {rows} test rows (fewer than {wanted}): each score is rough, and rows chosen otherwise could turn the order.",
        "测试集只有 {rows} 行（不足 {wanted} 行）：各项成绩都较粗略，换一批样本排序可能改变。",
    ),
    "report.limit.width": (
        "The interval of the change is ±{half}: smaller effects than that cannot be seen with this test.",
        "变化的区间为 ±{half}：小于此的效果无法用本次测试看出。",
    ),
    "report.limit.even": (
        "No difference found is not proof of no difference: more test rows may show one.",
        "未发现差异不等于没有差异：更多测试样本可能会显出差别。",
    ),
    "report.limit.silent": (
        "The model mostly keeps silent: on questions with an answer F1 is {said} as answered and {likeliest} for its likeliest answers, which stand in `n_best`. More rows with answers help most.",
        "模型多半保持沉默：有答案的问题上，实际作答的 F1 为 {said}，其最可能答案（见 `n_best`）为 {likeliest}。增加有答案的样本最有帮助。",
    ),
    "report.limit.unlabelled": (
        "No training row had a label, so nothing that learns from labels stands beside, and what labelling would buy is not known.",
        "训练数据没有任何标注，因此表中没有需要标注才能学习的对照，也无从得知标注能换来什么。",
    ),
    "report.limit.label_names": (
        "Labels were told apart by their names alone; descriptions of them usually serve better.",
        "仅凭标签名称区分各标签；写上描述通常更好。",
    ),
    "report.limit.balanced": (
        "Calibration took the labels to be about equally frequent in the training texts; where they are not, frequent labels are given too seldom.",
        "校准假定各标签在训练文本中出现的频率大致相同；若不然，常见标签会给得过少。",
    ),
    "report.limit.no_before": (
        "The model was not compared with its state before training on the same rows.",
        "没有在相同样本上与训练前的模型对比。",
    ),
    "report.limit.one_seed": (
        "One seed ({seed}): the intervals cover the choice of test rows, not the luck of training; another seed may differ.",
        "只用了一个随机种子（{seed}）：区间只反映测试样本的抽样误差，不含训练的偶然性；换种子结果可能不同。",
    ),
    "report.limit.one_source": (
        "The test rows come from the same source as the training rows; texts from elsewhere or from a later time were not tested.",
        "测试样本与训练样本来源相同；其他来源或更晚时期的文本未经测试。",
    ),
    "report.limit.rare_labels": (
        "{rare} of {all} labels have fewer than {few} test rows: their scores say little.",
        "{all} 个标签中有 {rare} 个的测试样本不足 {few} 行，其成绩参考价值有限。",
    ),
    "report.limit.cut_rows": (
        "{rows} test rows are longer than the model reads; their ends were not seen.",
        "有 {rows} 行测试样本超出模型可读长度，末尾部分未被读取。",
    ),
    "report.limit.no_groups": (
        "Differences between groups of people, sources or times were not looked at: no such column was named.",
        "未指定相应的列，因此没有考察不同人群、来源或时期之间的差异。",
    ),
    "report.limit.skipped": ("Not checked: {names}.", "未检查：{names}。"),
    "report.limit.no_calibration": (
        "How far the confidences can be trusted was not measured.",
        "没有测量置信度的可信程度。",
    ),
    # names of figures
    # names of splits, tasks, languages
    "report.task.classification": ("classification", "文本分类"),
    "report.task.regression": ("regression", "回归"),
    "report.task.relation": ("relation", "关系抽取"),
    "report.task.pairs": ("pairs", "句对"),
    "report.task.choice": ("choice", "选择"),
    "report.task.qa": ("question answering", "问答"),
    "report.task.retrieval": ("retrieval", "检索"),
    "report.task.pretraining": ("pretraining", "预训练"),
    "report.task.tagging": ("tagging", "序列标注"),
    "report.language.en": ("English", "英文"),
    "report.language.zh": ("Chinese", "中文"),
    "report.language.und": ("unknown", "未知"),
    # names of checks
    # names of steps
    # names of the machine
    "report.environment.dongcha": ("dongcha", "dongcha"),
    "report.environment.seed": ("seed", "随机种子"),
    "report.environment.device": ("device", "设备"),
    "report.environment.cpu": ("processor", "处理器"),
    "report.environment.cores": ("cores", "核数"),
    "report.environment.threads": ("threads", "线程数"),
    "report.environment.memory": ("memory", "内存"),
    "report.environment.platform": ("platform", "平台"),
    "report.environment.python": ("Python", "Python"),
    "report.environment.machine": ("machine", "机器"),
    "report.environment.precision": ("precision", "数值精度"),
    # the last screen
    "report.screen.now_right": ("now right", "由错变对"),
    "report.screen.now_wrong": ("now wrong", "由对变错"),
    "report.screen.now_better": ("now better", "变好"),
    "report.screen.now_worse": ("now worse", "变差"),
    "report.screen.checks": ("checks", "检查"),
    "report.screen.clock": ("clock", "时间"),
    "report.screen.report": ("report", "报告"),
    "report.screen.next": ("next", "下一步"),
    "report.screen.change": ("{before} -> {after}", "{before} -> {after}"),
    "report.screen.more": ("(and {count} more)", "（另有 {count} 行）"),
    "report.screen.all_passed": ("all passed", "全部通过"),
    "report.screen.some": (
        "{passed} passed, {warned} warnings, {failed} failed, {skipped} skipped",
        "通过 {passed}，警告 {warned}，未通过 {failed}，未执行 {skipped}",
    ),
    "report.screen.forecast": ("forecast {forecast}, took {took}", "预估 {forecast}，实际 {took}"),
    "report.screen.forecast_of_taken": (
        "forecast {planned} for all steps, {forecast} for those taken, took {took}",
        "全部步数预估 {planned}，所走步数预估 {forecast}，实际 {took}",
    ),
    "report.screen.memory": ("memory forecast {forecast}, peak {took}", "内存预估 {forecast}，峰值 {took}"),
    "report.screen.load": ("load average {load}", "平均负载 {load}"),
    "report.screen.took": ("took {took}", "实际 {took}"),
    "report.screen.verdict": ("{word}, {p}", "{word}，{p}"),
    "report.screen.verdict_against": ("{word}, {p}, against {other}", "{word}，{p}，对比 {other}"),
    # the model card
    "report.card.title": ("{name}: a model trained with dongcha", "{name}：用 dongcha 训练的模型"),
    "report.card.about": (
        "Task: {task}. Base: {title}. Run {hash}, {created}.",
        "任务：{task}。基础模型：{title}。运行 {hash}，{created}。",
    ),
    "report.card.more": (
        "The whole evidence is in report.html beside this file.",
        "完整证据见同目录下的 report.html。",
    ),
}
