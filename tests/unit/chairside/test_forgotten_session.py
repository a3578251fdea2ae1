"""A session that nobody ended must stay cheap to show: its missed readings are told by their first day."""

from tests.support.rooms import Room


def test_a_session_left_open_for_a_month_lists_a_day_of_missed_readings() -> None:
    day, month = Room().start(), Room().start()
    day.wait(minutes=26 * 60)
    month.wait(minutes=30 * 24 * 60)
    missed = [[due for due in room.view["due"] if due["state"] == "missed"] for room in (day, month)]
    assert missed[0]
    assert len(missed[1]) <= len(missed[0])
    assert any(due["state"] == "overdue" for due in month.view["due"])
