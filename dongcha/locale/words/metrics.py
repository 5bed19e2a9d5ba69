"""What metrics say of what they cannot measure."""

MESSAGES: dict[str, tuple[str, str]] = {
    "metrics.extra": (
        'Measuring written texts needs {library}, which is not installed: pip install "dongcha[generate]".',
        '评估生成的文本需要 {library}，尚未安装：pip install "dongcha[generate]"。',
    ),
    "metrics.rule_unknown": (
        "`constraints`: there is no rule named {kind}; use these: {known}.",
        "`constraints`：没有名为 {kind} 的规则；请使用：{known}。",
    ),
    "metrics.rule_form": (
        "`constraints.{kind}`: {found} stands where {form} is wanted; give one, or leave the rule out.",
        "`constraints.{kind}`：此处应为{form}，却是 {found}；请改正，或去掉该规则。",
    ),
    "metrics.rule_broken": (
        "`constraints.{kind}` cannot be used ({error}); mend it, or leave the rule out.",
        "`constraints.{kind}` 无法使用（{error}）；请改正，或去掉该规则。",
    ),
    "metrics.form_phrases": ("a list of phrases", "短语列表"),
    "metrics.form_length": ("a whole number of at least 0", "不小于 0 的整数"),
    "metrics.form_pattern": ("a regular expression as a string", "字符串形式的正则表达式"),
    "metrics.form_schema": ("a JSON Schema or one as a string", "JSON Schema 或其字符串形式"),
}
