"""One node program for each version of a challenge."""
