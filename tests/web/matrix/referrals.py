"""Requests of referrals: an open one, a likely double, a paused, a declined and an accepted one."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from afterglow.clinic.referrals import actions as referrals
from afterglow.clinic.referrals.models import PossibleMatch, Referral, ReferralPaper, ToldEntry
from tests.web.matrix.ask import Ask

OBJECTS = {"referral_id", "paper_id"}
# a search and a letter set for printing store nothing
OWN = {("web:referrals", "POST"), ("web:referral-letter", "GET")}
PERSON = {"given_name": "Rowana", "asks": "Resistant depression", "birth_on": "1971-02-03", "phone": "0660 7778881"}
TOLD = {**PERSON, "family_name": "Fernova", "trial_1_drug": "Sertraline", "phq9_total": "20", "phq9_item9": "1"}
WORDS = {"reason": "No adequate trial yet", "other_help": "The family doctor, and therapy"}


def furnish(house: Any) -> None:
    """Add the referrals that the pages show."""
    given: dict[str, Any] = {"site": house.cast.site, "source": "fax", "by": house.cast.nurse, "now": house.now}
    first = referrals.receive_referral(answers=TOLD, **given)
    referrals.keep_paper(
        referral=first,
        title="Letter",
        body=b"%PDF-1.7",
        media_type="application/pdf",
        by=house.cast.nurse,
        now=house.now,
    )
    alike = {"family_name": house.birch.family_name, "given_name": house.birch.given_name, "asks": "Asks again"}
    referrals.receive_referral(answers={**alike, "birth_on": house.birch.birth_on.isoformat()}, **given)
    paused = referrals.receive_referral(answers={**_vary("Pausova", 1961)}, **given)
    until = timezone.localdate() + timedelta(days=30)
    referrals.take(referral=paused, by=house.cast.nurse, now=house.now)
    referrals.pause(referral=paused, until=until, reason="moving", by=house.cast.nurse, now=house.now)
    declined = referrals.receive_referral(answers=_vary("Declinova", 1951), **given)
    referrals.decline_referral(referral=declined, by=house.cast.owner, now=house.now, **WORDS)
    accepted = referrals.receive_referral(answers={**_vary("Acceptova", 1941), "aneurysm": "no"}, **given)
    referrals.accept_referral(referral=accepted, by=house.cast.nurse, now=house.now)


def _vary(family_name: str, year: int) -> dict[str, str]:
    return {"family_name": family_name, "given_name": f"Z{year}", "birth_on": f"{year}-10-30", "asks": "Asks"}


def build_parts(house: Any) -> dict[str, str]:
    """Return the open referral and its letter."""
    paper = ReferralPaper.objects.filter(kind="received").first()
    return {"referral_id": _find("Fernova"), "paper_id": paper.pk if paper else "0" * 20}


def _find(name: str) -> str:
    found = Referral.objects.filter(family_name=name).order_by("received_at").first()
    return found.pk if found is not None else "0" * 20


def _act(act: str, /, name: str = "Fernova", **fields: Any) -> Any:
    return lambda house: Ask({"act": act, **fields}, parts={"referral_id": _find(name)})


def _match(act: str) -> Any:
    def build(house: Any) -> Ask:
        match = PossibleMatch.objects.filter(patient=house.birch).first()
        parts = {"referral_id": match.referral_id} if match else {}
        return Ask({"act": act, "match": match.pk if match else ""}, parts=parts)

    return build


def _prefixed(prefix: str, **fields: str) -> dict[str, str]:
    return {f"{prefix}-{name}": value for name, value in fields.items()}


def _told(act: str) -> Any:
    def build(house: Any) -> Ask:
        told = ToldEntry.objects.select_related("patient").first()
        return Ask({"act": act, "told": told.pk}, parts={"patient_id": told.patient_id}) if told else Ask()

    return build


def _until(house: Any) -> Ask:
    day = (timezone.localdate() + timedelta(days=20)).isoformat()
    return Ask({"act": "pause", **_prefixed("pause", until=day, reason="away")})


ASKS = {
    ("web:referrals", "POST"): lambda house: Ask({"q": "fern"}),
    ("web:referral-enter", "POST"): lambda house: Ask({**_vary("Neuova", 1972), "source": "phone"}),
    ("web:referral-answers", "POST"): lambda house: Ask({**TOLD, "alcohol": "never", "version": "1"}),
    ("web:referral-call", "POST"): lambda house: Ask({"outcome": "reached", "text": "spoken"}),
    ("web:referral-letter", "GET"): lambda house: Ask(parts={"referral_id": _find("Declinova")}),
    ("web:referral", "POST take"): _act("take"),
    ("web:referral", "POST hand-back"): _act("hand-back", "Pausova"),
    ("web:referral", "POST resume"): _act("resume", "Pausova"),
    ("web:referral", "POST ask"): _act("ask", item="allergies", whom="doctor"),
    ("web:referral", "POST step"): _act("step", rule="I-6"),
    ("web:referral", "POST same"): _match("same"),
    ("web:referral", "POST different"): _match("different"),
    ("web:referral", "POST ask-same"): _match("ask-same"),
    ("web:referral", "POST accept"): _act("accept"),
    ("web:referral", "POST ask-first"): _act("ask-first", **_prefixed("ask", whom="doctor")),
    ("web:referral", "POST decline"): _act("decline", **_prefixed("decline", **WORDS)),
    ("web:referral", "POST reopen"): _act("reopen", "Declinova", reason="A trial was found"),
    ("web:referral", "POST urgency"): _act("urgency", **_prefixed("urgency", urgency="urgent", reason="worse")),
    ("web:referral", "POST pause"): _until,
    ("web:referral", "POST note"): _act("note", **_prefixed("note", text="Asked again")),
    ("web:patient-told", "POST confirm"): _told("confirm"),
    ("web:patient-told", "POST wrong"): _told("wrong"),
}
