"""What Ctrl-C does to a command: while modules are imported it ends at once, afterwards in order.

An exception in the midst of an import may be swallowed there, or break what is imported.  This
module itself imports next to nothing, so that it can be asked first.
"""

import signal


def end_at_once() -> None:
    """Leave Ctrl-C to the system, unless whoever started the process wants none.

    Nothing is said, and a shell sees `errors.py: EXIT_INTERRUPTED` as it does later.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_in_order() -> None:
    """Let Ctrl-C and a polite signal to end raise KeyboardInterrupt from now on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt
