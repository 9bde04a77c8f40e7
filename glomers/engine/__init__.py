"""From a command line to a store folder: the bench in a fork, or the real Maelstrom."""
