"""The floor of today: named nurses, presence, opening checks, help calls."""
