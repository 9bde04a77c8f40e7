"""The batch: execute the notebooks, export HTML, check that notebooks and package agree."""
