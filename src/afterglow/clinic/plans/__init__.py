"""Plans and the orders of single sessions: drafted, signed, superseded, never edited."""
