"""The timeline: what is drawn, what is said instead, and axes that do not jump."""

from afterglow.web.sessions.chart import Limit, Point, Pressure, Timeline, Word, draw_timeline
from afterglow.web.sessions.chart.draw import describe_timeline, list_table_rows
from afterglow.web.sessions.chart.scales import build_pressure_lane, build_time_axis


def build(**changes: object) -> Timeline:
    """Return a small timeline."""
    values: dict[str, object] = {
        "anchor_at": None,
        "now_minute": 23.2,
        "horizon_min": 104.0,
        "now_label": "now 10:25:10",
        "pressures": (Pressure(-5, 124, 78, at="09:57"), Pressure(22.5, 163, 96, True, "10:24")),
        "heart": (Point(0, 66, "10:02"), Point(22, 84, "10:24")),
        "resp": (Word(5, "14", at="10:07"), Word(15, "missed", True, "10:17")),
        "limits": (Limit("bp", 160, "systolic limit 160: pause", "above"),),
    }
    return Timeline(**{**values, **changes})  # type: ignore[arg-type]


def test_the_axis_stays_while_time_passes() -> None:
    first, later = build_time_axis(1, 104, -5), build_time_axis(101, 104, -5)
    assert first == later
    assert build_time_axis(103, 104, -5).last == 134


def test_the_pressure_lane_grows_in_whole_steps_only_when_a_value_leaves_it() -> None:
    assert build_pressure_lane([185, 40]) == build_pressure_lane([])
    assert build_pressure_lane([186]).high == 205
    assert build_pressure_lane([39]).low == 20


def test_limits_carry_their_words_and_missed_readings_are_drawn_as_missed() -> None:
    svg = draw_timeline(build())
    assert "systolic limit 160: pause" in svg
    assert ">missed</text>" in svg
    assert "now 10:25:10" in svg


def test_the_drawing_has_no_inline_style_and_escapes_words() -> None:
    svg = draw_timeline(build(limits=(Limit("bp", 160, "<b>&", "above"),)))
    assert "style=" not in svg
    assert "<b>" not in svg
    assert "&lt;b&gt;&amp;" in svg


def test_the_text_alternative_says_the_last_values_and_what_was_missed() -> None:
    said = describe_timeline(build())
    assert "last 163 over 96 at 10:24" in said
    assert "1 readings missed" in said


def test_the_table_has_one_row_per_measured_minute_in_order() -> None:
    rows = list_table_rows(build())
    assert [row["minute"] for row in rows] == [-5, 0, 5, 15, 22, 22]
    assert rows[0]["bp"] == "124/78"
    assert rows[3]["resp"] == "missed"
