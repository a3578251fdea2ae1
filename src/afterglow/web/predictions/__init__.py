"""Predictions on the pages: what is asked of the worker for a plan and for a session, and how its answer is drawn."""
