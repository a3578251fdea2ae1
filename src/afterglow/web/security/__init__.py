"""Sign-ins, passkeys, break-glass and its review."""
