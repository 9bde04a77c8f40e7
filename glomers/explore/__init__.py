"""Exploration: thousands of seeds, what they show, and failures made small enough to be read."""
