"""Messages about names of methods."""

MESSAGES = {
    "registry.unknown": (
        "{kind}: there is no {name!r}; choose one of: {all}.",
        "{kind}：没有 {name!r}；请从中选择：{all}。",
    ),
    "registry.unknown_near": (
        "{kind}: there is no {name!r}; did you mean {near!r}? All: {all}.",
        "{kind}：没有 {name!r}；是否指 {near!r}？全部：{all}。",
    ),
}
