"""The drug by the entries, beside which the sheet of its account is filled, and what does not agree with the sheet."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.web.sessions.present.words import mend_words, write_fixed

View = dict[str, Any]


def build_drug(view: View) -> View:
    """Return what the entries say of the drug, row by row, and the differences that stand."""
    drug = view.get("drug") or {}
    known = drug.get("known") or {}
    is_spray = known.get("unit") == "device"
    return {
        "rows": _list_devices(known) if is_spray else _list_mg(known, view),
        "differences": [mend_words(each.get("seen")) for each in drug.get("differences") or []],
        "is_explained": bool(drug.get("is_explained")),
        "signed_seq": drug.get("signed_seq"),
    }


def _list_mg(known: View, view: View) -> list[tuple[str, str]]:
    pattern, pump = str(view.get("pattern") or ""), view.get("pump") or {}
    given = {"infusion": _("Given, calculated by the clock"), "injection": _("Injected")}.get(pattern, _("Given"))
    rows = [(_("Drawn"), _write_mg(known.get("drawn"))), (given, _write_mg(known.get("given"), 1))]
    # the clock knows nothing of an occlusion or of a rate set wrong: who counts sees both
    if pump.get("ml"):
        rows.append((_("Read on the pump"), f"{pump['ml']} mL, {_write_mg(pump.get('mg'))}"))
    if known.get("in_line") is not None:
        rows.append((_("of that in the line, by its volume"), _write_mg(known["in_line"], 1)))
    if known.get("opened") is not None:
        rows.append((_("Vials opened hold"), _write_mg(known["opened"])))
    return rows


def _write_mg(value: Any, places: int | None = None) -> str:
    if value is None:
        return _("not recorded")
    return f"{write_fixed(value, places) if places is not None else value} mg"


def _list_devices(known: View) -> list[tuple[str, str]]:
    names = (("drawn", _("Taken out")), ("given", _("Given")), ("wasted", _("Failed")))
    return [(words, _write_devices(known[name])) for name, words in names if known.get(name) is not None]


def _write_devices(value: Any) -> str:
    return ngettext("%(n)s device", "%(n)s devices", int(float(value))) % {"n": value}
