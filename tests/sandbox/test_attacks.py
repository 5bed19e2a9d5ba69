"""Programs that attack the machine: they are stopped by what holds them, the verdict says how, and nothing is left."""

import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
from shut_in import MIB, SMALL

from dongcha.sandbox import Program, run

pytestmark = pytest.mark.usefixtures("sandboxed")

ROOT = Path(__file__).parents[2]


def became(code, **limits):
    outcome = run(Program(code), replace(SMALL, **limits))
    return outcome.status, outcome.error


# time


def test_an_endless_loop():
    status, error = became("while True:\n    pass", cpu_seconds=1)
    assert (status, error) == ("timeout", "It used more than 1 s of CPU.")


def test_an_endless_loop_that_ignores_the_signal():
    code = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass"
    assert became(code, cpu_seconds=1)[0] == "timeout"


@pytest.mark.parametrize("code", ["import time\ntime.sleep(60)", "import os\nos.kill(os.getpid(), 19)"])
def test_sleeping(code):
    began = time.monotonic()
    assert became(code, seconds=0.5) == ("timeout", "It ran longer than 0.5 s.")
    assert time.monotonic() - began < 6


# memory, disk, output


@pytest.mark.parametrize(
    "code",
    ["a = bytearray(4 << 30)", "a = []\nwhile True:\n    a.append('x' * 1000 + str(len(a)))", "a = [0] * 10**9"],
)
def test_four_gigabytes(code):
    status, error = became(code)
    assert status == "out_of_memory"
    assert "MemoryError" in error


@pytest.mark.parametrize("call", ["memfd_create(b'a', 0)", "shmget(0, 1 << 32, 0o1600)", "mq_open(b'/a', 66, 384, 0)"])
def test_memory_that_no_limit_counts(call):
    code = f"import ctypes, errno\nl = ctypes.CDLL(None, use_errno=True)\nassert l.{call} < 0\n"
    assert became(code + "assert ctypes.get_errno() in (errno.EPERM, errno.ENOENT)") == ("passed", "")


def test_a_full_folder():
    code = "for i in range(9):\n    with open(f'{i}', 'wb') as f:\n        f.write(bytes(1 << 19))"
    status, error = became(code)
    assert status == "failed"
    assert "No space left on device" in error


def test_many_files():
    code = "import os\nfor i in range(10**5):\n    os.close(os.open(f'{i}', os.O_CREAT))"
    assert became(code)[1].startswith("program.py:3: OSError: [Errno 28]")


def test_a_large_file():
    status, error = became("with open('a', 'wb') as f:\n    f.write(bytes(3 << 19))")
    assert status == "failed"
    assert "File too large" in error


def test_many_open_files():
    status, error = became("a = [open('/dev/null') for _ in range(1000)]")
    assert status == "failed"
    assert "Too many open files" in error


