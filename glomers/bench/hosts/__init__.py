"""What a node runs in: a namespace of the bench's own process, or a process of its own.

Processes run in virtual time, in lockstep with the bench, or on the real clock.  What the former
need, `glomers.bench.hosts.lockstep`, cannot be imported everywhere, and is not here.
"""

from glomers.bench.hosts.host import (
    Host,
    HostInVirtualTime,
    NodeLog,
    Outgoing,
    Silenced,
    console_echo,
)
from glomers.bench.hosts.process import ProcessHost
from glomers.bench.hosts.recorded_host import RecordedHost
from glomers.bench.hosts.virtual import VirtualHost

__all__ = [
    "Host",
    "HostInVirtualTime",
    "NodeLog",
    "Outgoing",
    "ProcessHost",
    "RecordedHost",
    "Silenced",
    "VirtualHost",
    "console_echo",
]
