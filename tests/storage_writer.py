"""A process that appends to one session until it is killed, and says each number only after its commit.

Run as `python storage_writer.py DIR SESSION COUNT`; prints the pragmas of its connection first (SQLite).
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main(data_dir: str, session_id: str, count: int) -> None:
    from afterglow.clinic.setup import set_up_clinic

    set_up_clinic(data_dir)

    from django.db import connection

    from afterglow.clinic.actions import action
    from afterglow.clinic.audit import actions as audit
    from afterglow.clinic.chain import render_canonical
    from afterglow.clinic.dosing_sessions.links import Row, chain_rows, store_rows
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.sqlite import read_pragmas

    @action
    def append_one(*, n: int) -> int:
        session = Session.objects.select_for_update().get(pk=session_id)
        now = datetime.now(UTC)
        store_rows(
            session, chain_rows(session, [Row("vitals-recorded", 1, now, now, "nina", render_canonical({"n": n}))])
        )
        session.save()
        audit.record(by=None, action="test.appended", subject=session, now=now, detail={"seq": session.last_seq})
        return session.last_seq

    print(json.dumps(read_pragmas(connection) if connection.vendor == "sqlite" else {}), flush=True)
    for n in range(count):
        print(append_one(n=n), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
