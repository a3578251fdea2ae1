"""Tasks: everything with a due time and an owner, escalation, the on-call roster and surveillance."""
