"""Mail by SMTP, over TLS from the start or by STARTTLS; plain only to this machine itself."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate

from afterglow.clinic.notices.senders import Delivery, NotSent

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """One mail server and the address it sends from."""

    host: str
    port: int
    tls: str
    sender: str
    user: str = ""
    password: str = ""

    def send(self, delivery: Delivery) -> str:
        """Deliver one mail; once the text is on its way without an answer, nobody knows whether it arrived."""
        mail = self._write(delivery)
        with self._connect() as server:
            return self._hand_over(server, mail, delivery.to)

    def _write(self, delivery: Delivery) -> EmailMessage:
        mail = EmailMessage()
        try:
            mail["From"], mail["To"], mail["Subject"] = self.sender, delivery.to, delivery.message.subject
        except ValueError:
            raise NotSent("permanent", "address-malformed") from None
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = f"<{delivery.id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(delivery.message.text + "\n")
        return mail

    @contextmanager
    def _connect(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._open()
        except smtplib.SMTPAuthenticationError as error:
            raise NotSent("transient", f"smtp-{error.smtp_code}-sign-in") from None
        except ssl.SSLError:
            raise NotSent("transient", "tls-failed") from None
        except smtplib.SMTPException as error:
            raise NotSent("transient", type(error).__name__) from None
        except OSError as error:
            raise NotSent("transient", f"connect-{error.errno or 'timeout'}") from None
        try:
            yield server
        finally:
            server.close()

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        try:
            if self.tls == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, mail: EmailMessage, to: str) -> str:
        try:
            _judge("sender", *server.mail(self.sender))
            _judge("recipient", *server.rcpt(to))
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent("transient", type(error).__name__) from None
        try:
            code, _ = server.data(mail.as_bytes())
        except smtplib.SMTPDataError as error:
            raise NotSent(_class_of(error.smtp_code), f"smtp-{error.smtp_code}-data") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent("unsure", type(error).__name__) from None
        _judge("data", code, b"")
        return f"smtp-{code}"


def _judge(step: str, code: int, _answer: bytes) -> None:
    if code >= 400:
        raise NotSent(_class_of(code), f"smtp-{code}-{step}")


def _class_of(code: int) -> str:
    return "transient" if 400 <= code < 500 else "permanent"
