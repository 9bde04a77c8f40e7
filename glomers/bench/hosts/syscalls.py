"""What the kernel refuses a node that is not trusted: whatever would reach beyond its own memory.

A node needs its three streams, its memory, and files to read.  So all that writes to files, starts
or signals processes, or opens sockets and shared memory fails with EPERM: that is what nodes could
hand each other values by, past the network of the bench.  The filter is one of seccomp(2), which
any process may put on itself, whether or not there are namespaces.
"""

from __future__ import annotations

import ctypes
import platform
import struct

from glomers.environment import IS_LINUX

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN = {"x86_64": 0, "aarch64": 1}
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
    "clone3": (435, 435),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "truncate": (76, 45),
    "creat": (85, None),
    "open": (2, None),
    "openat2": (437, 437),
    "open_by_handle_at": (304, 265),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "setpgid": (109, 154),
    "setsid": (112, 157),
    "ioprio_set": (251, 30),
    "prlimit64": (302, 261),
    "setrlimit": (160, 164),
    "flock": (73, 32),
}
"""The numbers on x86-64 and on 64-bit ARM, as in Linux's `unistd.h`."""
_OPENAT, _FCNTL = (257, 56), (72, 25)
_READ_ONLY = ~(0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000) & 0xFFFFFFFF
"""The flags of `openat` but those that write or make: the access mode, CREAT, TRUNC, APPEND, and
what makes a nameless file."""
_LOCKS = (6, 7, 37, 38, 1024, 1026)
"""What `fcntl` is asked for locks, leases and notes."""

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_X32 = 0x40000000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2

Step = tuple[int, int, int, int]
"""An instruction: code, how far to jump when true and when false, and a number."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def why_not_filtered() -> str | None:
    """What keeps this machine from refusing system calls; None when nothing does."""
    if not IS_LINUX or platform.machine() not in _AUDIT_ARCH:
        return f"system calls cannot be filtered on {platform.system()} {platform.machine()}"
    return None


def refuse_from_now_on() -> None:
    """Put the filter on this process, for good.

    Raises:
        OSError: when the kernel does not take it.
    """
    steps = b"".join(struct.pack("HBBI", *step) for step in _filter(platform.machine()))
    program = _Program(len(steps) // 8, steps)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_NO_NEW_PRIVILEGES, 1, 0), (_SECCOMP, _FILTER, ctypes.byref(program))):
        if libc.prctl(*arguments, 0, 0):
            raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def _filter(machine: str) -> list[Step]:
    column = _COLUMN[machine]
    steps = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _EPERM),
    ]
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    steps += _only_to_read(_OPENAT[column])
    steps += _without_locks(_FCNTL[column])
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _only_to_read(number: int) -> list[Step]:
    return [
        (_JUMP_EQUAL, 0, 5, number),
        (_LOAD, 0, 0, _ARGUMENTS_AT + 2 * 8),
        (_AND, 0, 0, ~_READ_ONLY & 0xFFFFFFFF),
        (_JUMP_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]


def _without_locks(number: int) -> list[Step]:
    tests: list[Step] = []
    for command in _LOCKS:
        tests += [(_JUMP_EQUAL, 0, 1, command), (_RETURN, 0, 0, _EPERM)]
    return [(_JUMP_EQUAL, 0, 1 + len(tests), number), (_LOAD, 0, 0, _ARGUMENTS_AT + 8), *tests]
