"""Messages of the proofs that every run makes."""

MESSAGES = {
    "checks.labels_passed": (
        "Labels aligned: {rows:,} training rows encoded, answered perfectly and decoded give their gold labels back.",
        "标签对齐：{rows:,} 行训练数据经编码、完美作答、解码后，与标注完全一致。",
    ),
    "checks.labels_damaged": (
        "{damaged:,} of {spans:,} gold spans do not begin and end at words; they are widened to whole words or lost.",
        "{spans:,} 个标注片段中有 {damaged:,} 个不以词为边界；它们会被扩到整词或丢失。",
    ),
    "checks.damaged_fix": (
        "Give tokens and tags, or correct these spans.",
        "请提供 tokens 与 tags，或修正这些片段。",
    ),
    "checks.labels_failed": (
        "{wrong:,} of {rows:,} training rows do not get their gold labels back after encoding and decoding.",
        "{rows:,} 行训练数据中有 {wrong:,} 行在编码、解码后与标注不一致。",
    ),
    "checks.labels_fix": (
        "Do not use this model; report the recipe and these rows.",
        "请勿使用该模型；请反馈该配方与这些行。",
    ),
    "checks.leak_passed": (
        "No leak: no validation or test text stands in train.",
        "无泄漏：验证集与测试集的文本均未出现在训练集中。",
    ),
    "checks.leak_warned": (
        "Leak in the splits that were given: rows whose text stands in train: {shown}; the score without them is in the report (extra tests).",
        "给定的划分存在泄漏：文本出现在训练集中的行数：{shown}；去除这些行后的得分见报告（附加测试）。",
    ),
    "checks.leak_failed": (
        "Leak in a split that we made: rows whose text stands in train: {shown}.",
        "由我们划分的数据存在泄漏：文本出现在训练集中的行数：{shown}。",
    ),
    "checks.leak_fix": (
        "Set data.duplicates: drop, or take these rows out of the files.",
        "请设置 data.duplicates: drop，或从文件中删去这些行。",
    ),
    "checks.saved_passed": (
        "Saved equals trained: loaded anew, the model gives the same bits on {rows:,} rows.",
        "保存即所训：重新加载后，模型在 {rows:,} 行上的输出逐位相同。",
    ),
    "checks.saved_failed": (
        "The saved model differs from the trained one (largest difference {gap:.3g}).",
        "保存的模型与训练所得不同（最大差 {gap:.3g}）。",
    ),
    "checks.saved_other": (
        "The saved model, loaded anew, has other {other} than the trained one.",
        "重新加载后，保存的模型与训练所得的{other}不同。",
    ),
    "checks.plain_other": (
        "Plain Transformers ({head}) reads other {other} from what was saved.",
        "纯 Transformers（{head}）从保存的文件中读出的{other}不同。",
    ),
    "checks.tokens": ("tokens", "词元"),
    "checks.task": ("labels, thresholds or temperature", "标签、阈值或温度"),
    "checks.labels": ("label names", "标签名"),
    "checks.and": (" and ", "与"),
    "checks.saved_fix": (
        "Do not use this model; run again with --fresh, and report it if it happens again.",
        "请勿使用该模型；请加 --fresh 重新运行，若再次出现请反馈。",
    ),
    "checks.plain_passed": (
        "Plain Transformers agrees: {head} gives equal logits.",
        "纯 Transformers 一致：{head} 给出相同的 logits。",
    ),
    "checks.plain_passed_head": (
        "Plain Transformers agrees: {head} gives equal hidden states, and head.safetensors in numpy equal logits.",
        "纯 Transformers 一致：{head} 给出相同的隐状态，用 numpy 应用 head.safetensors 得到相同的 logits。",
    ),
    "checks.plain_failed": (
        "Plain Transformers ({head}) gives other outputs (largest difference {gap:.3g}).",
        "纯 Transformers（{head}）的输出不同（最大差 {gap:.3g}）。",
    ),
    "checks.best_passed": (
        "Best restored: the kept weights score {score:.4f} on validation, the best of the run (step {step}).",
        "已恢复最佳：保留的权重在验证集得分 {score:.4f}，为本次最佳（第 {step} 步）。",
    ),
    "checks.best_failed": (
        "The kept weights score {kept:.4f} on validation, but the best of the run was {best:.4f}.",
        "保留的权重在验证集得分 {kept:.4f}，而本次最佳为 {best:.4f}。",
    ),
    "checks.best_skipped": (
        "No validation rows, so there is no best to restore: the last weights were kept.",
        "没有验证数据，无从恢复最佳：保留了最后的权重。",
    ),
    "checks.recorded_passed": (
        "Recorded: versions, seed {seed}, data and weights are written down in environment.json.",
        "已记录：版本、随机种子 {seed}、数据与权重均写入 environment.json。",
    ),
    "checks.recorded_failed": (
        "The run's record lacks or contradicts: {missing}.",
        "运行记录缺失或矛盾：{missing}。",
    ),
}
