"""What ways to adapt say of models that they cannot change."""

MESSAGES = {
    "adapt.no_targets": (
        "adapt.targets: no linear layer of the model is called {asked}; its layers end in {found}.",
        "adapt.targets：模型中没有名为 {asked} 的线性层；各层名以 {found} 结尾。",
    ),
    "adapt.no_peft": (
        "adapt: lora needs the peft library; install it with: pip install 'dongcha[adapt]'",
        "adapt：lora 需要 peft 库；请安装：pip install 'dongcha[adapt]'",
    ),
}
