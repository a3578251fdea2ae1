"""Dose finding: what reaches a chosen level or effect within the caller's limits, and two options side by side."""
