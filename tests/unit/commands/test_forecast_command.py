"""`afterglow forecast`: JSON and text out, too little data as an answer, bad input refused with nothing printed."""

import copy
import io
import json
import subprocess
import sys
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from afterglow.cli import main

FIRST = date(2026, 5, 20)
SESSIONS = (0, 3, 7, 10, 14, 17, 38, 59)
SCORES = [(-2, 20), (5, 14), (12, 9), (19, 4), (30, 3), (37, 4), (44, 3), (51, 2), (58, 4)]


def build_file(scores=SCORES, sessions=SESSIONS, as_of: int = 61, **more) -> dict:
    """Return a course file with a score of item 9 and nothing open."""

    def name(day: int) -> str:
        return (FIRST + timedelta(days=day)).isoformat()

    content = {
        "as_of": name(as_of),
        "zone": "Europe/Zurich",
        "instrument": "phq9",
        "protocol": "iv-racemic",
        "indication": "trd",
        "weight_kg": 70,
        "scores": [{"at": name(day), "value": value} for day, value in scores],
        "sessions": [{"at": name(day), "dose_mg": 35} for day in sessions],
        "suicide_answers": [{"at": name(min(58, as_of)), "instrument": "phq9", "level": 0}],
        "open_topics": [],
    }
    return content | more


@pytest.fixture
def ask(tmp_path, capsys):
    """Return a function that runs the command on a file: status, standard output, standard error."""

    def run(content, *arguments: str):
        path = tmp_path / "course.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        status = main(["forecast", str(path), *arguments])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_the_published_shape(ask) -> None:
    status, out, _ = ask(build_file(), "--json")
    answer = json.loads(out)
    assert (status, answer["status"], answer["instrument"], answer["scale"]) == (0, "forecast", "phq9", "PHQ-9")
    assert answer["as_of"] == "2026-07-20"
    score = answer["score"]
    assert score["dates"][0] == "2026-07-21"
    assert len({len(column) for column in score.values()}) == 1
    for row in zip(*(score[name] for name in ("p5", "p25", "p50", "p75", "p95")), strict=True):
        assert list(row) == sorted(row)
    shares = [row["probability"] for row in answer["relapse"]["by"]]
    assert shares == sorted(shares)
    assert answer["relapse"]["rule"]["id"] == "phq9-10-twice"
    assert 0 < answer["similar"]["comparable"] <= answer["similar"]["drawn"]
    advice = answer["next_treatment"]
    assert advice["status"] in ("advice", "not-separated")
    assert (advice["protocol"], advice["phase"], advice["present_interval_d"]) == ("iv-racemic", "maintenance", 21)
    assert [row["interval_d"] for row in advice["options"]] == [14, 21, 28, 42, 56, None]
    assert [row["name"] for row in advice["visit_costs"]] == ["low", "middle", "high"]
    assert advice["window"]["from"] <= advice["window"]["to"]
    assert all(row["source"] and row["grade"] for row in [*advice["basis"], *advice["loss"], *answer["basis"]])


def test_text_says_it_of_similar_courses_and_names_the_bands(ask) -> None:
    status, out, _ = ask(build_file())
    assert status == 0
    assert "of 4000 virtual patients resemble this course." in out
    assert "similar courses have relapsed by" in out
    assert "no past patients were given" in out
    assert "Next treatment:" in out
    assert "decides nothing" in out
    assert "you have" not in out.lower()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sessions": []}, "no-session"),
        ({"scores": []}, "no-score"),
        ({"scores": [{"at": "2026-05-18", "value": 20}]}, "no-score"),
        ({"as_of": "2026-10-01"}, "score-too-old"),
        ({"instrument": "gad7"}, "scale-not-modelled"),
        ({"sessions": [{"at": "2026-05-20"}]}, "dose-unknown"),
        ({"protocol": None, "drug": "racemic", "route": "inhaled"}, "route-not-modelled"),
    ],
)
def test_too_little_data_is_a_plain_answer_with_its_reason(ask, changes, code: str) -> None:
    content = build_file() | changes
    status, out, _ = ask(content, "--json")
    answer = json.loads(out)
    assert (status, answer["status"], answer["code"]) == (0, "not-enough-data", code)
    assert answer["reason"]
    assert answer["score"] is None
    advice = answer["next_treatment"]
    assert (advice["status"], advice["suggested_interval_d"], advice["window"]) == ("no-advice", None, None)
    status, out, _ = ask(content)
    assert status == 0
    assert "Not enough data for a forecast" in out


