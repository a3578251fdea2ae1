"""The schedule: day, week, series, waiting list, booking."""
