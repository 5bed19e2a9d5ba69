"""Messages about files and folders on disk."""

MESSAGES = {
    "files.outside": (
        "{path} lies outside {root}; give a path inside it.",
        "{path} 不在 {root} 之内；请给出其中的路径。",
    ),
    "files.name": (
        "{name!r} cannot be a name: use 1 to 64 letters, digits, '.', '_' or '-', not starting with '.' or '-', and no device name such as con or nul.",
        "{name!r} 不能用作名称：请用 1 到 64 个文字、数字、“.”“_”“-”，不以“.”或“-”开头，且不是“con”“nul”等设备名。",
    ),
    "files.disk_full": (
        "{path}: the disk is full (at least {needed} bytes needed, {free} free); free some space and run the same command again.",
        "{path}：磁盘已满（至少需要 {needed} 字节，剩余 {free} 字节）；请腾出空间后重新运行同一命令。",
    ),
    "files.disk_quota": (
        "{path}: your disk quota is used up (at least {needed} bytes needed; the disk itself has {free} free); remove files of yours or have the quota raised, and run the same command again.",
        "{path}：磁盘配额已用完（至少需要 {needed} 字节；磁盘本身剩余 {free} 字节）；请删除自己的部分文件或申请提高配额，再运行同一命令。",
    ),
    "files.disk_limit": (
        "{path}: a file grew larger than this system lets it (at least {needed} bytes needed, {free} free on the disk); raise the limit (ulimit -f), or take another disk with --workspace, and run the same command again.",
        "{path}：文件超出系统允许的大小（至少需要 {needed} 字节，磁盘剩余 {free} 字节）；请放宽限制（“ulimit -f”），或用 --workspace 换一个磁盘，再运行同一命令。",
    ),
    "files.busy": (
        "{folder} is in use by process {pid} since {since}; wait for it, or stop it, and run the same command again.",
        "{folder} 正被进程 {pid} 使用（自 {since}）；请等它结束或停止它，再运行同一命令。",
    ),
}
