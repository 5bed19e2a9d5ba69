"""Messages of the training loop."""

MESSAGES = {
    "loop.no_device": (
        "device: this machine has no {device}; choose one of {have}, or auto.",
        "device：本机没有 {device}；请选择 {have} 或 auto。",
    ),
    "loop.diverged": (
        "Training stopped at step {step}: loss {loss:.3g}, gradient norm {norm:.3g} ({rows}). The weights were not touched by that step; look at these rows, or lower train.learning_rate, and run again.",
        "训练在第 {step} 步停止：损失 {loss:.3g}，梯度范数 {norm:.3g}（{rows}）。该步未改动权重；请检查这些行，或降低 train.learning_rate 后重新运行。",
    ),
    "loop.training_rows": ("training rows {rows}", "训练数据第 {rows} 行"),
    "loop.diverged_kept": (
        " The weights of step {step} are kept as a checkpoint.",
        "第 {step} 步的权重已存为检查点。",
    ),
    "loop.diverged_validation": (
        "Training stopped after step {step}: on the validation rows the score is {score:.3g} and the loss {loss:.3g}, which are not both numbers. Lower train.learning_rate and run again.",
        "训练在第 {step} 步之后停止：验证行上的得分为 {score:.3g}、损失为 {loss:.3g}，并非都是有效数值。请降低 train.learning_rate 后重新运行。",
    ),
    "loop.checkpoint_unread": (
        "{path}: the checkpoint that was just written does not read back as it was; the one before it is kept. Check this disk, then run the same command again.",
        "{path}：刚写入的检查点读回后与原内容不符；上一个检查点已保留。请检查该磁盘，然后再次运行同一命令。",
    ),
    "loop.no_memory": (
        "Memory does not suffice; close other programs, lower train.batch_tokens or data.max_tokens, or take a smaller model, and run again.",
        "内存不足；请关闭其他程序，调小 train.batch_tokens 或 data.max_tokens，或换用更小的模型，然后重新运行。",
    ),
    "loop.no_memory_step": (
        "Memory does not suffice for the optimiser at step {step}; close other programs, set adapt.method to no_embeddings or last_layers, or take a smaller model, and run again.",
        "第 {step} 步优化器内存不足；请关闭其他程序，将 adapt.method 设为 no_embeddings 或 last_layers，或换用更小的模型，然后重新运行。",
    ),
    "loop.no_memory_row": (
        "Memory does not suffice at step {step}, not even for one row at a time (the batch has {rows}). Lower data.max_tokens, close other programs, or take a smaller model, and run the same command again.",
        "第 {step} 步内存不足，即使逐行计算也不够（该批共 {rows} 行）。请调小 data.max_tokens、关闭其他程序或换用更小的模型，然后再次运行同一命令。",
    ),
    "loop.no_memory_whole": (
        "Memory does not suffice at step {step} for a batch of {rows} texts, which are told from one another and so cannot be computed in parts. Lower batch_tokens or max_tokens, close other programs, or take a smaller model, and run the same command again.",
        "第 {step} 步内存不足：该批 {rows} 条文本要互相区分，不能分份计算。请调小 batch_tokens 或 max_tokens、关闭其他程序或换用更小的模型，然后再次运行同一命令。",
    ),
    "loop.no_room": (
        "{folder}: training would fill the disk ({needed:,} bytes needed, {free:,} free): two checkpoints of up to {size:,} bytes must fit. Free some space, or take another disk with --workspace, and run the same command again.",
        "{folder}：训练会占满磁盘（需要 {needed:,} 字节，剩余 {free:,} 字节）：须容纳两个检查点，每个最大 {size:,} 字节。请腾出空间，或用 --workspace 换一个磁盘，再运行同一命令。",
    ),
    "loop.stopped": (
        "Stopped after step {step} of {total}; a checkpoint is saved. Run the same command again to go on from there.",
        "已在第 {step}/{total} 步停止，检查点已保存。再次运行同一命令即可从该处继续。",
    ),
}
