"""Messages of the training loop."""

MESSAGES = {
    "loop.no_device": (
        "device: this machine has no {device}; choose one of {have}, or auto.",
        "device：本机没有 {device}；请选择 {have} 或 auto。",
    ),
    "loop.diverged": (
        "Training stopped at step {step}: loss {loss:.3g}, gradient norm {norm:.3g} (training rows {rows}). The weights were not touched by that step; look at these rows, or lower train.learning_rate, and run again.",
        "训练在第 {step} 步停止：损失 {loss:.3g}，梯度范数 {norm:.3g}（训练行 {rows}）。该步未改动权重；请检查这些行，或降低 train.learning_rate 后重新运行。",
    ),
    "loop.diverged_validation": (
        "Training stopped after step {step}: on the validation rows the score is {score:.3g} and the loss {loss:.3g}, which are not both numbers. Lower train.learning_rate and run again.",
        "训练在第 {step} 步之后停止：验证行上的得分为 {score:.3g}、损失为 {loss:.3g}，并非都是有效数值。请降低 train.learning_rate 后重新运行。",
    ),
    "loop.stopped": (
        "Stopped after step {step} of {total}; a checkpoint is saved. Run the same command again to go on from there.",
        "已在第 {step}/{total} 步停止，检查点已保存。再次运行同一命令即可从该处继续。",
    ),
}
