"""The floor board, its stream, and what is recorded on it."""
