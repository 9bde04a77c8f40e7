"""The embedded, Maelstrom-compatible test bench."""
