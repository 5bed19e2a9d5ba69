"""Messages of the flow's stations."""

MESSAGES = {
    "stations.title": (
        "{model}, {millions:.0f} M parameters, {device}, cores: {threads}",
        "{model}，{millions:.0f} M 参数，{device}，{threads} 核",
    ),
    "stations.triples_task": (
        "{folder} holds a model of the task {found}, where one of the task {wanted} is wanted; give the run of tagging first, that of relation second.",
        "{folder} 中模型的任务是 {found}，此处应为 {wanted}；请先写 tagging 的运行，再写 relation 的运行。",
    ),
    "stations.triples_types": (
        "{tagger} finds entities of the types {found}, and {relations} was trained on {known}, so that no entity would have a type it knows; train the tagger on the rows of the relation model.",
        "{tagger} 识别的实体类型为 {found}，而 {relations} 训练时的类型为 {known}，两者没有共同的类型；请用关系模型的数据训练标注模型。",
    ),
    "stations.max_pairs": (
        "max_pairs is {found}; at least 1 pair of a text must be asked about.",
        "max_pairs 为 {found}；每条文本至少应有 1 对实体。",
    ),
    "stations.unknown_step": (
        "There is no step named {name!r}; choose one of: {all}.",
        "没有名为 {name!r} 的步骤；请从中选择：{all}。",
    ),
    "stations.unknown_step_near": (
        "There is no step named {name!r}; did you mean {near!r}? All: {all}.",
        "没有名为 {name!r} 的步骤；是否指 {near!r}？全部：{all}。",
    ),
    "stations.not_qa": (
        "{folder} holds a model of task {task}; --corpus is read by one of task qa, so give the folder of such a run.",
        "{folder} 是 {task} 任务的模型；--corpus 只供 qa 任务的模型阅读，请给出这类运行的文件夹。",
    ),
    "stations.library_without_model": (
        "--corpus-model: {folder} does not say which model made its vectors, so it is searched by words alone; leave the option out.",
        "--corpus-model：{folder} 没有记录其向量由哪个模型生成，只按词语检索；请去掉该选项。",
    ),
    "stations.empty_library": (
        "{folder}: the index has no passages; add some with `dongcha index add`.",
        "{folder}：索引中没有任何段落；请用 `dongcha index add` 加入。",
    ),
    "stations.unknown_slice": (
        "{place}: evaluate.slices: the test rows have no column {name!r}; choose among: {all}.",
        "{place}：evaluate.slices：测试数据没有列 {name!r}；可选：{all}。",
    ),
    "stations.unknown_slice_near": (
        "{place}: evaluate.slices: the test rows have no column {name!r}; did you mean {near!r}? All: {all}.",
        "{place}：evaluate.slices：测试数据没有列 {name!r}；是否指 {near!r}？全部：{all}。",
    ),
    "stations.too_few_labels": (
        "{source}: the training rows hold {found} as their only label, at least {wanted} are needed to learn from; check the label column (data.columns) or add rows of other labels.",
        "{source}：训练数据只有标签 {found}，至少需要 {wanted} 种才能学习；请检查标签列（data.columns）或补充其他标签的数据。",
    ),
    "stations.none_named": (
        "{source}: there is nothing to know the labels from: the training rows have none; describe each label in adapt.descriptions, or name the label column in data.columns.",
        "{source}：无从得知有哪些标签：训练数据没有标注；请在 adapt.descriptions 中描述每个标签，或在 data.columns 中指明标签列。",
    ),
    "stations.too_few_named": (
        "{source}: the training rows have no labels, and adapt.descriptions has {found} as its only one, at least {wanted} are needed; describe the others too.",
        "{source}：训练数据没有标注，而 adapt.descriptions 只有标签 {found}，至少需要 {wanted} 个；请把其余标签也写上描述。",
    ),
    "stations.tiny_labels": (
        "{source}: {count} of {all} labels have a single row ({labels}), too few to be both learnt and checked; add rows of them, merge them with others, or set data.allow_tiny: true.",
        "{source}：{all} 个标签中有 {count} 个只有一行（{labels}），不足以既学习又检验；请补充数据、与其他标签合并，或设 data.allow_tiny: true。",
    ),
    "stations.unknown_label": (
        "there is no label {label!r}; the training rows have: {all}.",
        "没有标签 {label!r}；训练数据中有：{all}。",
    ),
    "stations.unknown_label_near": (
        "there is no label {label!r}; did you mean {near!r}? The training rows have: {all}.",
        "没有标签 {label!r}；是否指 {near!r}？训练数据中有：{all}。",
    ),
    "stations.undescribed": (
        "labels without a description: {labels}; describe every label, or none to go by their names.",
        "没有描述的标签：{labels}；请描述每一个标签，或全部省略以使用标签名称。",
    ),
    "stations.empty_description": (
        "the description of {label!r} is empty; write a few words, or a list of texts.",
        "标签 {label!r} 的描述为空；请写几个词，或给出一组文本。",
    ),
    "stations.template_without_label": (
        "{template!r} has no {{label}}; write it where the description goes, as in 'This text is about {{label}}.'",
        "{template!r} 中没有 {{label}}；请写在放描述处，例如“这段文字是关于{{label}}的。”",
    ),
    "stations.no_descriptions_here": (
        "{path}: zero_shot goes by descriptions of labels, which {task} does not take. It works for: {tasks}.",
        "{path}：zero_shot 凭标签的描述作答，{task} 不适用。适用任务：{tasks}。",
    ),
    "stations.no_descriptions_apart": (
        "{path}: zero_shot compares the texts of a row; {task} does so with data.pairs: apart. "
        "By descriptions of labels it works for: {tasks}.",
        "{path}：zero_shot 比较一行中的文本；{task} 任务须配合 `data.pairs: apart`。凭标签描述作答的任务：{tasks}。",
    ),
    "stations.alike_two": (
        "how alike two texts are tells two labels apart, and these rows have {count}: {labels}; train on them instead.",
        "两段文本有多相似只能区分两个标签，而数据中有 {count} 个：{labels}；请改为训练。",
    ),
    "stations.alike_alone": (
        "labels of pairs are told by how alike the texts are, which takes alike and calibrate only; leave it out.",
        "句对的标签凭两段文本的相似程度判断，只需写明意思相同时的标签，以及是否校准；请去掉。",
    ),
    "stations.alike_names": (
        "the names of these labels are the same words: {labels}; describe every label.",
        "这些标签的名称读来是相同的词：{labels}；请描述每一个标签。",
    ),
    "stations.alike_which": (
        "labels of pairs are told by how alike the texts are; name the label of two that say the same: {labels}.",
        "句对的标签凭两段文本的相似程度判断；请写明意思相同时的标签，可选：{labels}。",
    ),
    "stations.alike_elsewhere": (
        "it is for labels of pairs that are read apart (data.pairs: apart); leave it out.",
        "它只用于分开读取的句对的标签（data.pairs: apart）；请去掉。",
    ),
    "stations.nothing_described": (
        "adapt: {task} compares the texts of a row themselves, so zero_shot takes no options here; leave them out.",
        "adapt：{task} 直接比较一行中的文本，zero_shot 在此不带选项；请去掉。",
    ),
    "stations.cloze_template": (
        "by: cloze takes one template; write {{text}} and {{mask}} once each in it, as in '{{text}} This text is about {{mask}}.'",
        "`by: cloze` 只用一个模板，其中 `{{text}}` 与 `{{mask}}` 各出现一次，例如“{{text}} 这段文字是关于{{mask}}的。”",
    ),
    "stations.cloze_before": (
        "evaluate.before.by: cloze needs a head of its own, which a row of the table has not; use by: similarity, or adapt: zero_shot.",
        "evaluate.before.by：`cloze` 需要专门的输出层，表中的对比行没有；请用 `by: similarity`，或 adapt: zero_shot。",
    ),
    "stations.same_before": (
        "evaluate.before: zero_shot beside adapt: zero_shot would compare the model with itself; leave evaluate.before out.",
        "evaluate.before: zero_shot 与 adapt: zero_shot 同用，等于模型与自己对比；请去掉 evaluate.before。",
    ),
    "stations.nothing_trained": (
        "adapt: zero_shot trains nothing: the keys of train: have no effect.",
        "adapt: zero_shot 不训练任何权重：train: 下的各项不起作用。",
    ),
    "stations.unlabelled": (
        "The training rows have no labels, so no split is cut from them, and no baseline or layer that learns from labels is shown; if a column holds them, name it in data.columns.",
        "训练数据没有标注，因此不从中划分数据，也不列出需要标注才能学习的基线与线性层；若某一列就是标注，请在 data.columns 中指明。",
    ),
    "stations.described_by_names": (
        "zero_shot goes by the labels' own names; descriptions usually serve better.",
        "zero_shot 以标签名称作描述；写上 `descriptions` 通常更好。",
    ),
    "stations.taken_as_balanced": (
        "zero_shot takes the labels to be about equally frequent in the training texts; calibrate: false does not.",
        "zero_shot 假定各标签在训练文本中频率大致相同；calibrate: false 则不作此假定。",
    ),
    "stations.several_inputs": (
        "A {task} model reads {fields} of a row, not one text: give JSON lines or a table with these fields.",
        "{task} 模型要读一行中的 {fields}，不是单个文本：请给出含这些字段的 JSON 行或表格。",
    ),
    "stations.no_windows": (
        "{place}: {task} cannot read its texts in windows; set data.long_texts: truncate, or leave it out.",
        "{place}：{task} 的文本不能分窗读；请设 data.long_texts: truncate，或去掉这一项。",
    ),
    "stations.no_stream": (
        "--stream: a {task} model does not write its answers; leave it out.",
        "--stream：{task} 模型的回答不是写出来的；请去掉。",
    ),
    "stations.no_stream_of_beams": (
        "--stream: this model searches with beams (evaluate.decoding.beams), and no word is certain before the end; "
        "leave it out.",
        "--stream：该模型使用束搜索（evaluate.decoding.beams），写完之前没有确定的词；请去掉。",
    ),
    "stations.other_tasks": (
        "{path}: {method} serves {tasks}, with one label a row, not {task} as it is here; take another method.",
        "{path}：{method} 只适用于 {tasks}（每行一个标签），不适用于这里的 {task}；请换用其他方法。",
    ),
    "stations.no_confidence": (
        "A {task} model knows no confidence in its numbers, so none of them can be called unsure; leave the threshold out.",
        "{task} 模型的数值没有置信度，无法判断是否“不确定”；请去掉该阈值。",
    ),
    "stations.probe_unused": (
        "train.head_start: probe has no effect here: this model's own head is more than one linear layer on the mean of the tokens, so it starts at random.",
        "train.head_start: probe 在此不起作用：该模型自带的分类头不只是词元均值上的一层线性层，因此仍随机初始化。",
    ),
    "stations.shortened": (
        "time_limit {minutes:g} min: training is cut to {steps:,} steps, and the learning rate falls to zero within them.",
        "time_limit {minutes:g} 分钟：训练缩短为 {steps:,} 步，学习率在这些步内降到零。",
    ),
    "stations.halved": (
        "Memory did not suffice for a whole batch: each is computed in {parts} parts; the gradient stays that of the whole.",
        "内存不足以一次计算整批：每批分 {parts} 份计算，梯度仍等于整批的梯度。",
    ),
    "stations.no_time": (
        "{place}: time_limit {limit:g} min leaves no time to train beside reading, checking and judging; give at least {needed:g} min, or fewer rows.",
        "{place}：time_limit {limit:g} 分钟除去读取、检查与评估后没有训练时间；请至少给 {needed:g} 分钟，或减少数据。",
    ),
    "stations.unusual_rate": (
        "train.learning_rate {rate:g} is outside what full fine-tuning of pretrained models uses (1e-5 to 1e-4, one to two orders below pretraining); auto chooses by model and rows.",
        "train.learning_rate {rate:g} 超出预训练模型全量微调的常用范围（1e-5 到 1e-4，比预训练低一到两个数量级）；auto 会按模型与数据量选择。",
    ),
    "stations.file_rows": ("{source}, rows {rows}", "{source} 第 {rows} 行"),
}
