"""Tasks, on-call roster, surveillance."""
