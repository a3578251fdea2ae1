"""Referrals: the queue, the intake form of staff."""
