"""The line of help of every key of a recipe."""

MESSAGES = {
    "config.help.extends": (
        "another recipe that this one starts from; mappings are merged",
        "本配方所基于的另一份配方；各节逐键合并",
    ),
    "config.help.name": ("name of the run and its folder", "本次运行及其文件夹的名称"),
    "config.help.language": (
        "language of messages and report: zh, en, or null for the system's",
        "消息和报告的语言：zh、en，null 随系统",
    ),
    "config.help.seed": ("seed of every random choice", "所有随机选择的种子"),
    "config.help.task": (
        "what is learnt: classification, qa, translation, ...; the README names all",
        "学什么：classification、qa、translation 等",
    ),
    "config.help.tasks": (
        "several tasks on one model, in place of task: a list of names or mappings",
        "一个模型同时学多个任务，代替 task：任务名或映射的列表",
    ),
    "config.help.data": (
        "the texts ('train' at least) and how they are read",
        "文本数据（至少要有 train）及其读取方式",
    ),
    "config.help.data.train": (
        "file or folder of training texts, or hf:, modelscope:, package:",
        "训练文本的文件或文件夹，或 hf:、modelscope:、package:",
    ),
    "config.help.data.validation": (
        "file that decides when to stop; null: rows of train by split",
        "用来决定何时停止的文件；null 则按 split 从训练数据划出",
    ),
    "config.help.data.test": (
        "file that the result is judged on; null: rows of train by split",
        "用来评判结果的文件；null 则按 split 从训练数据划出",
    ),
    "config.help.data.tests": ("further test files, by name", "更多测试文件，按名称列出"),
    "config.help.data.split": (
        "shares of rows where no file is given",
        "未给文件时各部分所占比例",
    ),
    "config.help.data.split.validation": (
        "share of rows for validation, or {{per_label: N}}",
        "验证集比例，或 {{per_label: N}}",
    ),
    "config.help.data.split.test": (
        "share of rows for test, or {{per_label: N}}",
        "测试集比例，或 {{per_label: N}}",
    ),
    "config.help.data.split.train": (
        "share of rows for training, or {{per_label: N}}; what is left goes to test",
        "训练集比例，或 {{per_label: N}}；其余归测试集",
    ),
    "config.help.data.split.stratify": ("keep the shares of labels alike in every part", "各部分保持相同的标签比例"),
    "config.help.data.split.group": (
        "column whose equal values stay in one part",
        "该列取值相同的行划入同一部分",
    ),
    "config.help.data.split.by_time": (
        "column of times: the latest rows go to test",
        "时间列：最新的行归测试集",
    ),
    "config.help.data.columns": (
        "field: your column or columns, where names differ",
        "字段名: 你的列名（可多列），仅在名称不同时填写",
    ),
    "config.help.data.part": (
        "which part of a text is read: all or first_line",
        "读取文本的哪部分：all 全部，first_line 首行",
    ),
    "config.help.data.duplicates": ("rows said twice: keep or drop", "重复的行：keep 保留，drop 去掉"),
    "config.help.data.allow_tiny": (
        "train although a label has a single row",
        "即使某个标签只有一行也照样训练",
    ),
    "config.help.data.corpus": (
        "documents (doc, text) that retrieval searches; null: the answers of all rows",
        "retrieval 要检索的文档（doc、text）；null 表示检索所有行的答案",
    ),
    "config.help.data.encoding": ("encoding of text files; auto finds it", "文本文件的编码；auto 自动识别"),
    "config.help.data.encoding_errors": (
        "bytes that cannot be read: fail, replace or drop the row",
        "无法解码的字节：fail 报错，replace 替换，drop 去掉该行",
    ),
    "config.help.data.max_tokens": ("tokens of a text that the model sees at once", "模型一次读入的最大词元数"),
    "config.help.data.long_texts": (
        "texts beyond max_tokens: truncate, windows, or auto",
        "超过 max_tokens 的文本：truncate 截断，windows 分窗，auto 自动",
    ),
    "config.help.data.pairs": (
        "several texts of a row: together as one input, or apart, a vector each",
        "一行的几段文本：together 合为一个输入，apart 各自成向量",
    ),
    "config.help.data.prompt": (
        "what is read to write: text with fields in braces; of dialogues, the system's",
        "生成式任务读入的提示：含花括号字段名的文本；对话任务则为系统消息",
    ),
    "config.help.model": (
        "model folder, hub name, package:NAME/folder, or scratch: a new one",
        "模型文件夹、hub 名称、package:包名/文件夹，或 scratch：全新的模型",
    ),
    "config.help.model.scratch": (
        "a new encoder: word pieces learnt on the corpus, weights drawn by the seed",
        "全新的编码器：在 pretrain.corpus 上学习词片，权重由种子抽取",
    ),
    "config.help.model.scratch.layers": ("layers", "层数"),
    "config.help.model.scratch.hidden": ("width of its vectors", "向量宽度"),
    "config.help.model.scratch.heads": ("attention heads; they share the width evenly", "注意力头数，平分宽度"),
    "config.help.model.scratch.vocabulary": ("word pieces at most", "最多几个词片"),
    "config.help.model.scratch.max_tokens": ("longest input, in tokens", "最长输入的词元数"),
    "config.help.model.scratch.lowercase": (
        "read capitals as small letters, accents left out",
        "大写按小写读，并去掉重音符号",
    ),
    "config.help.pretrain": ("reading texts without labels before the task", "在任务之前先读无标注文本（继续预训练）"),
    "config.help.pretrain.method": (
        "name of the way, its options beside it; auto: by what the model is",
        "方法名称，其选项写在旁边；auto 按模型的种类决定",
    ),
    "config.help.pretrain.corpus": (
        "file or folder of texts; null: the task's own training texts",
        "文本文件或文件夹；null 用任务自己的训练文本",
    ),
    "config.help.pretrain.steps": ("steps at most", "最多几步"),
    "config.help.pretrain.learning_rate": ("size of the steps", "学习率"),
    "config.help.pretrain.batch_tokens": ("tokens in one step", "每步的词元数"),
    "config.help.pretrain.max_tokens": ("longest block of a text, in tokens", "一段文本最多几个词元"),
    "config.help.pretrain.new_pieces": (
        "pieces that the model's vocabulary gets for the corpus's words, at most",
        "为语料中的词给模型词表最多增加几个词片",
    ),
    "config.help.pretrain.precision": (
        "fp32, bf16 (16-bit matrix products), or auto: bf16 where measured quicker",
        "fp32；bf16 指矩阵乘先把数舍入到 16 位；auto 实测更快才用 bf16",
    ),
    "config.help.pretrain.probe_every": (
        "steps between two looks at the task's validation rows",
        "每隔几步看一次任务的验证集",
    ),
    "config.help.pretrain.patience": (
        "looks without a gain for the task before stopping; null: never",
        "任务连续几次没有提高就停止；null 从不提前停止",
    ),
    "config.help.augment": ("more rows made from yours; not built yet", "由现有数据扩充；尚未提供"),
    "config.help.adapt": ("which weights are trained", "训练哪些权重"),
    "config.help.adapt.method": ("name of the way; its options stand beside it", "方法名称；其选项写在旁边"),
    "config.help.train": ("how the weights are trained", "如何训练权重"),
    "config.help.train.epochs": ("passes over the training rows", "训练数据遍历几轮"),
    "config.help.train.learning_rate": ("size of the steps of the pretrained weights", "预训练权重的学习率"),
    "config.help.train.head_learning_rate": ("size of the steps of the new head", "新增输出层的学习率"),
    "config.help.train.batch_tokens": ("tokens in one step", "每步的词元数"),
    "config.help.train.accumulation": (
        "parts that a batch is computed in, at least, one after the other",
        "一批至少分几份先后计算",
    ),
    "config.help.train.optimizer": ("how gradients become steps", "优化器"),
    "config.help.train.optimizer.method": (
        "name of the optimizer; its options stand beside it",
        "优化器名称；其选项写在旁边",
    ),
    "config.help.train.weight_decay": ("pull of the weights towards zero", "权重衰减"),
    "config.help.train.schedule": ("how the learning rate falls", "学习率的变化方式"),
    "config.help.train.schedule.method": (
        "name of the schedule; its options stand beside it",
        "变化方式的名称；其选项写在旁边",
    ),
    "config.help.train.warmup": ("share of steps in which the learning rate rises", "学习率上升阶段占总步数的比例"),
    "config.help.train.average": (
        "average of the weights that is validated and kept, not the last step's",
        "对多步权重取平均，用平均代替最后一步的权重来验证与保存",
    ),
    "config.help.train.average.method": (
        "name of the average; its options stand beside it",
        "平均方式的名称；其选项写在旁边",
    ),
    "config.help.train.clip_norm": ("longest gradient let through; null: any", "梯度范数上限；null 不限"),
    "config.help.train.dropout": ("share of activations left out in training", "训练时随机丢弃的激活比例"),
    "config.help.train.precision": (
        "fp32, bf16 (16-bit matrix products), or auto: bf16 where measured quicker",
        "fp32；bf16 指矩阵乘先把数舍入到 16 位；auto 实测更快才用 bf16",
    ),
    "config.help.train.label_smoothing": (
        "probability moved from the given label to all",
        "从给定标签匀给所有标签的概率",
    ),
    "config.help.train.hard_negatives": (
        "wrong answers, ranked high by the untrained model, a query of retrieval learns",
        "retrieval 训练时，每个查询附带几个被未训练模型排在前面的错误答案",
    ),
    "config.help.train.class_weights": ("balanced: rare labels count more", "balanced 让少见标签权重更大"),
    "config.help.train.head_start": (
        "first weights of the head: random, probe, or auto",
        "输出层初值：random 随机，probe 由线性探针得来，auto 自动",
    ),
    "config.help.train.validate": (
        "look at the validation score every epoch, or every N steps and after the last",
        "每轮（epoch）或每 N 步（以及最后一步）看一次验证得分",
    ),
    "config.help.train.early_stopping": (
        "stop when the validation score rises no more; null: never",
        "验证得分不再上升时停止；null 从不提前停止",
    ),
    "config.help.train.early_stopping.patience": (
        "looks without a better score before stopping",
        "连续几次没有更好就停止",
    ),
    "config.help.train.task_temperature": (
        "mixes tasks that have their own data, by rows^(1/temperature); 1: by rows",
        "各任务自带数据时按行数^(1/温度)取份额：1 按行数，越大越均匀",
    ),
    "config.help.evaluate": ("what is measured beside the whole", "整体之外还衡量什么"),
    "config.help.evaluate.before": ("the frozen model that training is compared with", "与训练结果对比的冻结模型"),
    "config.help.evaluate.before.method": (
        "probe (fitted on labels) or zero_shot; its options stand beside it",
        "probe（用训练标签拟合线性层）或 zero_shot；其选项写在旁边",
    ),
    "config.help.evaluate.slices": ("columns by whose values the score is also shown", "按这些列的取值分别给出得分"),
    "config.help.evaluate.unsure_below": (
        "confidence below which an answer counts as unsure",
        "置信度低于此值视为没把握",
    ),
    "config.help.evaluate.decoding": (
        "how text is written: greedy, by beams, or drawn",
        "如何生成文本：贪心、束搜索或采样",
    ),
    "config.help.evaluate.decoding.max_new_tokens": (
        "tokens of an answer at most; auto: a quarter above training's longest",
        "答案最多的词元数；auto：训练中最长答案再加四分之一",
    ),
    "config.help.evaluate.decoding.beams": ("beams of the search; 1: greedy", "束搜索的束数；1 为贪心"),
    "config.help.evaluate.decoding.length_penalty": (
        "power of the length that a beam's score is divided by",
        "束得分除以长度的该次幂",
    ),
    "config.help.evaluate.decoding.temperature": (
        "0: the likeliest token; above: drawn, the higher the freer",
        "0：取最可能的词元；大于 0：采样，越大越自由",
    ),
    "config.help.evaluate.decoding.samples": (
        "texts drawn for each row, the first is the answer; code: for pass@k",
        "每行采样几份，第一份作答；用于代码的 pass@k",
    ),
    "config.help.evaluate.decoding.top_k": ("draw among so many likeliest tokens", "只在最可能的若干词元中采样"),
    "config.help.evaluate.decoding.top_p": (
        "draw among the likeliest tokens that together have this share",
        "只在累计概率达到该值的词元中采样",
    ),
    "config.help.evaluate.decoding.min_p": (
        "draw among tokens at least this share as likely as the likeliest",
        "只在概率不低于最高概率该比例的词元中采样",
    ),
    "config.help.evaluate.decoding.repetition_penalty": (
        "above 1: what stands there already becomes less likely",
        "大于 1：已出现的词元更不易再现",
    ),
    "config.help.evaluate.decoding.no_repeat_ngram": (
        "runs of so many tokens that may stand there once only; 0: any",
        "该长度的词元串只许出现一次；0 为不限",
    ),
    "config.help.evaluate.decoding.stop": (
        "strings that end an answer; default: the line's end, where answers are lines",
        "遇到这些字符串即结束答案；默认：答案都是单行时为换行",
    ),
    "config.help.evaluate.decoding.enforce": (
        "hold answers to their rows' `constraints`, ask for their `attributes`",
        "生成时就让答案遵守各行的 `constraints`，并在提示中写出 `attributes`",
    ),
    "config.help.report": ("how the report is written", "报告的写法"),
    "config.help.report.texts": (
        "texts in the report: shown, masked or none",
        "报告中的文本：shown 显示，masked 遮盖个人信息，none 不显示",
    ),
    "config.help.search": ("search for settings; not built yet", "搜索设置；尚未提供"),
    "config.help.explain": ("why the model answers so; not built yet", "解释模型的判断；尚未提供"),
    "config.help.compress": ("a smaller, faster model; not built yet", "压缩模型；尚未提供"),
    "config.help.serve": ("answers over HTTP; not built yet", "通过 HTTP 提供服务；尚未提供"),
    "config.help.monitor": ("watch over what is served; not built yet", "监测线上情况；尚未提供"),
    "config.help.review": ("people check answers; not built yet", "人工复核；尚未提供"),
    "config.help.retrain": ("learn from corrections; not built yet", "用更正结果再训练；尚未提供"),
    "config.help.device": ("where to compute: auto, cpu, cuda, mps or npu", "计算设备：auto、cpu、cuda、mps 或 npu"),
    "config.help.threads": ("processor threads", "处理器线程数"),
    "config.help.time_limit": (
        "minutes a run may take, from its start to its end",
        "整个运行最多用几分钟，从启动到结束",
    ),
}
