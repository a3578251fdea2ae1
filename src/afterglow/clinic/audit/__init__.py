"""Who did what, and who read what: chained rows that nobody can change unnoticed."""
