"""Bands of every instrument, typed from the instruments sheet: both edges of each, and the whole range."""

import re
from decimal import Decimal

import pytest

from afterglow.instruments import get_instrument, load_instruments, score_answers, score_total

BANDS = """
phq9: 0-4 minimal, 5-9 mild, 10-14 moderate, 15-19 moderately severe, 20-27 severe
phq8: 0-4 minimal, 5-9 mild, 10-14 moderate, 15-19 moderately severe, 20-24 severe
qids-sr16: 0-5 none, 6-10 mild, 11-15 moderate, 16-20 severe, 21-27 very severe
madrs: 0-6 normal, 7-19 mild, 20-34 moderate, 35-60 severe
madrs-s: 0-12 none or minimal, 13-19 mild, 20-34 moderate, 35-54 severe
hamd17: 0-7 none, 8-13 mild, 14-18 moderate, 19-22 severe, 23-52 very severe
bdi2: 0-13 minimal, 14-19 mild, 20-28 moderate, 29-63 severe
gad7: 0-4 minimal, 5-9 mild, 10-14 moderate, 15-21 severe
hama: 0-7 none, 8-14 mild, 15-23 moderate, 24-56 severe
lsas: 0-29 below the cut, 30-59 probable, 60-144 generalised
pdss: 0-7 below the cut, 8-28 clinical
cgi-s: 1-1 normal, 2-2 borderline, 3-3 mild, 4-4 moderate, 5-5 marked, 6-6 severe, 7-7 extreme
cgi-i: 1-3 better, 4-4 same, 5-7 worse
ybocs: 0-7 subclinical, 8-15 mild, 16-23 moderate, 24-31 severe, 32-40 extreme
oci-r: 0-20 below the cut, 21-72 cut reached
ymrs: 0-12 remission range, 13-19 above remission, 20-60 mania trial range
asrm: 0-5 below the cut, 6-20 cut reached
pq16: 0-5 below the cut, 6-16 cut reached
audit: 0-7 zone I, 8-15 zone II, 16-19 zone III, 20-40 zone IV
dast10: 0-0 none, 1-2 low, 3-5 moderate, 6-8 substantial, 9-10 severe
ciwa-ar: 0-7 mild, 8-15 moderate, 16-67 severe
isi: 0-7 none, 8-14 below threshold, 15-21 moderate, 22-28 severe
who5: 0-28 very low, 32-48 low, 52-100 not low
wsas: 0-9 low, 10-20 significant, 21-40 severe
moca: 0-25 below 26, 26-30 26 or more
icsi: 0-5 below the cut, 6-20 cut reached
icpi: 0-5 below the cut, 6-16 cut reached
bpic-ss: 0-18 below the cut, 19-38 cut reached
ipss: 0-7 mild, 8-19 moderate, 20-35 severe
msm: 3-6 mild, 7-10 moderate, 11-15 severe
aldrete: 0-8 below the leaving score, 9-10 leaving score reached
padss: 0-8 below the leaving score, 9-10 leaving score reached
moaas: 0-0 loss of consciousness, 1-2 deep sedation, 3-3 moderate sedation, 4-4 light sedation, 5-5 alert
"""
# whole range where there are no bands; the highest total is items times their highest answer
RANGES = """
phq2: 0-6
pcl5: 0-80
caps5: 0-80
peg: 0-10
nrs-pain: 0-10
mdq: 0-13
bprs4: 4-28
audit-c: 0-12
whodas12: 0-48
cadss: 0-92
cadss6: 0-24
prise: 0-9
meq30: 0-150
ebi: 0-100
athf-sf: 0-12
sds: 0-30
eq5d5l: -1-1
eq-vas: 0-100
dsst: 0-135
"""
ROW = re.compile(r"(-?\d+)-(\d+) ?(.*)")
# one scale without a total, judged on subscales in test_published_scores.py, and our own single ratings
WITHOUT = {"dass21", "bpi-sf", "c-ssrs-screener", "c-ssrs-since-contact", "asq", "taps", "kset", "kset-r", "fibser"}
OWN = {"nrs-anxiety", "nrs-dissociation"}


def read_rows(text):
    for line in text.strip().splitlines():
        name, _, parts = line.partition(": ")
        for part in parts.split(", "):
            low, high, label = ROW.fullmatch(part).groups()
            yield name, int(low), int(high), label or None


ALL = [*read_rows(BANDS), *read_rows(RANGES)]


def reach(instrument, total):
    """Return answers that come to a total: items are raised one after the other from their least contribution."""
    answers = {item.id: item.maximum if item.is_reversed else item.minimum for item in instrument.items}
    if score_answers(instrument, answers).total == total:
        return answers
    for item in instrument.items:
        values = [each.value for each in item.answers] or [
            Decimal(n) for n in range(int(item.minimum), int(item.maximum) + 1)
        ]
        for value in sorted(values, reverse=item.is_reversed):
            answers[item.id] = value
            if score_answers(instrument, answers).total == total:
                return answers
    raise AssertionError(f"{instrument.id} never comes to {total}")


@pytest.mark.parametrize(("name", "low", "high", "label"), ALL, ids=lambda each: str(each))
def test_both_edges_of_a_band(name, low, high, label):
    instrument = get_instrument(name)
    for total in (low, high):
        if instrument.scores:
            assert score_answers(instrument, reach(instrument, total)).band == label
        else:
            assert score_total(instrument, total).band == label


def test_each_instrument_stands_in_the_tables_with_its_whole_range():
    lowest, highest = {}, {}
    for name, low, high, _ in ALL:
        lowest[name] = min(low, lowest.get(name, low))
        highest[name] = max(high, highest.get(name, high))
    assert set(lowest) == set(load_instruments()) - WITHOUT - OWN
    for name in lowest:
        instrument = get_instrument(name)
        assert (instrument.total_minimum, instrument.total_maximum) == (lowest[name], highest[name]), name


@pytest.mark.parametrize(
    ("mean", "band"),
    [
        ("0", "none"), ("0.25", "between none and mild"), ("1", "mild"), ("4", "mild"),
        ("4.25", "between mild and moderate"), ("4.75", "between mild and moderate"), ("5", "moderate"),
        ("6.5", "between moderate and severe"), ("7", "severe"), ("10", "severe"),
    ],
)  # fmt: skip
def test_mean_pain_between_two_published_bands_is_put_into_neither(mean, band) -> None:
    """The source bands whole numbers; the severity is a mean of four answers."""
    assert get_instrument("bpi-sf").find_band("severity", Decimal(mean)) == band
