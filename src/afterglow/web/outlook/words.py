"""The forecast in words: similar courses and never the person, what it was held against, what it does not know."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow import __version__
from afterglow.clinic.care.forecasts import NOTHING_GIVEN, RUNNING
from afterglow.clinic.measures.lookups import TOTALS
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.outlook.asking import SCALE_OF
from afterglow.web.outlook.asking import READY, Asked
from afterglow.web.outlook.drawing import read_day, write_grade
from afterglow.web.present.scores import read_scales
from afterglow.web.presenting import describe_source
from afterglow.web.templatetags.words import day

SHOWN_EVERY_D = 14


def list_words(asked: Asked) -> list[str]:
    """Return what is predicted and for how many comparable patients, in sentences."""
    if asked.state != READY:
        return []
    similar = asked.answer["similar"]
    told = _("%(n)d of %(drawn)d virtual patients resemble this course.")
    words = [told % {"n": similar["comparable"], "drawn": similar["drawn"]}]
    relapse = asked.answer["relapse"]
    words.append(_write_relapse(relapse) if relapse["by"] else str(relapse["reason"] or ""))
    return [each for each in words if each]


def _write_relapse(relapse: Mapping[str, Any]) -> str:
    half = read_day(relapse["half_by"])
    if half is not None:
        told = _("Without a further session half of similar courses have relapsed by %(day)s.") % {"day": day(half)}
        return f"{told} {_write_range(relapse)}"
    last = relapse["by"][-1]
    given = {"n": round(10 * last["probability"]), "day": day(date.fromisoformat(last["date"]))}
    return _("Without a further session %(n)d in 10 similar courses have relapsed by %(day)s.") % given


def _write_range(relapse: Mapping[str, Any]) -> str:
    first, last = (read_day(each) for each in relapse["range_80"])
    if first is None:
        return ""
    if last is None:
        end = day(date.fromisoformat(relapse["by"][-1]["date"]))
        given = {"a": day(first), "b": end}
        return _("The first 1 in 10 by %(a)s; 9 in 10 not by %(b)s, where the forecast ends.") % given
    return _("8 in 10 between %(a)s and %(b)s.") % {"a": day(first), "b": day(last)}


def list_basis(asked: Asked) -> list[dict[str, str]]:
    """Return what stands behind a forecast as lines: data, calibration, model and version."""
    if asked.state != READY:
        return []
    answer = asked.answer
    made = answer["made_from"]
    scores = ngettext("%(n)d score", "%(n)d scores", answer["scores_used"]) % {"n": answer["scores_used"]}
    sessions = ngettext("%(n)d session", "%(n)d sessions", answer["sessions_used"]) % {"n": answer["sessions_used"]}
    fitted = answer["basis"][0]
    model = _("%(claim)s (%(source)s; %(grade)s). Afterglow %(version)s, seed %(seed)d.") % {
        "claim": fitted["claim"],
        "source": describe_source(fitted["source"]),
        "grade": write_grade(fitted["grade"]),
        "version": __version__,
        "seed": answer["similar"]["seed"],
    }
    return [
        {"words": _("Made from"), "value": _(
            "%(scores)s of %(scale)s since %(first)s, %(sessions)s since %(begin)s, as of %(day)s; each is listed below"
        ) % {
            "scores": scores, "scale": answer["scale"], "sessions": sessions,
            "first": day(made["scores"][0]["on"]), "begin": day(made["sessions"][0]["on"]), "day": day(answer["as_of"]),
        }},
        {"words": _("Calibrated on"), "value": _write_calibration(asked)},
        {"words": _("Model and version"), "value": model},
    ]  # fmt: skip


def _write_calibration(asked: Asked) -> str:
    calibration = asked.answer["calibration"]
    if calibration["group"] and asked.calibrated_at is not None:
        n = int(calibration["past_patients"])
        words = ngettext(
            "%(n)d other patient treated here, looked back at on %(day)s",
            "%(n)d other patients treated here, looked back at on %(day)s",
            n,
        ) % {"n": n, "day": day(asked.calibrated_at)}
        invented = _("%(words)s: invented people of the demonstration, which prove nothing") % {"words": words}
        return invented if asked.is_demonstration else words
    held = {
        "n": get_number("open_trial_people"),
        "held": get_number("open_trial_in_90"),
        "low": get_number("open_trial_in_90_low"),
        "high": get_number("open_trial_in_90_high"),
    }
    told = _(
        "No past patients: the ranges are the model's own. Of %(n)d real people after one infusion the 90 %% range "
        "held %(held)d %% (%(low)d to %(high)d %%) of the MADRS scores."
    )
    return told % held


def list_unknown(asked: Asked) -> list[str]:
    """Return what the forecast does not know, in every case and in this one."""
    if asked.state != READY:
        return []
    course = asked.question.payload["course"]
    found = [
        _("Medicines, other treatment, sleep, losses and everything else that happens meanwhile."),
        _("How much of the relief is the antidepressant's that was begun with the sessions: a part is assumed.")
        if course.get("new_antidepressant")
        else _("Whether an antidepressant was begun with the sessions: the chart holds none, and none is assumed."),
        _("Suicidality: it is asked, never read from a score or a forecast."),
    ]
    if "weight_kg" not in course:
        found.append(_("The weight: 70 kg is assumed."))
    if "suicide_answers" not in course:
        found.append(_("Answers about suicide: none is on the chart."))
    if "open_topics" not in course:
        found.append(_("Bladder, liver, misuse or blood pressure: not all were looked at."))
    return found + _list_odd(asked)


def _list_odd(asked: Asked) -> list[str]:
    """Return what is odd about what the forecast was made from: a dose no protocol has, no score before the start."""
    sessions = asked.question.payload["course"]["sessions"]
    found = []
    for problem in asked.question.problems:
        if problem.code == "dose-outside-range":
            place = int(problem.path.partition("[")[2].partition("]")[0])
            found.append(f"{day(_localise(asked, sessions[place]['at']))}: {problem.message}")
    return found + [row["message"] for row in asked.answer["problems"] if row["code"] == "baseline-missing"]


def describe_made_from(asked: Asked, patient: Any) -> dict[str, Any] | None:
    """Return each score and session that the forecast is made from, and each that it is not, with why."""
    if asked.state != READY:
        return None
    made = asked.answer["made_from"]
    scale = asked.answer["scale"]
    left = [
        {"on": date.fromisoformat(row["on"]), "what": _name_scale(row["instrument"]), "value": _write(row["value"]),
         "why": _say_why(row["why"])}
        for row in made["left_out"]
    ]  # fmt: skip
    fact = TOTALS.get(asked.answer["instrument"])
    aside = read_scales(patient, (fact,))[fact].set_aside if fact else ()
    left += [{"on": each.point.on, "what": scale, "value": f"{each.point.value:g}", "why": each.why} for each in aside]
    reasons = {
        RUNNING: _("not used: it is not over"),
        NOTHING_GIVEN: _("not used: it ended before a milligram was given"),
    }
    left += [
        {"on": _localise(asked, each.at), "what": _("Session"), "value": "–", "why": reasons[each.why]}
        for each in asked.question.left_out
    ]
    rows: list[dict[str, Any]] = [
        {"on": date.fromisoformat(row["on"]), "what": scale, "value": _write(row["value"]),
         "is_baseline": row["baseline"]}
        for row in made["scores"]
    ]  # fmt: skip
    rows += [
        {"on": date.fromisoformat(row["on"]), "what": _("Session"),
         "value": "–" if row["dose_mg"] is None else _("%(n)g mg") % {"n": row["dose_mg"]}}
        for row in made["sessions"]
    ]  # fmt: skip
    return {"rows": sorted(rows, key=_get_day), "left_out": sorted(left, key=_get_day)}


def _get_day(row: Mapping[str, Any]) -> date:
    found = row["on"]
    if not isinstance(found, date):
        raise TypeError("a row of the chart has a day")
    return found


def _localise(asked: Asked, at: Any) -> date:
    """Return the clinic's day of an instant."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant.astimezone(ZoneInfo(asked.question.payload["course"]["zone"])).date()


