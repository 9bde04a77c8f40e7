"""Exercises: what learners are given, and whether what they write keeps its promises."""
