"""Makes a clinic in a folder with one empty session, and prints its identifier: `storage_seed.py DIR [URL]`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    from afterglow.clinic.setup import make_clinic

    recovery_key = make_clinic(sys.argv[1], url=sys.argv[2] if len(sys.argv) > 2 else "")

    from django.db import transaction

    from tests.storage_support import make_session

    with transaction.atomic():
        session = make_session(events=int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    print(session.pk)
    print(recovery_key)
