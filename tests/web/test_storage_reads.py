"""Reads of charts: durable before the answer, many in one commit, never lost in silence."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from afterglow.clinic.audit import reads
from afterglow.clinic.audit.models import ChainHead, ReadBatch, ReadEvent
from afterglow.clinic.audit.reads import gathered, record_read
from afterglow.clinic.audit.verify import verify_reads
from tests.storage_support import NOW


def read(number: int) -> None:
    try:
        record_read(
            by=f"user{number % 4}",
            what="chart",
            subject=("people.patient", f"p{number}"),
            now=NOW + timedelta(seconds=number),
            patient=f"p{number}",
        )
        # another connection must see it by now
        assert ReadEvent.objects.filter(subject_id=f"p{number}").count() == 1
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_many_readers_are_committed_in_groups_and_each_is_durable_when_answered() -> None:
    with ThreadPoolExecutor(24) as pool:
        list(pool.map(read, range(96)))
    assert ReadEvent.objects.count() == 96
    assert ReadBatch.objects.count() < 96
    assert verify_reads() == ([], ReadBatch.objects.count())


@pytest.mark.django_db(transaction=True)
def test_a_reader_is_told_when_the_read_cannot_be_written() -> None:
    ChainHead.objects.create(name=reads.CHAIN, seal="f" * 64)
    with pytest.raises(Exception, match="altered"):
        record_read(by="nina", what="chart", subject=("people.patient", "p1"), now=NOW)
    assert ReadEvent.objects.count() == 0


def read_twice() -> None:
    for what in ("chart", "forecast"):
        record_read(by="nina", what=what, subject=("people.patient", "p1"), now=NOW, patient="p1")


def fail_after_reading() -> None:
    read_twice()
    raise LookupError


@pytest.mark.django_db(transaction=True)
def test_what_a_page_reads_is_one_batch_and_durable_before_it_is_answered() -> None:
    with gathered():
        read_twice()
    assert list(ReadEvent.objects.values_list("what", "place")) == [("chart", 0), ("forecast", 1)]
    assert ReadBatch.objects.count() == 1
    assert verify_reads() == ([], 1)


@pytest.mark.django_db(transaction=True)
def test_what_a_page_that_failed_had_read_stays_written_down() -> None:
    with pytest.raises(LookupError), gathered():
        fail_after_reading()
    assert ReadEvent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_page_whose_reads_cannot_be_written_is_not_answered() -> None:
    ChainHead.objects.create(name=reads.CHAIN, seal="f" * 64)
    with pytest.raises(Exception, match="altered"), gathered():
        read_twice()
    assert ReadEvent.objects.count() == 0


@pytest.mark.django_db
def test_a_read_inside_a_transaction_belongs_to_it() -> None:
    record_read(by="nina", what="chart", subject=("people.patient", "p1"), now=NOW, patient="p1")
    assert connection.in_atomic_block
    row = ReadEvent.objects.get()
    assert (row.by, row.what, row.subject_id, row.patient, row.batch.count) == ("nina", "chart", "p1", "p1", 1)
