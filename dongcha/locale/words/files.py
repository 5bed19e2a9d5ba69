"""Messages about files and folders on disk."""

MESSAGES = {
    "files.outside": (
        "{path} lies outside {root}; give a path inside it.",
        "{path} 不在 {root} 之内；请给出其中的路径。",
    ),
    "files.name": (
        "{name!r} cannot be a name: use 1 to 64 letters, digits, '.', '_' or '-', not starting with '.' or '-'.",
        "{name!r} 不能用作名称：请用 1 到 64 个文字、数字、“.”“_”“-”，且不以“.”或“-”开头。",
    ),
    "files.disk_full": (
        "{path}: the disk is full ({needed} bytes needed, {free} free); free some space and run the same command again.",
        "{path}：磁盘已满（需要 {needed} 字节，剩余 {free}）；请腾出空间后重新运行同一命令。",
    ),
    "files.busy": (
        "{folder} is in use by process {pid} since {since}; wait for it, or stop it, and run the same command again.",
        "{folder} 正被进程 {pid} 使用（自 {since}）；请等它结束或停止它，再运行同一命令。",
    ),
}
