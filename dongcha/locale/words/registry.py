"""Messages about names of methods."""

MESSAGES = {
    "registry.unknown": (
        "There is no {kind} named {name!r}; choose one of: {all}.",
        "{kind} 中没有 {name!r}；请从中选择：{all}。",
    ),
    "registry.unknown_near": (
        "There is no {kind} named {name!r}; did you mean {near!r}? All: {all}.",
        "{kind} 中没有 {name!r}；是否指 {near!r}？全部：{all}。",
    ),
}
