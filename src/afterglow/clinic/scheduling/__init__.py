"""Scheduling: staff hours, blocked time, appointments, series, waiting list and calendar feeds."""
