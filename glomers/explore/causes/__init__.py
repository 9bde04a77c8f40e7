"""How each anomaly came about, told from a run's history and messages.

A cause is a sentence about one case, and the messages that decided it: those that the sentence
speaks of, and no bystanders.
"""
