"""The standing text of docs/forecast.md: what is said whatever a run came to."""

HEAD = """# Forecast and next treatment

Made by `python tools/make_forecast_page.py`; with `--run` the simulations are done again first, into
`forecast-results.json`. Tests hold this page to that file, and a part of that file to a new run.

`afterglow forecast COURSE.json` answers two questions about one course: how the score may run when nothing further is
booked, and which interval between sessions similar courses speak for. Both support a clinician and decide nothing. The
code is `afterglow.outcomes.forecast`, `.next_treatment` and `.outlook`: plain numpy, no clock, seeded.

## What it is told

| field | holds |
|---|---|
| `as_of` | the day of the question; today without it |
| `zone` | the clinic's time zone, for days without a time; UTC without it |
| `instrument` | `phq9`, `madrs` or `qids-sr16`; the one with most scores without it |
| `protocol`, `indication` | a protocol of `afterglow protocols`; gives drug, route, duration and intervals |
| `drug`, `route`, `duration_min` | in place of a protocol: a forecast, and no advice |
| `weight_kg`, `new_antidepressant` | 70 kg and no are assumed, the first with a warning |
| `scores` | list of `at`, `value`, and where it differs `instrument` and `rater` |
| `sessions` | list of `at` and `dose_mg` |
| `induction_sessions` | how many came before upkeep; the protocol's number without it |
| `suicide_answers` | list of `at`, `instrument`, `level`, `recent_behaviour`; left out means not known |
| `open_alerts` | list of `at`, `instrument`, `seen`: answers about suicide that nobody has assessed yet |
| `open_topics` | of `bladder`, `liver`, `misuse`, `blood-pressure`; left out means not known, `[]` none |
| `reactions` | `serious_or_severe` among `sessions_asked` |
| `loss`, `seed` | the clinic's own weights by name; the seed of the virtual patients |

An answer about suicide is of `c-ssrs`, `c-ssrs-screener` or `c-ssrs-since-contact` (0 to 5), or of `phq9` or
`phq9-item-9` (item 9, 0 to 3); another name, another level and a day after the question are refused.

`--past FILE.jsonl` holds past courses, one a line, against which the bands are calibrated. Exit status 0 for every
answer, "not enough data" included; 2 for a file that cannot be used, with every problem named and nothing printed.
Warnings, with what they do to the answer: `dose-outside-range` (a dose that the protocol does not give, without one
none of the drug and route: forecast with as it stands, extrapolated), `baseline-missing` (no score before the first
session: the start is that of published courses; response, remission, relapse and LT-7 cannot be told),
`weight-assumed`. `made_from` lists each score and session used, and each score left out with why.

From a program: `outcomes.outlook.make_outlook` takes a `Course` as `read_course` does, `clinicday.upkeep` adds what a
protocol allows, `outcomes.outlook.jobs.forecast_course` is the same question for a process of its own, and
`calibrate_on_courses` with `render_calibration` makes a calibration to keep. `render_outlook` has the dates to draw.

## How it works

1. **Virtual patients** are people of the mechanism ([pharmacology.md](pharmacology.md)): what a level leaves in the
   synaptic pool, how long, what placebo and a new antidepressant add, each in a clinic of its own. Levels are those of
   a typical adult given the same mg/kg; the pool a session leaves is tabulated once for each dose, and pools add.
2. **A score** is that level, a slow drift of the mood and an error of the reading, in points of its scale.
3. **Personal update**: each virtual patient is weighted by the likelihood of this person's scores, the drift integrated
   out by a Kalman filter. Where few are left, new ones are drawn near those that fit and weighted for it. How many
   resemble the person is printed. Scores that the model cannot produce end in "not enough data", with that reason.
4. **Bands** of 50 and 90 % about the median, and the share of similar courses with a relapse by date, where relapse is
   two weekly assessments in a row past the threshold, after the state that the rule names was reached.
5. **Calibration**: split conformal by patient, one vote each, by scale and distance, falling back to coarser groups.
   The chance of relapse is stretched as the 90 % band is. A clinic holds it against its own past at night
   (`afterglow outcomes calibrate`): from 20 other patients on, whose factors leave out the person's own scores. Without
   past patients nothing is calibrated, and the answer says so; in the demonstration it says that they are invented.
"""

