"""What metrics say of what they cannot measure."""

MESSAGES: dict[str, tuple[str, str]] = {
    "metrics.extra": (
        'Measuring written texts needs {library}, which is not installed: pip install "dongcha[generate]".',
        '评估生成的文本需要 {library}，尚未安装：pip install "dongcha[generate]"。',
    ),
}