def test_without_a_protocol_there_is_a_forecast_and_no_advice(ask) -> None:
    status, out, _ = ask(
        build_file(protocol=None, indication=None, drug="racemic", route="iv", duration_min=40), "--json"
    )
    answer = json.loads(out)
    assert (status, answer["status"], answer["next_treatment"]["code"]) == (0, "forecast", "no-protocol")


def test_induction_and_the_labels_fixed_weeks_leave_no_choice(ask) -> None:
    _, out, _ = ask(build_file(SCORES[:3], SESSIONS[:5], 15), "--json")
    advice = json.loads(out)["next_treatment"]
    assert (advice["status"], advice["code"], advice["phase"]) == ("no-advice", "schedule-fixed", "induction")
    sessions = (0, 3, 7, 10, 14, 17, 21, 24, 28, 35)
    spray = build_file(SCORES[:6], sessions, 38, protocol="nasal-esketamine-us")
    spray["sessions"] = [{**row, "dose_mg": 84} for row in spray["sessions"]]
    _, out, _ = ask(spray, "--json")
    assert json.loads(out)["next_treatment"]["phase"] == "weekly"


def test_the_spray_chooses_between_weekly_and_every_two_weeks(ask) -> None:
    sessions = (0, 3, 7, 10, 14, 17, 21, 24, 28, 35, 42, 49, 63, 77)
    scores = [*SCORES, (65, 6), (72, 5), (77, 7)]
    spray = build_file(scores, sessions, 78, protocol="nasal-esketamine-us")
    spray["sessions"] = [{**row, "dose_mg": 84} for row in spray["sessions"]]
    status, out, _ = ask(spray, "--json")
    advice = json.loads(out)["next_treatment"]
    assert status == 0
    assert [row["interval_d"] for row in advice["options"]] == [7, 14, None]
    assert advice["present_interval_d"] == 14


def test_a_sudden_turn_is_found_without_a_forecast(ask) -> None:
    content = build_file([*SCORES, (60, 26)])
    content["suicide_answers"].append({"at": "2026-07-19", "instrument": "phq9", "level": 3})
    status, out, _ = ask(content, "--json")
    answer = json.loads(out)
    assert (status, answer["code"]) == (0, "contradicted")
    assert {"NT-2", "NT-3"} <= {row["rule"] for row in answer["next_treatment"]["findings"]}


@pytest.mark.parametrize(
    ("dose", "accepted"),
    [(350, "7 to 70 mg (iv-racemic, 70 kg)"), (3, "7 to 70 mg (iv-racemic, 70 kg)"), (35, None), (70, None)],
)
def test_a_dose_that_its_protocol_does_not_have_is_told_with_what_it_does(ask, dose, accepted) -> None:
    content = build_file()
    content["sessions"][3]["dose_mg"] = dose
    status, out, _ = ask(content, "--json")
    answer = json.loads(out)
    found = [row for row in answer["problems"] if row["code"] == "dose-outside-range"]
    assert (status, answer["status"]) == (0, "forecast")
    assert [(row["path"], row["value"], row["severity"], row["accepted"]) for row in found] == (
        [] if accepted is None else [("sessions[3].dose_mg", dose, "warning", accepted)]
    )
    if found:
        assert "extrapolated" in found[0]["message"]
        _, _, err = ask(content)
        assert "warning: sessions[3].dose_mg" in err


def test_without_a_protocol_every_one_of_the_drug_and_route_counts(ask) -> None:
    """Infusions of racemic ketamine: up to 200 mg in the protocol of chronic pain."""
    bare = {"protocol": None, "indication": None, "drug": "racemic", "route": "iv", "duration_min": 40}
    for dose, many in ((180, 0), (350, 1)):
        content = build_file(**bare)
        content["sessions"][0]["dose_mg"] = dose
        _, out, _ = ask(content, "--json")
        assert sum(row["code"] == "dose-outside-range" for row in json.loads(out)["problems"]) == many


def test_no_score_before_the_first_session_is_told_with_what_it_does(ask) -> None:
    _, out, _ = ask(build_file(scores=SCORES[1:]), "--json")
    answer = json.loads(out)
    found = [row for row in answer["problems"] if row["code"] == "baseline-missing"]
    assert answer["status"] == "forecast"
    assert [(row["path"], row["severity"]) for row in found] == [("scores", "warning")]
    assert "leans on the later scores alone" in found[0]["message"]
    _, out, _ = ask(build_file(), "--json")
    assert "baseline-missing" not in out


