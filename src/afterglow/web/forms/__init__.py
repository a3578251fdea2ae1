"""Forms: they read what was typed; the actions judge it."""
