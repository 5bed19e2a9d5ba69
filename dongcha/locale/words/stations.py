"""Messages of the flow's stations."""

MESSAGES = {
    "stations.title": (
        "{model}, {millions:.0f} M  {device}, {threads} cores",
        "{model}，{millions:.0f} M  {device}，{threads} 核",
    ),
    "stations.unknown_step": (
        "There is no step named {name!r}; choose one of: {all}.",
        "没有名为 {name!r} 的步骤；请从中选择：{all}。",
    ),
    "stations.unknown_step_near": (
        "There is no step named {name!r}; did you mean {near!r}? All: {all}.",
        "没有名为 {name!r} 的步骤；是否指 {near!r}？全部：{all}。",
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
    "stations.no_confidence": (
        "A {task} model knows no confidence in its numbers, so none of them can be called unsure; leave the threshold out.",
        "{task} 模型的数值没有置信度，无法判断是否“不确定”；请去掉该阈值。",
    ),
    "stations.unusual_rate": (
        "train.learning_rate {rate:g} is outside what full fine-tuning of pretrained encoders uses (1e-5 to 1e-4, one to two orders below pretraining); auto chooses by model and rows.",
        "train.learning_rate {rate:g} 超出预训练编码器全量微调的常用范围（1e-5 到 1e-4，比预训练低一到两个数量级）；auto 会按模型与数据量选择。",
    ),
}