def test_four_choices_are_always_printed_each_open_or_with_its_reason(ask) -> None:
    induction = build_file(SCORES[:3], SESSIONS[:5], 15)
    for content in (build_file(), induction, build_file(sessions=[], scores=[])):
        _, out, _ = ask(content, "--json")
        choices = json.loads(out)["next_treatment"]["choices"]
        assert [row["action"] for row in choices] == ["stretch", "continue", "shorten", "stop"]
        assert all(row["open"] or row["reasons"] for row in choices)
    _, out, _ = ask(induction)
    line = next(row for row in out.splitlines() if row.strip().startswith("stretch"))
    assert "not weighed; Induction, 6 sessions, 2 a week: the schedule of this phase leaves no choice" in line
    assert "[CANMAT-21, row R-IV; V2]" in line


def test_what_is_not_open_has_no_figure(ask) -> None:
    _, out, _ = ask(build_file(open_topics=["bladder"]))
    line = next(row for row in out.splitlines() if row.strip().startswith("shorten, 14 d"))
    words = "not open: Long-term safety: bladder. [SITE, next treatment, clinic requirements 36 and 37; P]"
    assert line.split("14 d")[1].strip() == words


def test_a_window_that_is_over_is_overdue_since_its_last_day(ask) -> None:
    content = build_file(as_of=100, scores=[*SCORES, (95, 4)])
    _, out, _ = ask(content, "--json")
    window = json.loads(out)["next_treatment"]["window"]
    assert window["overdue_since"] < window["from"] == window["to"] == json.loads(out)["as_of"]
    assert window["due"] <= window["overdue_since"]
    _, out, _ = ask(content)
    assert f"was due {window['due']}: overdue since {window['overdue_since']}" in out


def test_what_it_is_made_from_and_what_was_left_out(ask) -> None:
    _, out, _ = ask(build_file(scores=[(-20, 23), *SCORES]), "--json")
    made = json.loads(out)["made_from"]
    assert [row["baseline"] for row in made["scores"]] == [True, *[False] * 8]
    assert [(row["value"], row["why"]) for row in made["left_out"]] == [(23.0, "before the baseline")]
    assert len(made["sessions"]) == len(SESSIONS)


