"""What a run's history, messages and logs mean, in words."""