def _name_scale(instrument: str) -> str:
    return SCALE_OF[instrument][0] if instrument in SCALE_OF else instrument


def _write(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _say_why(why: str) -> str:
    known = {
        "before the baseline": _("not used: a later one, before the first session, is the baseline"),
        "entered twice": _("not used: entered twice"),
        "another score of the same moment differs": _("not used: another score of the same moment differs"),
        "another scale: the forecast reads one": _("not used: another scale, the forecast reads one"),
    }
    return known.get(why) or _("not used: %(why)s") % {"why": why}


def list_rows(asked: Asked) -> list[dict[str, str]]:
    """Return the forecast as rows of a table, every two weeks."""
    if asked.state != READY:
        return []
    score = asked.answer["score"]
    relapsed = [(date.fromisoformat(row["date"]), row["probability"]) for row in asked.answer["relapse"]["by"]]
    rows = []
    for place in range(SHOWN_EVERY_D - 1, len(score["dates"]), SHOWN_EVERY_D):
        on = date.fromisoformat(score["dates"][place])
        shares = [share for at, share in relapsed if at <= on]
        rows.append(
            {
                "on": day(on),
                "median": f"{score['p50'][place]:.0f}",
                "half": f"{score['p25'][place]:.0f}–{score['p75'][place]:.0f}",
                "most": f"{score['p5'][place]:.0f}–{score['p95'][place]:.0f}",
                "relapsed": _("%(n)d in 100") % {"n": round(100 * shares[-1])} if shares else "–",
            }
        )
    return rows