@pytest.mark.parametrize("code", ["while True:\n    print('a' * 100)", "import os\nwhile True: os.write(2, bytes(9))"])
def test_endless_printing(code):
    assert became(code, output_bytes=MIB // 8) == ("too_much_output", "It printed more than 131,072 bytes.")


# processes


def test_a_fork_bomb():
    status, error = became("import os\nwhile True:\n    os.fork()", seconds=2.0)
    assert status in ("failed", "timeout")
    assert "BlockingIOError" in error or "longer" in error


def test_a_fork_bomb_that_does_not_give_up():
    code = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    assert became(code, seconds=1.0)[0] == "timeout"


def test_a_bomb_of_threads():
    code = "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(9,)).start()"
    status, error = became(code)
    assert status == "failed"
    assert "can't start new thread" in error


def test_no_more_processes_than_allowed():
    code = (
        "import os, time\nmade = 0\n"
        "try:\n"
        "    while made < 50:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(60)\n"
        "        made += 1\n"
        "except BlockingIOError:\n"
        f"    assert made == {SMALL.processes - 1}, made\n"
        "else:\n"
        "    raise AssertionError(made)\n"
    )
    assert became(code) == ("passed", "")


def test_a_grandchild_that_outlives():
    code = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for n in range(1, 32):\n"
        "            try: signal.signal(n, signal.SIG_IGN)\n"
        "            except OSError: pass\n"
        "        os.closerange(0, 64)\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    began = time.monotonic()
    assert became(code) == ("passed", "")
    assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("os.kill(-1, 9)", "passed"),  # all it may signal: nobody but itself, who is left out
        ("os.kill(os.getppid(), 9)", "passed"),  # the first process takes no signal from inside
        ("[os.kill(1, n) for n in range(1, 65) if n not in (32, 33)]", "passed"),
        ("os.kill(os.getpid(), 9)", "killed"),
        ("os.killpg(0, 9)", "killed"),
        ("os.kill(os.getpid(), 11)", "killed"),
        ("os.abort()", "killed"),
    ],
)
def test_signals(code, status):
    assert became(f"import os\ntry:\n    {code}\nexcept OSError:\n    pass")[0] == status


def test_looking_into_the_parent():
    code = (
        "import ctypes\nl = ctypes.CDLL(None, use_errno=True)\n"
        "assert l.ptrace(16, 1, 0, 0) < 0 and ctypes.get_errno() == 1\n"
        "assert l.process_vm_readv(1, 0, 0, 0, 0, 0) < 0 and ctypes.get_errno() == 1\n"
        "import os\nassert not os.path.exists('/proc')\n"
    )
    assert became(code) == ("passed", "")


def test_deep_recursion():
    for code in (
        "def f():\n    f()\nf()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    f()\nf()",
        "import sys\nsys.setrecursionlimit(10**9)\na = []\nfor _ in range(10**5):\n    a = [a]\nrepr(a)",
        "a = " + "(" * 10**5 + ")" * 10**5,
    ):
        assert became(code, memory_bytes=48 * MIB)[0] in ("failed", "killed", "out_of_memory")


# the way out


@pytest.mark.parametrize(
    "spaces", ["0x10000000", "0x00020000", "0x20000000", "0x40000000"], ids=["users", "files", "processes", "network"]
)
def test_new_namespaces(spaces):
    code = f"import ctypes, os\nl = ctypes.CDLL(None)\nassert l.unshare({spaces}) < 0\n"
    number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    assert became(code + f"assert l.syscall({number}, {spaces} | 17, 0, 0, 0, 0) < 0") == ("passed", "")


def test_no_powers():
    code = (
        "import ctypes, os\nl = ctypes.CDLL(None, use_errno=True)\n"
        "assert os.getuid() != 0 and os.getgroups() in ([], [os.getgid()], [65534])\n"
        "assert all(l.prctl(23, n, 0, 0, 0) == 0 for n in range(40))\n"  # PR_CAPBSET_READ
        "assert l.prctl(39, 0, 0, 0, 0) == 1\n"  # PR_GET_NO_NEW_PRIVS
        "for act in (lambda: os.setuid(0), lambda: os.chroot('/tmp'), lambda: os.mknod('a', 0o20600, 259)):\n"
        "    try: act()\n"
        "    except OSError: continue\n"
        "    raise AssertionError\n"
        "assert l.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None) < 0 and l.umount2(b'/tmp', 2) < 0\n"
    )
    assert became(code) == ("passed", "")


def test_the_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        code = (
            "import socket\n"
            f"for address in (('127.0.0.1', {server.getsockname()[1]}), ('1.1.1.1', 53), ('8.8.8.8', 443)):\n"
            "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
            "        with socket.socket(socket.AF_INET, kind) as s:\n"
            "            s.settimeout(1)\n"
            "            try: s.connect(address)\n"
            "            except OSError: continue\n"
            "            raise AssertionError(address)\n"
            "for family in (16, 17, 38, 40):\n"  # netlink, packets, the kernel's ciphers, hosts of virtual machines
            "    try: socket.socket(family, socket.SOCK_DGRAM)\n"
            "    except OSError: continue\n"
            "    raise AssertionError(family)\n"
        )
        assert became(code) == ("passed", "")
        with pytest.raises(TimeoutError):
            server.accept()


