"""The real Maelstrom on this machine: where it is, how it gets here, how it starts a node."""
