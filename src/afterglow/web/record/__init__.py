"""The printed record: a projection of a session's events onto paper, and the blank sheets for a downtime."""