def test_abstract_sockets_of_the_machine(marker):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{marker}")
        server.listen()
        code = f"import socket\nsocket.socket(socket.AF_UNIX).connect('\\0{marker}')"
        assert "ConnectionRefusedError" in became(code)[1]


def test_writing_outside(marker):
    """Its own /tmp takes the file; nothing else does, and the machine sees none (the fixture looks)."""
    places = ["/", "/etc", "/dev", "/usr/lib", str(Path(os.__file__).parent), str(Path.home()), str(ROOT), "/var/tmp"]
    code = (
        f"import os\nfor place in {places}:\n"
        f"    for act in (lambda p: open(p, 'w'), os.mkdir, lambda p: os.symlink('/', p)):\n"
        f"        try: act(os.path.join(place, '{marker}'))\n"
        "        except OSError: continue\n"
        "        raise AssertionError(place)\n"
        f"open('/tmp/{marker}', 'w').close()\n"
        "for act in (lambda: os.remove(os.__file__), lambda: os.chmod(os.__file__, 0o777), lambda: os.rmdir('/etc')):\n"
        "    try: act()\n"
        "    except OSError: continue\n"
        "    raise AssertionError\n"
    )
    assert became(code) == ("passed", "")


def test_what_is_shown_cannot_be_written_to_by_anybody():
    """Whoever owns a file: the mounts themselves are read-only, and nothing in them gives powers."""
    code = (
        "import os\n"
        "for place in ('/', '/etc', '/usr/lib', os.path.dirname(os.__file__), '/dev', '/dev/null'):\n"
        "    flags = os.statvfs(place).f_flag\n"
        "    assert flags & os.ST_RDONLY and flags & os.ST_NOSUID, (place, flags)\n"
        "flags = os.statvfs('/tmp').f_flag\n"
        "assert flags & os.ST_NOSUID and flags & os.ST_NODEV and flags & os.ST_NOEXEC, flags\n"
    )
    assert became(code) == ("passed", "")


def test_reading_the_users_files(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the user's")
    secret.chmod(0o644)
    outside = [
        str(path) for path in (secret, tmp_path, ROOT, ROOT / "README.md", "/etc/passwd", "/proc/1/status", "/sys")
    ]
    code = (
        "import os\nfound = [p for p in %s if os.path.exists(p)]\nassert not found, found\n"
        "seen = set(os.listdir('/')) | set(os.listdir('/tmp'))\n"
        "assert os.listdir('/tmp') == [] and os.getcwd() == '/tmp', os.listdir('/tmp')\n"
    )
    assert became(code % outside) == ("passed", "")


def test_the_environment(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    code = "import os\nassert sorted(os.environ) == ['HOME', 'LANG', 'PATH', 'TMPDIR'], sorted(os.environ)\n"
    more = (
        "import ctypes\ne = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
        "i, a = 0, []\nwhile e[i]:\n    a.append(e[i]); i += 1\nassert not [x for x in a if b'TOKEN' in x], a\n"
    )
    assert became(code + more) == ("passed", "")


def test_descriptors_of_ours():
    with Path(__file__).open() as file:
        os.set_inheritable(file.fileno(), True)
        code = (
            "import os, stat\nheld = []\nfor n in range(64):\n"
            "    try: held.append(stat.S_IFMT(os.fstat(n).st_mode))\n"
            "    except OSError: pass\n"
            "assert held == [stat.S_IFCHR, *[stat.S_IFIFO] * 4], held\n"
        )
        assert became(code) == ("passed", "")
