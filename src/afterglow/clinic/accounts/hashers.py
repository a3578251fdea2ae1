"""How passwords are hashed while developing: the same algorithm, at a cost that tests can pay many times."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2 with the least cost; only a scratch folder uses it, never a clinic."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1
