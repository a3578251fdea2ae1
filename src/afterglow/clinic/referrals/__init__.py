"""Referrals: who was sent or asked to come, triage with response times, duplicates, decision and letter."""
