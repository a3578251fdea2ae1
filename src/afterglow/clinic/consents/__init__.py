"""Consents: versioned texts, the recorded talk, signatures, expiry and withdrawal."""
