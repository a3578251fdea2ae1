"""Integration, shared care, letters."""
