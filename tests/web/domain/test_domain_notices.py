"""Messages: queued once, silent at night, sent by a real mail server and adapter, never twice, told truthfully."""

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from afterglow.clinic import secrets
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import SetupError
from afterglow.clinic.notices import actions as notices
from afterglow.clinic.notices.channels import build_senders, read_part
from afterglow.clinic.notices.models import Notice, NoticeAttempt
from afterglow.clinic.notices.senders import Delivery, NotSent
from afterglow.clinic.notices.senders.sms import HttpSender
from afterglow.clinic.notices.senders.smtp import SmtpSender
from afterglow.clinicday.messages import load_templates
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, make_patient

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
VISIT = NOW + DAY


@dataclass
class FakeSender:
    """Answers as told, one answer after another; keeps what it was given."""

    answers: list[Any] = field(default_factory=list)
    given: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery) -> str:
        self.given.append(delivery)
        answer = self.answers.pop(0) if self.answers else "ok"
        if isinstance(answer, Exception):
            raise answer
        return str(answer)


class MailHandler(socketserver.StreamRequestHandler):
    """One conversation of a small mail server (RFC 5321), with AUTH PLAIN and refusals by recipient."""

    def handle(self) -> None:
        server: Any = self.server
        self._say("220 mail.example ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self._say("250-mail.example\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                server.signed_in.append(base64.b64decode(line.split(" ")[2]).split(b"\x00")[1:])
                self._say("235 in")
            elif verb == "RCPT" and "nobody@" in line:
                self._say("550 no such box")
            elif verb == "RCPT" and "later@" in line:
                self._say("450 busy")
            elif verb == "DATA":
                self._say("354 go on")
                server.mails.append(self._read_mail())
                if server.is_silent:
                    return
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _read_mail(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def mail_server() -> Iterator[Any]:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailHandler)
    server.daemon_threads, server.mails, server.signed_in, server.is_silent = True, [], [], False
    with serving(server):
        yield server


class SmsHandler(BaseHTTPRequestHandler):
    """A small adapter: keeps what was posted, answers as told."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.posted.append((self.path, dict(self.headers), json.loads(body)))
        status = server.answers.pop(0) if server.answers else 202
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://127.0.0.1:{server.server_address[1]}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def adapter() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), SmsHandler)
    server.posted, server.answers = [], []
    with serving(server):
        yield server


@pytest.fixture
def patient(cast: Cast) -> Any:
    return make_patient(cast, phone="+43 660 1234567")


def queue(cast: Cast, patient: Any, **changes: Any) -> Notice:
    fields: dict[str, Any] = {"template": "reminder", "context": {"at": VISIT}, "by": cast.desk, "now": NOW}
    return notices.queue_notice(site=cast.site, patient=patient, **{**fields, **changes})


def want_mail(cast: Cast, patient: Any, address: str = "alder@example.org") -> None:
    for channel, is_allowed in (("sms", False), ("mail", True)):
        notices.record_wish(
            patient=patient, channel=channel, is_allowed=is_allowed, address=address if is_allowed else "",
            by=cast.desk, now=NOW,
        )  # fmt: skip


def test_a_real_mail_server_receives_the_mail(cast: Cast, patient: Any, mail_server: Any) -> None:
    want_mail(cast, patient)
    notice = queue(cast, patient)
    sender = SmtpSender("127.0.0.1", mail_server.server_address[1], "none", "clinic@example.org", "house", "a secret")
    assert [each.state for each in notices.send_due(now=NOW, senders={"mail": sender})] == ["sent"]
    mail = message_from_bytes(mail_server.mails[0], policy=policy.default)
    assert (mail["To"], mail["From"]) == ("alder@example.org", "clinic@example.org")
    assert mail["Subject"] == "Your visit on Tue 3 Mar"
    assert "you have a visit on Tue 3 Mar at 10:00" in mail.get_content()
    assert mail_server.signed_in == [[b"house", b"a secret"]]
    notice.refresh_from_db()
    assert (notice.state, notice.sealed, notice.shown_to) == ("sent", "", "a…@example.org")


@pytest.mark.parametrize(
    ("address", "outcome", "code"),
    [
        ("nobody@example.org", "permanent", "smtp-550-recipient"),
        ("later@example.org", "transient", "smtp-450-recipient"),
    ],
)
def test_a_mail_server_that_refuses_says_for_how_long(
    mail_server: Any, cast: Cast, patient: Any, address: str, outcome: str, code: str
) -> None:
    want_mail(cast, patient, address)
    queue(cast, patient)
    sender = SmtpSender("127.0.0.1", mail_server.server_address[1], "none", "clinic@example.org")
    notices.send_due(now=NOW, senders={"mail": sender})
    attempt = NoticeAttempt.objects.get()
    assert (attempt.outcome, attempt.code) == (outcome, code)
    assert mail_server.mails == []


def test_a_mail_whose_answer_never_came_is_not_sent_again(mail_server: Any, cast: Cast, patient: Any) -> None:
    mail_server.is_silent = True
    want_mail(cast, patient)
    notice = queue(cast, patient)
    sender = SmtpSender("127.0.0.1", mail_server.server_address[1], "none", "clinic@example.org")
    for hours in range(3):
        notices.send_due(now=NOW + hours * HOUR, senders={"mail": sender})
    notice.refresh_from_db()
    assert (notice.state, len(mail_server.mails)) == ("unsure", 1)


def test_a_server_that_is_not_there_is_tried_again_later(cast: Cast, patient: Any, mail_server: Any) -> None:
    port = mail_server.server_address[1]
    mail_server.shutdown()
    mail_server.server_close()
    want_mail(cast, patient)
    notice = queue(cast, patient)
    notices.send_due(now=NOW, senders={"mail": SmtpSender("127.0.0.1", port, "none", "clinic@example.org")})
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.send_after) == ("waiting", 1, NOW + MINUTE)


def test_the_adapter_gets_one_post_with_token_and_key(cast: Cast, patient: Any, adapter: Any) -> None:
    notice = queue(cast, patient)
    sender = HttpSender(f"http://127.0.0.1:{adapter.server_address[1]}/sms", "a token", "Clinic")
    notices.send_due(now=NOW, senders={"sms": sender})
    path, headers, body = adapter.posted[0]
    assert (path, headers["Authorization"], headers["Idempotency-Key"]) == ("/sms", "Bearer a token", notice.pk)
    assert (body["to"], body["from"], body["id"]) == ("+43 660 1234567", "Clinic", notice.pk)
    assert body["text"].startswith("Your clinic: you have a visit on Tue 3 Mar at 10:00.")
    notice.refresh_from_db()
    assert (notice.state, notice.shown_to) == ("sent", "…567")


@pytest.mark.parametrize(("status", "outcome"), [(503, "transient"), (429, "transient"), (400, "permanent"),
                                                  (500, "unsure"), (302, "permanent")])  # fmt: skip
def test_what_the_adapter_answers_is_classed(cast: Cast, patient: Any, adapter: Any, status: int, outcome: str) -> None:
    adapter.answers = [status]
    queue(cast, patient)
    sender = HttpSender(f"http://127.0.0.1:{adapter.server_address[1]}/sms", "a token")
    notices.send_due(now=NOW, senders={"sms": sender})
    assert NoticeAttempt.objects.get().outcome == outcome
    assert [path for path, _, _ in adapter.posted] == ["/sms"], "a token follows no redirection"


def test_one_key_is_one_message(cast: Cast, patient: Any) -> None:
    first = queue(cast, patient, key="reminder:1")
    assert queue(cast, patient, key="reminder:1", now=NOW + HOUR) == first
    sender = FakeSender()
    for minutes in range(3):
        notices.send_due(now=NOW + minutes * MINUTE, senders={"sms": sender})
    assert queue(cast, patient, key="reminder:1", now=NOW + HOUR).state == "sent"
    notices.send_due(now=NOW + HOUR, senders={"sms": sender})
    assert (len(sender.given), Notice.objects.count()) == (1, 1)


def test_what_fails_for_the_moment_is_tried_with_growing_waits_and_then_given_up(cast: Cast, patient: Any) -> None:
    notice, now = queue(cast, patient), NOW
    sender = FakeSender([NotSent("transient", "busy") for _ in range(9)])
    waits = []
    for _ in range(6):
        notices.send_due(now=now, senders={"sms": sender})
        notice.refresh_from_db()
        waits.append((notice.send_after - now) // MINUTE)
        assert notices.send_due(now=notice.send_after - MINUTE / 2, senders={"sms": sender}) == []
        now = notice.send_after
    assert (waits[:5], notice.state, notice.reason) == ([1, 5, 15, 60, 240], "failed", "busy")
    assert len(sender.given) == 6


def test_who_died_while_sending_leaves_a_message_nobody_sends_again(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient)
    Notice.objects.filter(pk=notice.pk).update(state="sending", claimed_at=NOW, attempts=1)
    sender = FakeSender()
    notices.send_due(now=NOW + 9 * MINUTE, senders={"sms": sender})
    notice.refresh_from_db()
    assert notice.state == "sending"
    notices.send_due(now=NOW + 11 * MINUTE, senders={"sms": sender})
    notice.refresh_from_db()
    assert (notice.state, notice.reason, sender.given) == ("unsure", "process-lost", [])


def test_a_fault_of_the_sender_is_not_repeated(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient)
    notices.send_due(now=NOW, senders={"sms": FakeSender([RuntimeError("broken")])})
    notice.refresh_from_db()
    assert (notice.state, notice.reason) == ("unsure", "RuntimeError")


def test_nothing_leaves_in_quiet_hours_but_what_is_urgent(cast: Cast, patient: Any) -> None:
    evening = NOW.replace(hour=21)
    quiet = queue(cast, patient, now=evening)
    # 08:00 in Vienna, the next day
    assert quiet.send_after == (NOW + DAY).replace(hour=7)
    notices.set_staff_contact(
        user=cast.nurse, site=cast.site, channel="sms", address="+43 1 2345678", by=cast.manager, now=NOW
    )
    notices.queue_notice(
        site=cast.site, template="task-climbed", user=cast.nurse, context={"at": NOW}, by=None, now=evening
    )
    sender = FakeSender()
    notices.send_due(now=evening, senders={"sms": sender})
    assert [delivery.to for delivery in sender.given] == ["+43 1 2345678"]


def test_quiet_hours_set_after_queueing_count_too(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient)
    notices.change_settings(
        site=cast.site, by=cast.manager, now=NOW, version=0, quiet_from=time(9), quiet_until=time(11, 30)
    )
    sender = FakeSender()
    notices.send_due(now=NOW, senders={"sms": sender})
    notice.refresh_from_db()
    assert (sender.given, notice.send_after) == ([], NOW.replace(hour=10, minute=30))
    notices.send_due(now=notice.send_after, senders={"sms": sender})
    assert len(sender.given) == 1


def test_a_reminder_is_not_sent_after_its_visit(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient, expires_at=VISIT)
    notices.send_due(now=VISIT, senders={"sms": FakeSender()})
    notice.refresh_from_db()
    assert (notice.state, notice.reason) == ("expired", "too-late")


def test_who_said_no_gets_nothing_and_the_log_says_why(cast: Cast, patient: Any) -> None:
    waiting = queue(cast, patient)
    notices.record_wish(patient=patient, channel="sms", is_allowed=False, by=None, now=NOW)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.sealed) == ("held", "opted-out", "")
    later = queue(cast, patient)
    assert (later.state, later.reason) == ("held", "opted-out")
    assert queue(cast, make_patient(cast, given_name="Birch")).reason == "no-address"


def test_what_waits_goes_where_the_person_is_reached_now(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient)
    notices.record_wish(
        patient=patient, channel="sms", is_allowed=True, address="+43 660 7654321", by=cast.desk, now=NOW
    )
    sender = FakeSender()
    notices.send_due(now=NOW + MINUTE, senders={"sms": sender})
    assert [delivery.to for delivery in sender.given] == ["+43 660 7654321"]
    notice.refresh_from_db()
    assert (notice.state, notice.shown_to) == ("sent", "…321")


def test_what_waits_for_a_number_that_was_taken_away_is_kept_back(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient)
    type(patient).objects.filter(pk=patient.pk).update(phone="")
    sender = FakeSender()
    notices.send_due(now=NOW + MINUTE, senders={"sms": sender})
    notice.refresh_from_db()
    assert (sender.given, notice.state, notice.reason) == ([], "held", "no-address")


def test_who_has_left_the_house_is_told_of_no_task(cast: Cast) -> None:
    notices.set_staff_contact(
        user=cast.nurse, site=cast.site, channel="sms", address="+43 1 2345678", by=cast.manager, now=NOW
    )
    told = {"template": "task-climbed", "user": cast.nurse, "context": {"at": NOW}, "by": None, "now": NOW}
    notice = notices.queue_notice(site=cast.site, **told)
    type(cast.nurse).objects.filter(pk=cast.nurse.pk).update(is_active=False)
    sender = FakeSender()
    notices.send_due(now=NOW + MINUTE, senders={"sms": sender})
    notice.refresh_from_db()
    assert (sender.given, notice.state) == ([], "held")


def test_free_words_have_no_way_into_a_message(cast: Cast, patient: Any) -> None:
    for context, code in (
        ({"at": VISIT, "text": "your ketamine infusion"}, "context-unknown"),
        ({"at": "tomorrow"}, "instant-without-zone"),
        ({}, "context-missing"),
    ):
        with pytest.raises(InvalidInput) as refused:
            queue(cast, patient, context=context)
        assert code in {problem.code for problem in refused.value.problems}
    with pytest.raises(InvalidInput) as refused:
        queue(cast, patient, template="checkin", context={"at": VISIT, "link": "javascript:alert(1)"})
    assert refused.value.problems[0].code == "link-malformed"
    assert Notice.objects.count() == 0


def test_no_text_names_a_treatment_a_drug_or_an_illness() -> None:
    words = "ketamin depress psych session sesión infus dose dosis treatment tratamiento therap terap medic bladder"
    for template in load_templates().values():
        for text in (*template.text.values(), *template.subject.values()):
            plain = text.casefold().replace("emergency", "").replace("emergencias", "")
            assert not [word for word in words.split() if word in plain], template.id


def test_address_and_words_rest_encrypted_and_leave_no_trace_in_the_audit(cast: Cast, patient: Any) -> None:
    link = "https://clinic.example/checkin/a-secret-token/"
    notice = queue(cast, patient, template="checkin", context={"at": VISIT, "link": link})
    assert "1234567" not in notice.sealed
    sender = FakeSender()
    notices.send_due(now=NOW, senders={"sms": sender})
    assert link in sender.given[0].message.text
    told = b"".join(bytes(row.detail) for row in AuditEvent.objects.all())
    assert b"1234567" not in told
    assert b"a-secret-token" not in told


def test_a_channel_that_is_off_is_said_in_the_log(cast: Cast, patient: Any) -> None:
    notice = queue(cast, patient)
    notices.send_due(now=NOW, senders={})
    notice.refresh_from_db()
    assert (notice.state, notice.reason) == ("held", "channel-off")


def test_messages_are_spoken_in_the_patients_language(cast: Cast, patient: Any) -> None:
    patient.language = "es"
    patient.save()
    sender = FakeSender()
    queue(cast, patient)
    notices.send_due(now=NOW, senders={"sms": sender})
    assert sender.given[0].message.text.startswith("Su clínica: tiene una visita el mar 3 mar a las 10:00.")


def test_what_is_called_back_does_not_leave(cast: Cast, patient: Any) -> None:
    queue(cast, patient, key="reminder:1")
    assert notices.cancel_notices(keys=["reminder:1", "reminder:2"], by=cast.desk, now=NOW) == 1
    sender = FakeSender()
    notices.send_due(now=NOW, senders={"sms": sender})
    assert sender.given == []


def test_senders_are_read_from_the_folder_and_secrets_from_files(tmp_path: Path) -> None:
    secrets.make_secrets(tmp_path)
    (tmp_path / "clinic.toml").write_text(
        '[clinic]\nmode = "clinic"\n[notices]\nmail = "smtp"\nsmtp_host = "mail.example"\nsmtp_user = "house"\n'
        'mail_from = "clinic@example.org"\nsms = "http"\nsms_url = "https://sms.example/send"\n',
        encoding="utf-8",
    )
    part = read_part(tmp_path)
    with pytest.raises(SetupError, match=r"smtp\.password"):
        build_senders(part, tmp_path, is_demonstration=False)
    secrets.write_secret(tmp_path, "smtp.password", "a secret")
    secrets.write_secret(tmp_path, "sms.token", "a token")
    senders: Any = build_senders(part, tmp_path, is_demonstration=False)
    assert (senders["mail"].password, senders["mail"].port, senders["sms"].token) == ("a secret", 587, "a token")
    assert all(
        type(each).__name__ == "ConsoleSender" for each in build_senders(part, tmp_path, is_demonstration=True).values()
    )


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"mail": "smtp", "smtp_host": "mail.example", "mail_from": "a@b.c", "smtp_tls": "none"}, "this machine alone"),
        ({"mail": "smtp"}, "smtp_host"),
        ({"mail": "pigeon"}, "pigeon"),
        ({"sms": "http", "sms_url": "http://sms.example/send"}, "https"),
    ],
)
def test_senders_that_would_speak_in_the_open_are_refused(tmp_path: Path, part: dict[str, Any], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        build_senders(part, tmp_path, is_demonstration=False)