def test_an_alert_that_stands_is_named_and_blocks_a_longer_interval(ask) -> None:
    alert = {"at": "2026-07-18T09:30:00+02:00", "instrument": "phq9", "seen": "item 9 = 3"}
    _, out, _ = ask(build_file(open_alerts=[alert]), "--json")
    advice = json.loads(out)["next_treatment"]
    found = next(row for row in advice["findings"] if row["rule"] == "NT-2")
    assert (found["title"], found["severity"]) == ("Suicide alert not assessed", "caution")
    assert found["seen"] == "phq9: item 9 = 3, 2026-07-18, not assessed"
    longer = [row for row in advice["options"] if (row["interval_d"] or 0) > advice["present_interval_d"]]
    assert longer
    assert not any(row["allowed"] for row in longer)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda c: c.update(as_of="yesterday"), "as_of"),
        (lambda c: c.update(zone="Mars/Olympus"), "zone"),
        (lambda c: c.update(zone="../etc/passwd"), "zone"),
        (lambda c: c.update(instrumnt="phq9"), "instrumnt"),
        (lambda c: c.update(protocol="hope"), "protocol"),
        (lambda c: c.update(protocol=7), "protocol"),
        (lambda c: c.update(protocol=None), "drug"),
        (lambda c: c.update(drug="esketamine"), "drug"),
        (lambda c: c.update(weight_kg=-3), "weight_kg"),
        (lambda c: c.update(weight_kg=True), "weight_kg"),
        (lambda c: c.update(scores={"at": 1}), "scores"),
        (lambda c: c["scores"].append(7), "scores[9]"),
        (lambda c: c["scores"][2].update(value=28), "scores[2].value"),
        (lambda c: c["scores"][2].update(value="9"), "scores[2].value"),
        (lambda c: c["scores"][2].update(at="2026-05-32"), "scores[2].at"),
        (lambda c: c["scores"][2].update(at="2026-05-30T10:00:00"), "scores[2].at"),
        (lambda c: c["scores"][2].update(at="2027-05-30"), "scores[2].at"),
        (lambda c: c["scores"][2].update(rater="neighbour"), "scores[2].rater"),
        (lambda c: c["scores"][2].update(instrument="hope"), "scores[2].instrument"),
        (lambda c: c["sessions"][1].update(dose_mg=0), "sessions[1].dose_mg"),
        (lambda c: c["sessions"][1].update(mg=35), "sessions[1].mg"),
        (lambda c: c.update(loss={"revenue": 3}), "loss.revenue"),
        (lambda c: c.update(loss=[1]), "loss"),
        (lambda c: c.update(open_topics=["mood"]), "open_topics"),
        (lambda c: c["suicide_answers"].append({"at": "2026-07-01"}), "suicide_answers[1]"),
        (lambda c: c["suicide_answers"][0].update(instrument="C-SSRS", level=5), "suicide_answers[0].instrument"),
        (lambda c: c["suicide_answers"][0].update(instrument="bogus"), "suicide_answers[0].instrument"),
        (lambda c: c["suicide_answers"][0].update(level=4), "suicide_answers[0].level"),
        (lambda c: c["suicide_answers"][0].update(instrument="c-ssrs", level=6), "suicide_answers[0].level"),
        (lambda c: c["suicide_answers"][0].update(at="2027-01-01"), "suicide_answers[0].at"),
        (lambda c: c.update(open_alerts=[{"at": "2026-07-01", "instrument": "phq9"}]), "open_alerts[0]"),
        (lambda c: c.update(reactions={"serious_or_severe": 3, "sessions_asked": 1}), "reactions.serious_or_severe"),
        (lambda c: c.update(seed=1.5), "seed"),
        (lambda c: c.update(new_antidepressant="yes"), "new_antidepressant"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_field_and_nothing_is_printed(ask, change, path: str) -> None:
    content = copy.deepcopy(build_file())
    change(content)
    status, out, err = ask(content, "--json")
    assert (status, out) == (2, "")
    problems = json.loads(err)["problems"]
    assert path in [problem["path"] for problem in problems]
    assert all(problem["accepted"] for problem in problems)


def test_every_problem_is_named_at_once(ask) -> None:
    content = build_file(weight_kg=-3, seed="x")
    content["scores"][0]["at"] = "never"
    _, _, err = ask(content, "--json")
    assert {problem["path"] for problem in json.loads(err)["problems"]} == {"weight_kg", "seed", "scores[0].at"}


@pytest.mark.parametrize("text", ["", "{", "[1]", "NaN", '{"as_of": NaN}', "[" * 5000, "\ufeff{}"])
def test_what_is_no_course_is_refused(ask, text: str) -> None:
    status, out, err = ask(text)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")


def test_a_file_that_is_not_there_is_refused(capsys) -> None:
    assert main(["forecast", "/nowhere/course.json"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_standard_input_is_read(monkeypatch, capsys) -> None:
    stream = io.BytesIO(json.dumps(build_file()).encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    assert main(["forecast", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "forecast"


def test_past_courses_calibrate_the_bands(ask, tmp_path) -> None:
    past = tmp_path / "past.jsonl"
    files = [build_file([(-2, 20), (5, 12 + k % 6), (12, 9 + k % 4), (19, 5 + k % 7)], as_of=25) for k in range(21)]
    past.write_text("\n".join(json.dumps(each) for each in files) + "\n", encoding="utf-8")
    status, out, _ = ask(build_file(), "--json", "--past", str(past))
    calibrated = json.loads(out)
    _, out, _ = ask(build_file(), "--json")
    assert status == 0
    assert calibrated["calibration"]["past_patients"] == 21
    assert calibrated["score"]["p50"] == json.loads(out)["score"]["p50"]
    assert calibrated["score"]["p95"] != json.loads(out)["score"]["p95"]
    past.write_text(json.dumps(build_file(weight_kg=-1)) + "\n", encoding="utf-8")
    status, out, err = ask(build_file(), "--json", "--past", str(past))
    assert (status, out) == (2, "")
    assert json.loads(err)["problems"][0]["path"] == "past[1].weight_kg"


def test_a_clinics_loss_is_used_and_named(ask) -> None:
    dear = {"visit_low": 4, "visit_middle": 8.5, "visit_high": 16}
    _, out, _ = ask(build_file(loss=dear), "--json")
    advice = json.loads(out)["next_treatment"]
    assert advice["loss_edited"] == sorted(dear)
    assert [row["days_per_visit"] for row in advice["visit_costs"]] == [4, 8.5, 16]
    _, out, _ = ask(build_file(loss=dear))
    assert "own weights, site policy: visit_high 16, visit_low 4, visit_middle 8.5" in out
    _, out, _ = ask(build_file())
    assert "own weights" not in out


def test_the_same_file_gives_the_same_answer_in_another_process_and_without_the_compiler(tmp_path) -> None:
    path = tmp_path / "course.json"
    path.write_text(json.dumps(build_file()), encoding="utf-8")
    code = (
        "import sys\nfrom afterglow.cli import main\n"
        f"status = main(['forecast', {str(path)!r}, '--json'])\n"
        "print(status, 'numba' in sys.modules, 'django' in sys.modules, file=sys.stderr)\n"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert json.loads(runs[0].stdout)["status"] == "forecast"
    assert runs[0].stderr.splitlines()[-1] == "0 False False"
