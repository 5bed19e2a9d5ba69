"""Messages of pretraining."""

MESSAGES = {
    "pretrain.no_blocks": (
        "{source}: no text of it gives pretrain.method {method} anything to learn from (sentence_order needs texts of two sentences or more); give longer texts, or take another method.",
        "{source}：其中没有文本可供 pretrain.method {method} 学习（sentence_order 需要两句以上的文本）；请提供更长的文本，或换一种方法。",
    ),
    "pretrain.no_text": (
        "{place}: {source} has no column {field}, only: {found}; rename the column that holds the texts to {field}.",
        "{place}：{source} 没有 {field} 列，只有：{found}；请把存放文本的列改名为 {field}。",
    ),
    "pretrain.misfit": (
        "pretrain.method: {method} does not fit {model}, {kind}; what fits here: {all}.",
        "pretrain.method：{method} 不适合 {model}（{kind}）；这里可用：{all}。",
    ),
    "pretrain.misfit_all": (
        "pretrain.method: {method} does not fit {model}, {kind}, and nothing else does here; delete pretrain:, or take a model that writes.",
        "pretrain.method：{method} 不适合 {model}（{kind}），其他方法在这里也不适合；请删去 pretrain:，或换用能写文本的模型。",
    ),
    "pretrain.kind_encoder": ("an encoder, which reads a text from both sides", "编码器，从两边读文本"),
    "pretrain.kind_decoder": ("a decoder, which writes from left to right", "解码器，从左到右写文本"),
    "pretrain.kind_encoder_decoder": (
        "an encoder with a decoder, which reads one text and writes another",
        "编码器加解码器，读一段文本、写另一段",
    ),
    "pretrain.corpus": ("corpus", "语料"),
    "pretrain.corpus_line": (
        "{source}: {rows:,} texts, {blocks:,} blocks, {tokens:,} tokens",
        "{source}：{rows:,} 条文本，{blocks:,} 段，{tokens:,} 个词元",
    ),
    "pretrain.scratch": (
        "a new one: word pieces are learnt on {rows:,} texts of {source}",
        "全新：在 {source} 的 {rows:,} 条文本上学习词片",
    ),
    "pretrain.drawn": (
        "the model is new: before (frozen) reads by weights that were only drawn",
        "模型是全新的：before（冻结）所用的权重只是随机抽取",
    ),
    "pretrain.new": (
        "the model is new: before knows nothing, and what it must better is a guess by frequency alone",
        "模型是全新的：训练前一无所知，真正要超过的是只按词频的猜测",
    ),
    "pretrain.no_predict": (
        "{folder} learnt no task (task: null), so it has nothing to predict; name {model} as the model of a recipe with a task.",
        "{folder} 没有学过任务（task: null），因此无可预测；请在有任务的配方里把 {model} 写作 model。",
    ),
    "pretrain.read_alone": (
        "The model read {corpus} by {method}: {blocks:,} blocks of {tokens:,} tokens, {steps:,} of {of:,} steps.",
        "模型以 {method} 读了 {corpus}：{blocks:,} 段，{tokens:,} 个词元；走了 {of:,} 步中的 {steps:,} 步。",
    ),
    "pretrain.pretraining": ("pretraining", "预训练"),
    "pretrain.read": (
        "Before the task the model read {corpus} by {method}: {blocks:,} blocks of {tokens:,} tokens, {steps:,} of {of:,} steps.",
        "学任务之前，模型先以 {method} 读了 {corpus}：{blocks:,} 段，{tokens:,} 个词元；走了 {of:,} 步中的 {steps:,} 步。",
    ),
    "pretrain.looks": (
        "Validation score of a linear layer on the frozen backbone, by step: {points}.",
        "冻结主干上线性层的验证集得分（按步）：{points}。",
    ),
    "pretrain.read_looks": (
        "Validation texts, {loss}, by step: {points}.",
        "验证集文本的{loss}（按步）：{points}。",
    ),
    "pretrain.comma": (", ", "，"),
    "pretrain.begins": ("{method}, at most {steps:,} steps", "{method}，最多 {steps:,} 步"),
    "pretrain.alone": (
        "new parts alone first, {steps} steps",
        "先单独训练新增部分 {steps} 步",
    ),
    "pretrain.gain": (
        "task {gain:+.3f} [{low:+.3f}, {high:+.3f}] {metric} on validation rows, frozen, best at step {best} of {steps} taken; the weights were chosen on these rows",
        "任务 {metric} {gain:+.3f} [{low:+.3f}, {high:+.3f}]（验证集，冻结主干），已走 {steps} 步，最好在第 {best} 步；权重正是按这些行选出的",
    ),
    "pretrain.no_gain": (
        "task: no gain on validation rows in {steps} steps, so the original weights go on",
        "任务：{steps} 步内验证集没有提高，因此沿用原有权重",
    ),
    "pretrain.read_gain": (
        "{metric} on validation texts {gain:+.2f} [{low:+.2f}, {high:+.2f}], best at step {best} of {steps} taken; the weights were chosen on these texts",
        "验证集文本的{metric} {gain:+.2f} [{low:+.2f}, {high:+.2f}]，已走 {steps} 步，最好在第 {best} 步；权重正是按这些文本选出的",
    ),
    "pretrain.read_no_gain": (
        "no better on validation texts in {steps} steps, so the original weights go on",
        "{steps} 步内验证集文本没有读得更好，因此沿用原有权重",
    ),
    "pretrain.written_looks": (
        "Validation answers, {loss}, by step: {points}.",
        "验证集答案的{loss}（按步）：{points}。",
    ),
    "pretrain.written_gain": (
        "{metric} on validation answers {gain:+.2f} [{low:+.2f}, {high:+.2f}], best at step {best} of {steps} taken; the weights were chosen on these rows",
        "验证集答案的{metric} {gain:+.2f} [{low:+.2f}, {high:+.2f}]，已走 {steps} 步，最好在第 {best} 步；权重正是按这些行选出的",
    ),
    "pretrain.written_no_gain": (
        "answers of validation no likelier in {steps} steps, so the original weights go on",
        "{steps} 步内验证集答案没有变得更可能，因此沿用原有权重",
    ),
    "pretrain.unseen": (
        "no validation rows to look at: all {steps} steps were taken",
        "没有验证集可看：走完了全部 {steps} 步",
    ),
    "pretrain.grown": (
        "{pieces:,} new pieces ({first}, ...): {fewer:.0%} fewer tokens in the corpus ({before:,} before, {after:,} after)",
        "新增 {pieces:,} 个词片（{first} 等）：语料的词元减少 {fewer:.0%}（之前 {before:,}，之后 {after:,}）",
    ),
    "pretrain.surprise": (
        "{loss} on {texts}: {before:.2f} before, {after:.2f} after",
        "{texts}的{loss}：之前 {before:.2f}，之后 {after:.2f}",
    ),
    "pretrain.untold": (
        "what was forgotten is not told: that needs a tokenizer with a mask token, and blocks of single texts",
        "忘掉了什么无从得知：这需要分词器有掩码词元，且语料按单条文本分段",
    ),
    "pretrain.on_general": ("general text", "通用文本"),
    "pretrain.on_validation": ("validation texts", "验证集文本"),
    "pretrain.repeated": (
        "{count} texts of validation and test stand in the corpus too; it holds no labels, but their score is no longer that of unseen texts",
        "语料中含有 {count} 条验证集或测试集的文本；语料虽无标签，但这些文本的得分已不能算作未见文本的得分",
    ),
}
