"""Filed documents: bytes once by their hash, for whom, by whom; an altered one is not handed out."""

from typing import Any

import pytest

from afterglow.clinic.documents import actions as documents
from afterglow.clinic.documents.models import Document, DocumentContent
from afterglow.clinic.errors import Denied, Refused
from afterglow.terms import InvalidInput
from tests.factories import NOW, Cast, make_patient


def file(cast: Cast, patient: Any, **changes: Any) -> Document:
    fields = {"kind": "laboratory", "title": "Liver tests", "body": b"%PDF-1.7", "by": cast.nurse, "now": NOW}
    return documents.file_document(patient=patient, **{**fields, **changes})


def test_the_same_bytes_are_kept_once(cast: Cast) -> None:
    patient = make_patient(cast)
    first, second = file(cast, patient), file(cast, patient, title="Again")
    assert first.content_id == second.content_id
    assert (Document.objects.count(), DocumentContent.objects.count()) == (2, 1)
    assert documents.read_document(second) == b"%PDF-1.7"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"kind": "diary"}, "kind"),
        ({"title": " "}, "title"),
        ({"media_type": "text/html"}, "media_type"),
        ({"body": b""}, "body"),
    ],
)
def test_what_cannot_be_filed_is_refused(cast: Cast, changes: dict[str, Any], path: str) -> None:
    patient = make_patient(cast)
    with pytest.raises(InvalidInput) as caught:
        file(cast, patient, **changes)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not DocumentContent.objects.exists()


@pytest.mark.parametrize("who", ["desk", "therapist", "stranger"])
def test_who_may_not_write_the_chart_files_nothing(cast: Cast, who: str) -> None:
    patient = make_patient(cast)
    with pytest.raises(Denied):
        file(cast, patient, by=getattr(cast, who))
    assert not Document.objects.exists()


def test_bytes_that_are_not_what_their_hash_says_are_not_handed_out(cast: Cast) -> None:
    document = file(cast, make_patient(cast))
    document.content.body = b"%PDF-1.8"
    with pytest.raises(Refused) as caught:
        documents.read_document(document)
    assert caught.value.code == "document-altered"
