"""Messages of `sandbox/`."""

MESSAGES: dict[str, tuple[str, str]] = {
    "sandbox.none": (
        "Generated code runs only in a sandbox of namespaces, and this system gives none ({why}), so nothing was run; "
        "allow user namespaces ('sysctl user.max_user_namespaces'; on Ubuntu 'sysctl "
        "kernel.apparmor_restrict_unprivileged_userns'; in a container its security profile), or score on another "
        "machine with Linux 5.12 or newer.",
        "生成的代码只在由命名空间构成的沙箱中运行，而本系统不提供（{why}），因此没有运行任何代码；"
        "请允许用户命名空间（'sysctl user.max_user_namespaces'，Ubuntu 上为 'sysctl kernel.apparmor_restrict_unprivileged_userns'，"
        "在容器中则为其安全配置），或换一台 Linux 5.12 及以上的机器评分。",
    ),
    "sandbox.not_linux": (
        "Generated code runs only in a sandbox of Linux namespaces, and this system is {system}, so nothing was run; "
        "score on a machine with Linux 5.12 or newer.",
        "生成的代码只在由 Linux 命名空间构成的沙箱中运行，而本系统是 {system}，因此没有运行任何代码；"
        "请换一台 Linux 5.12 及以上的机器评分。",
    ),
    "sandbox.timeout": ("It ran longer than {seconds:g} s.", "运行超过 {seconds:g} 秒。"),
    "sandbox.cpu_timeout": ("It used more than {seconds:g} s of CPU.", "占用处理器超过 {seconds:g} 秒。"),
    "sandbox.too_much_output": ("It printed more than {bytes:,} bytes.", "输出超过 {bytes:,} 字节。"),
    "sandbox.killed": ("It was ended by {signal}.", "被 {signal} 终止。"),
    "sandbox.vanished": (
        "Its sandbox was ended from outside, perhaps for lack of memory.",
        "沙箱被外部终止，可能是内存不足。",
    ),
    "sandbox.left": (
        "It ended by itself (exit code {code}) before its test had.",
        "测试尚未结束，程序就自行退出（退出码 {code}）。",
    ),
}
