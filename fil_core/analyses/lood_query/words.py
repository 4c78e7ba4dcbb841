"""What is said of optimised queries."""

from __future__ import annotations

from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.numbers import counted, number, verb

_STARTS = {"data": "other training records", "noise": "noise", "record": "the record itself"}


def sentence(subject: Subject, quote: Quote) -> str:
    """How near the queries come to the records, and whether the records are the maxima."""
    s, table, request = subject.result.summary, subject.result.table, subject.request
    if not isinstance(request, LoodQueryRequest):
        raise TypeError("lood query: expected its own request.")
    who = (
        f"example **{quote(subject.called(int(table.index[0])))}**"
        if len(table) == 1
        else f"{counted(len(table), 'record')}"
    )
    measure = "LOOD" if request.maximise == "kl_lood" else "the change of the mean, mean_lood"
    searched = f"Looking for the query at which {who} {verb(len(table), 'shows', 'show')} most ({measure}), from "
    return f"{searched}{_STARTS[s['start']]}, {_ends(s, len(table))} {_near(subject)}"


def _ends(s: dict[str, object], n: int) -> str:
    if n == 1:
        ended = "ends as high as at the record itself" if s["reached"] else "ends lower than at the record itself"
        more = "**another query shows it more** than it does itself"
        largest = "no query was found that shows it more" if s["own_is_largest"] else more
        return f"{ended}; {largest}."
    return (
        f"ends as high as at the record itself for **{s['reached']}**; for {s['own_is_largest']} no query was found "
        "that shows the record more than it does itself."
    )


def _near(subject: Subject) -> str:
    table, s = subject.result.table, subject.result.summary
    middle = "" if len(table) == 1 else "median "
    said = f"The {middle}kernel correlation of query and record is **{s['similarity_median']:.6f}**"
    if "psnr_scaled" in table:
        return f"{said}, the {middle}PSNR but for brightness **{number(float(table['psnr_scaled'].median()))} dB**."
    if "rmse_scaled" in table:
        return (
            f"{said}; the {middle}difference but for its length, which this kernel does not see, is "
            f"**{number(float(table['rmse_scaled'].median()))}** of the range of a column."
        )
    if "psnr" in table:
        return f"{said}, the {middle}PSNR **{number(float(table['psnr'].median()))} dB**."
    return f"{said}; the {middle}difference is **{number(s['rmse_median'])}** of the range of a column."


def figures(subject: Subject) -> list[Drawn]:
    """None: the pictures are the figure."""
    return []
