"""Messages of the proofs that every run makes."""

MESSAGES = {
    "checks.labels_passed": (
        "Labels aligned: {rows:,} training rows encoded, answered perfectly and decoded give their gold labels back.",
        "标签对齐：{rows:,} 行训练数据经编码、完美作答、解码后，与标注完全一致。",
    ),
    "checks.labels_unlabelled": (
        "The training rows have no labels that could be lost on the way.",
        "训练数据没有标注，也就无从在编码、解码中走样。",
    ),
    "checks.labels_damaged": (
        "{damaged:,} of {spans:,} gold spans do not begin and end at words; they are widened to whole words or lost.",
        "{spans:,} 个标注片段中有 {damaged:,} 个不以词为边界；它们会被扩到整词或丢失。",
    ),
    "checks.answers_cut": (
        "{damaged:,} of {spans:,} answers are longer than the model's room beside their prompts; what is beyond is lost.",
        "{spans:,} 个答案中有 {damaged:,} 个超出提示之外的位置；超出部分丢失。",
    ),
    "checks.answers_cut_fix": (
        "Raise data.max_tokens, or shorten the prompt.",
        "请调大 data.max_tokens，或缩短提示。",
    ),
    "checks.places_cut": (
        "In {damaged:,} of {spans:,} rows an entity lies beyond what the model reads: their relation is guessed.",
        "{spans:,} 行中有 {damaged:,} 行的实体超出模型所读的范围：其关系只能猜测。",
    ),
    "checks.places_cut_fix": (
        "Raise data.max_tokens, or shorten these texts around their entities.",
        "请调大 data.max_tokens，或将这些文本截取到实体附近。",
    ),
    "checks.turns_unlearnt": (
        "In {damaged:,} of {spans:,} dialogues only the last reply is learnt: the model's chat template writes the "
        "assistant's earlier turns otherwise than they were said.",
        "{spans:,} 段对话中有 {damaged:,} 段只学习最后的回复：该模型的对话模板改写了助手此前的话。",
    ),
    "checks.turns_unlearnt_fix": (
        "Nothing is lost but the learning of those turns; to learn them, give each reply a row of its own.",
        "仅是那些话不被学习；如需学习，请让每个回复各占一行。",
    ),
    "checks.damaged_fix": (
        "Give tokens and tags, or correct these spans.",
        "请提供 tokens 与 tags，或修正这些片段。",
    ),
    "checks.labels_failed": (
        "{wrong:,} of {rows:,} training rows do not get their gold labels back after encoding and decoding.",
        "{rows:,} 行训练数据中有 {wrong:,} 行在编码、解码后与标注不一致。",
    ),
    "checks.labels_learnt_otherwise": (
        "The model was trained on other tokens or targets than {other:,} of {rows:,} training rows give when they are "
        "encoded anew.",
        "{rows:,} 行训练数据中有 {other:,} 行重新编码后，词元或目标与模型训练时所用的不同。",
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
    "checks.weights": ("weights", "权重"),
    "checks.pretrained_passed": (
        "Loads as pretrained: plain Transformers ({head}) gives the weights that learnt, bit by bit, and the same tokens.",
        "加载与预训练一致：原生 Transformers（{head}）加载出的权重与训练所得逐位一致，词元也相同。",
    ),
    "checks.pretrained_failed": (
        "Does not load as pretrained: plain Transformers ({head}) gives other {other} than those that learnt.",
        "加载与预训练不一致：原生 Transformers（{head}）加载出的{other}与训练所得不同。",
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
        "Plain Transformers agrees: {head} gives equal logits, but for rounding.",
        "纯 Transformers 一致：{head} 给出相同的 logits（舍入除外）。",
    ),
    "checks.plain_passed_vectors": (
        "Plain Transformers agrees: {head} gives equal hidden states, and their pooling in numpy equal vectors, but for rounding.",
        "纯 Transformers 一致：{head} 给出相同的隐状态，用 numpy 池化得到相同的向量（舍入除外）。",
    ),
    "checks.plain_passed_head": (
        "Plain Transformers agrees: {head} gives equal hidden states, and head.safetensors in numpy equal logits, but for rounding.",
        "纯 Transformers 一致：{head} 给出相同的隐状态，用 numpy 应用 head.safetensors 得到相同的 logits（舍入除外）。",
    ),
    "checks.plain_failed": (
        "Plain Transformers ({head}) gives other outputs (largest difference {gap:.3g}).",
        "纯 Transformers（{head}）的输出不同（最大差 {gap:.3g}）。",
    ),
    "checks.best_passed": (
        "Best restored on validation: {metric} of the kept weights is {kept:.4f}, the best of the run (step {step}).",
        "已恢复验证最佳：保留的权重的{metric}为 {kept:.4f}，为本次最佳（第 {step} 步）。",
    ),
    "checks.best_failed": (
        "On validation, {metric} of the kept weights is {kept:.4f}, but the best of the run was {best:.4f}.",
        "验证集上，保留的权重的{metric}为 {kept:.4f}，而本次最佳为 {best:.4f}。",
    ),
    "checks.best_skipped": (
        "No validation rows, so there is no best to restore: the last weights were kept.",
        "没有验证数据，无从恢复最佳：保留了最后的权重。",
    ),
    "checks.best_unjudged": (
        "Validation texts cannot judge this method, so there is no best to restore: the last weights were kept.",
        "验证集文本无法评判此方法，无从恢复最佳：保留了最后的权重。",
    ),
    "checks.untrained": ("Skipped: nothing was trained.", "跳过：没有训练任何权重。"),
    "checks.resume_passed": (
        "Resume exact: the last {steps} steps, taken again from a copy as after a stop, end in the same bits.",
        "续训一致：从副本恢复（如同中断后继续）重走最后 {steps} 步，结果逐位相同。",
    ),
    "checks.resume_failed": (
        "The last {steps} steps, taken again from a copy as after a stop, end in other weights: a run that is stopped does not end as one left alone.",
        "从副本恢复（如同中断后继续）重走最后 {steps} 步，所得权重不同：中断后继续的运行与不中断的结果不一致。",
    ),
    "checks.resume_fix": (
        "Do not stop runs of this recipe, and report it with environment.json.",
        "请勿中断该配方的运行，并附 environment.json 反馈。",
    ),
    "checks.resume_untried": (
        "Not tried whether a resume is exact: {reason}.",
        "未验证续训是否一致：{reason}。",
    ),
    "checks.resume_too_large": (
        "weights and optimiser take {megabytes:,.0f} MB, more than the 1 GB that a copy in memory may",
        "权重与优化器状态约占 {megabytes:,.0f} 兆字节，超过内存副本的上限（1024 兆字节）",
    ),
    "checks.resume_too_short": ("training took fewer than two steps", "训练不足两步"),
    "checks.resume_out_of_time": ("the time limit ended the training", "训练因时限结束"),
    "checks.resume_no_copy": (
        "this process did not see the last two steps begin, or nobody could know that they were the last",
        "本进程未经历最后两步的开始，或事先无法得知那是最后两步",
    ),
    "checks.resume_no_memory": ("memory did not suffice for a copy", "内存不足以保存副本"),
    "checks.resume_absent": ("training kept no copy", "训练没有保存副本"),
    "checks.forecast_passed": (
        "Forecast kept: {forecast:.0f} s were forecast, it took {seconds:.0f} s.",
        "预估准确：预估 {forecast:.0f} 秒，实际 {seconds:.0f} 秒。",
    ),
    "checks.forecast_missed": (
        "{forecast:.0f} s were forecast, it took {seconds:.0f} s; {load}.",
        "预估 {forecast:.0f} 秒，实际 {seconds:.0f} 秒；{load}。",
    ),
    "checks.forecast_fix": (
        "Nothing is wrong with the model; a forecast holds for a machine that does nothing else.",
        "模型没有问题；预估以机器不做其他事为前提。",
    ),
    "checks.load": (
        "the machine's load average was {load:.1f} on {cores} cores",
        "机器平均负载为 {load:.1f}（{cores} 核）",
    ),
    "checks.load_unknown": ("the machine's load is not known", "机器负载未知"),
    "checks.forecast_attempts": (
        "The run was taken up again, so its time says nothing of the forecast.",
        "本次运行曾中断后继续，用时无法与预估比较。",
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
