"""Where things are in the project, for tests and their helpers."""

from pathlib import Path

from glomers import challenges

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
MAELSTROM_RUNS = DATA / "maelstrom-runs"
"""Runs that were recorded with the real Maelstrom."""
STORE_SAMPLES = DATA / "store-samples"
MUTANTS = ROOT / "tests" / "mutants"
EXAMPLES = ROOT / "examples"
SOLUTIONS = challenges.SOLUTIONS
