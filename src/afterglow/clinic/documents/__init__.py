"""Documents: what was printed or filed, kept by the hash of its bytes."""
