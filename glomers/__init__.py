"""Distributed systems taught through the Gossip Glomers challenges.

What others may import, and what stays as it is from one version to the next:

- a node's program: `glomers.node` (the runtime, and what a handler may and may not do),
  `glomers.kv` (clients of the key-value services), `glomers.link` (batches between two nodes),
  `glomers.ring` (consistent hashing) and `glomers.protocol` (error codes, JSON).  They need the
  standard library alone, and are quicker with orjson;
- a notebook: `glomers.lab` (run a test, read what it left, draw it);
- scripts and continuous integration: the command line, with its exit statuses and `--json`.

All other modules are the project's own, and may change; docs/architecture.md shows them around.
"""

__all__ = ["__version__", "kv", "lab", "link", "node", "protocol", "ring"]

__version__ = "0.1.0"
