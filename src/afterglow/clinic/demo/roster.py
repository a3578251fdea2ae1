"""The other invented people, one line each: who they are, what they are treated with, and how far they have come.

`visits` are days before today, the oldest first; `scores` the questionnaire's total at each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IV, IM, US, EU = "iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"
SC, PAIN, ORAL, SUBLINGUAL, NASAL = "sc-racemic", "iv-racemic-pain", "oral", "sublingual", "nasal-racemic"
INDUCTION, UPKEEP, RELAPSE, STOPPED = "induction", "maintenance", "relapse", "stopped"
TRANSFERRED, DRAFT, SIGNED = "transferred", "draft", "signed"
DEFERRED, DECLINED, REGISTERED, WITHDRAWN = "deferred", "declined", "registered", "withdrawn"


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the roster."""

    family: str
    given: str
    born: int
    sex: str
    protocol: str
    course: str
    since: int
    visits: tuple[int, ...] = ()
    scores: tuple[int, ...] = ()
    indication: str = "trd"
    kg: str = "72.0"
    more: Mapping[str, Any] = field(default_factory=dict)


PTSD = {"history": {"scales.pcl5.total": 52}, "problem": ("Post-traumatic stress disorder, chronic", "F43.12")}
OCD = {"history": {"scales.ybocs.total": 29}, "problem": ("Mixed obsessional thoughts and acts", "F42.2")}
ANXIOUS = {"history": {"scales.gad7.total": 18}, "problem": ("Generalised anxiety disorder", "F41.1")}
BIPOLAR = {
    "history": {"history.bipolar": "bipolar-2", "scales.ymrs.total": 3},
    "medicines": (("Lamotrigine", "200 mg daily"), ("Quetiapine", "100 mg nightly")),
    "problem": ("Bipolar II disorder, depressed", "F31.81"),
}
PAINFUL = {
    "history": {"scales.pain.nrs": 7},
    "medicines": (("Pregabalin", "150 mg twice daily"),),
    "problem": ("Complex regional pain syndrome I", "G90.511"),
}

EXPECTING = {"history": {"person.pregnant": True, "labs.hcg.result": "positive"}, "can_become_pregnant": True}

