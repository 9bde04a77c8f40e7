"""Distributed systems taught through the Gossip Glomers challenges."""

__version__ = "0.1.0"
