"""Screening: findings frozen as they were seen, what was overridden, and the decision."""
