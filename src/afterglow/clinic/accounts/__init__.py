"""Signing in: adapters of the sign-in library, delays after failures, second signer, idle lock."""
