"""Afterglow runs a ketamine-therapy clinic, from referral to maintenance."""

__version__ = "0.1.0"