NEXT = """## Next treatment

For each interval that label and protocol allow, every virtual patient who resembles the person is carried 24 weeks on.
The loss is a sum of declared parts in days unwell per 28 days, editable in the file and, for a site, by its medical
director on the page *How the advice weighs*; shown at three costs of a visit; revenue is no part of it. Stretch, go on,
shorten and stop are always shown (`choices`): what is not open says why, from label, protocol, policy or advice with
source and grade, and has no figure. In the clinic a decision agrees with the current interval in direction and days;
one that is not open is stored only with a confirmation and because of what, beyond a hard limit not at all.

- Never with fewer than two scores after the first session; never when the scores contradict the model.
- Never longer with fewer than two scores, or when two scores later than the rest differ at one moment; when
  suicidality rises, is high or is not known (NT-2); when the score is worse than before treatment (LT-7; from 0 by the
  smallest real change), has risen by a meaningful step, or in small ones by the smallest real change above the lowest
  of 28 days, or stands at the relapse threshold (NT-3). Then somebody looks first. High is
  C-SSRS 3 or more now or 4 and 5 within a month, item 9 of 2 or more, also unchanged; behaviour within three months of
  the answer, whatever came after it; and every alert that stands unassessed, also from a form that was not sent.
- Never shorter while bladder, liver, misuse or blood pressure are open or not known (NT-4).
- One step of the list in a decision; intervals outside the protocol's are never looked at.
- A window that has passed is overdue since its last day, and says when the session was due.
- Where the range of the difference in 8 of 10 similar courses covers zero: "the evidence does not separate these", and
  the present interval stays. The interval it leans to is printed beside it.
- Induction, and the label's weekly weeks of the spray, leave no choice; from week 9 it is weekly or every two weeks.
"""

CARD = """## Model card (TRIPOD+AI, the items that apply)

| item | here |
|---|---|
| Title, kind | Forecast of one person's depression score and relapse, interval advice; development, internal checks |
| Intended use | Prescriber and patient talk about the next session. Not for triage, refusal, billing or the chairside |
| Outcome | PHQ-9, MADRS or QIDS-SR16 total on a day; two weekly assessments past the threshold |
| Predictors, timing | Scores of one instrument and rater, sessions, new antidepressant; all before the day asked |
| Not used | Sex, age, diagnosis, ancestry, name, place, payer. Sex and age are not in the published rows |
| Data | 126 rows of 20 published studies, grades A to C (`mechanism/data/targets.toml`); no patient data of a clinic |
| Sample size | {people} people of an open trial, {truths} simulated truths; none of it large |
| Missing data | A missing score is missing; visits are taken to be missing at random given the scores seen |
| Model | Mechanism of 8 person-level quantities, drift and error; importance weights; all numbers are packaged data |
| Full model, code | In this repository, seeded; same machine, lock file and seed: the same bytes |
| Performance | The tables above, with intervals; calibration plot |
| Fairness | Coverage by sex, route and severity in simulation; unknown in practice |
| Updating | A clinic calibrates on its own past (`afterglow outcomes calibrate`); `tools/fit_mechanism.py` refits |
| Oversight | Findings with source and grade; a person decides; suicidality is never averaged into a score |
| Harms considered | A forecast may be believed too much: bands first, no point value, wording of similar courses |
"""

PROBAST = """### PROBAST+AI in short, by ourselves

| domain | risk of bias | why |
|---|---|---|
| Participants | high | published aggregates and one small drug-free trial; no routine patients |
| Predictors | low | scores and doses with dates, blind to the outcome by time |
| Outcome | unclear | scores as recorded; relapse assumes weekly assessments that clinics do not keep |
| Analysis | high | fitted on aggregates, judged on 13 people and on simulations written by the same hands |
"""

TAIL = """## Doing it again

    python tools/make_forecast_page.py --run
    ./run bench recommender --markdown
    ./run bench outcomes

The open trial set stands beside the project and is read, never copied; the half that is kept back was not read.
"""
