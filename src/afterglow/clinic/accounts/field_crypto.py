"""Encryption of single fields at rest: AES-GCM under a key outside the database, bound to where the text lies."""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from afterglow.clinic.errors import SetupError

PREFIX = "v1:"
NONCE_BYTES = 12


def encrypt_field(text: str, context: str) -> str:
    """Return a text encrypted for one place; the context (table and column) must be the same to decrypt."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_derive_key()).encrypt(nonce, text.encode("utf-8"), context.encode("utf-8"))
    return PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode("ascii")


def decrypt_field(sealed: str, context: str) -> str:
    """Return the text of an encrypted field; the inverse of `encrypt_field`."""
    if not sealed.startswith(PREFIX):
        raise SetupError("a field that must be encrypted is not")
    content = base64.urlsafe_b64decode(sealed.removeprefix(PREFIX))
    try:
        plain = AESGCM(_derive_key()).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], context.encode("utf-8"))
    except InvalidTag:
        raise SetupError("an encrypted field was altered, or the field key is not the one it was made with") from None
    return plain.decode("utf-8")


def _derive_key() -> bytes:
    return hashlib.sha256(b"afterglow field " + settings.FIELD_KEY).digest()
