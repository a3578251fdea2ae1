"""The session page: what is seen and recorded at the chairside, live and without script."""
