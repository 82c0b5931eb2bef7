"""Ends the process groups of an owner that died. Run as a script of its own, with the standard library alone.

Reads lines from standard input, `+ <pid> <signal>` to watch and `- <pid>` to forget. At the end of file the owner is
gone, by exit or by SIGKILL: every watched group leader gets its signal, and after a grace period the group is killed.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 10.0


def watched() -> dict[int, int]:
    """Read until the owner's end of the pipe closes; returns what is still watched, oldest first."""
    groups: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["+", pid, number]:
                groups[int(pid)] = int(number)
            case ["-", pid]:
                groups.pop(int(pid), None)
            case _:
                print(f"Expected '+ <pid> <signal>' or '- <pid>' but got {line!r}", file=sys.stderr)
    return groups


def send(pid: int, number: int, *, group: bool) -> bool:
    """True if somebody was there to receive the signal."""
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Wait for the owner's death, then end its children: the youngest first, they depend on the older ones."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups = watched()
    left = [pid for pid, number in reversed(groups.items()) if send(pid, number, group=False)]
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = [pid for pid in left if send(pid, 0, group=False)]
    for pid in groups:
        send(pid, signal.SIGKILL, group=True)


if __name__ == "__main__":
    main()