LINES: tuple[Line, ...] = (
    # ---- infusions: induction and upkeep -----------------------------------------------------------
    Line("Sample", "Jasmine", 1988, "female", IV, UPKEEP, 190, (171, 167, 60, 25), (20, 14, 6, 5), kg="61.0"),
    Line("Specimen", "Jonquil", 1991, "female", IV, INDUCTION, 16, (9, 5), (19, 15), kg="66.0"),
    Line("Test", "Heath", 1976, "male", IV, INDUCTION, 20, (12, 8, 5), (22, 18, 15), kg="84.0"),
    Line("Demo", "Hawthorn", 1982, "male", IV, UPKEEP, 420, (400, 396, 150, 21), (23, 15, 7, 6), kg="79.0"),
    Line("Mock", "Fern", 1994, "female", IV, INDUCTION, 13, (6, 3), (21, 17), kg="58.0"),
    Line("Example", "Tansy", 1969, "female", IV, INDUCTION, 23, (13, 9, 6, 3), (24, 19, 14, 11), kg="70.0"),
    Line("Dummy", "Mulberry", 1985, "female", IV, UPKEEP, 310, (290, 287, 100, 24), (18, 12, 5, 4), kg="68.0"),
    Line("Demo", "Mallow", 1990, "female", IV, INDUCTION, 12, (4,), (20,), kg="63.0"),
    Line("Placeholder", "Rush", 1972, "male", IV, UPKEEP, 520, (500, 497, 120, 28), (21, 13, 8, 7), kg="88.0"),
    Line("Sample", "Clover", 1997, "female", IV, INDUCTION, 11, (4,), (19,), "ptsd", "57.0", PTSD),
    Line("Specimen", "Sedge", 1980, "male", IV, INDUCTION, 18, (10, 7, 3), (17, 15, 13), "ocd", "77.0", OCD),
    Line("Test", "Iris", 1986, "female", IV, INDUCTION, 17, (8, 4), (20, 15), "bipolar-depression", "65.0", BIPOLAR),
    Line("Mock", "Larch", 1993, "male", IV, INDUCTION, 15, (6, 2), (16, 13), "anxiety", "81.0", ANXIOUS),
    # ---- injections ---------------------------------------------------------------------------------
    Line("Placeholder", "Fennel", 1979, "female", IM, UPKEEP, 260, (240, 236, 90, 28), (20, 13, 7, 6), kg="64.0"),
    Line("Example", "Gorse", 1983, "male", IM, UPKEEP, 380, (360, 356, 110, 30), (22, 15, 8, 8), kg="78.0"),
    Line("Demo", "Thyme", 1989, "female", IM, INDUCTION, 14, (7, 3), (18, 14), "ptsd", "59.0", PTSD),
    Line("Dummy", "Oak", 1974, "male", IM, INDUCTION, 12, (5,), (21,), kg="79.0"),
    # ---- esketamine, United States --------------------------------------------------------------------
    Line("Mock", "Bryony", 1981, "female", US, UPKEEP, 150, (130, 126, 40, 12), (22, 17, 9, 8), kg="67.0"),
    Line("Sample", "Lavender", 1977, "female", US, INDUCTION, 18, (9, 6, 2), (23, 20, 17), kg="71.0"),
    Line("Example", "Ivy", 1992, "female", US, INDUCTION, 14, (6, 3), (19, 16), kg="60.0"),
    Line("Test", "Sycamore", 1970, "male", US, UPKEEP, 330, (310, 306, 55, 13), (24, 18, 10, 9), kg="85.0"),
    Line("Dummy", "Elder", 1966, "male", US, UPKEEP, 610, (590, 586, 70, 14), (21, 15, 9, 7), kg="82.0"),
    Line("Specimen", "Poppy", 1998, "female", US, INDUCTION, 11, (4,), (26,), "mdd-si", "62.0"),
    # ---- esketamine, European Union -------------------------------------------------------------------
    Line("Demo", "Marigold", 1975, "female", EU, INDUCTION, 15, (7, 3), (20, 16), kg="69.0"),
    Line("Mock", "Yew", 1952, "male", EU, UPKEEP, 200, (180, 176, 30), (19, 14, 8), kg="76.0"),
    # ---- relapse, stopped, elsewhere, withdrawn -------------------------------------------------------
    Line("Example", "Bramble", 1984, "female", IV, RELAPSE, 360, (340, 337, 200), (23, 12, 6), kg="66.0"),
    Line("Placeholder", "Dogwood", 1968, "male", US, RELAPSE, 280, (260, 256, 150), (22, 14, 7), kg="90.0"),
    Line("Sample", "Nettle", 1987, "female", IV, STOPPED, 120, (100, 97, 93), (21, 20, 21), kg="73.0"),
    Line("Test", "Spruce", 1971, "male", IM, STOPPED, 210, (190, 186), (20, 19), kg="80.0"),
    Line("Dummy", "Teasel", 1990, "female", IV, TRANSFERRED, 450, (430, 427), (22, 13), kg="58.0"),
    Line("Demo", "Pine", 1963, "male", US, TRANSFERRED, 700, (680, 676), (24, 16), kg="87.0"),
    Line("Mock", "Saffron", 1995, "female", EU, WITHDRAWN, 90, (70,), (18,), kg="55.0"),
    # ---- planned, not begun ---------------------------------------------------------------------------
    Line("Placeholder", "Violet", 1988, "female", US, SIGNED, 9, (), (), "mdd-si", "64.0"),
    Line("Sample", "Reed", 1982, "male", IV, SIGNED, 12, kg="83.0", more={"escort": ""}),
    Line("Test", "Aster", 1979, "female", IV, SIGNED, 19, kg="69.0"),
    Line("Example", "Comfrey", 1973, "female", SC, DRAFT, 11, kg="66.0"),
    Line("Dummy", "Borage", 1986, "male", SC, SIGNED, 24, kg="74.0", more={"text": "ketamine-injection"}),
    Line("Specimen", "Yarrow", 1978, "female", ORAL, SIGNED, 20, (), (), "anxiety", "61.0", ANXIOUS),
    Line("Demo", "Bracken", 1984, "male", SUBLINGUAL, DRAFT, 8, kg="78.0"),
    Line("Mock", "Chicory", 1969, "female", NASAL, DRAFT, 10, kg="70.0"),
    Line("Sample", "Vetch", 1967, "male", PAIN, DRAFT, 30, (), (), "chronic-pain", "86.0", PAINFUL),
    # ---- deferred, declined, on the way ---------------------------------------------------------------
    Line("Example", "Campion", 1981, "female", IV, DEFERRED, 26, kg="75.0", more={"blood_pressure": (158, 98)}),
    Line("Test", "Burdock", 1976, "male", IV, DECLINED, 75, kg="92.0", more={"history": {"history.psychosis": True}}),
    Line("Placeholder", "Lupin", 1999, "female", IM, DEFERRED, 40, kg="59.0", more=EXPECTING),
    Line("Dummy", "Tarragon", 1993, "female", IV, REGISTERED, 2, kg="62.0"),
)
