"""Files that are handed in, what is in them, and the data sets made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fil_core.data.own import OwnData
from pages.common import sidebar as controls
from pages.common import text, widgets
from pages.common import uploads as handed_in

_TYPES = ["csv", "tsv", "parquet", "npy", "npz", "zip"]
FORMATS = """
- **Tables**: `.csv` (UTF-8, a header line, commas, semicolons, tabs or bars) and `.parquet`. Numbers stay numbers,
  texts become categories: a column of zeros and ones for each level but the last.
- **Arrays**: `.npz` with `X` and `y` (pictures are `uint8`, n × height × width, or × 3), or a `.npy` matrix whose
  columns go by their number. Pickled objects are not opened.
- **Images**: a `.zip` of class folders, such as `cats/1.png`, or `train/cats/1.png` and `test/cats/1.png`.
- Folders of images, and files of many gigabytes, come in through the command line:
  `python -m fil_core fil --data ./folder`; they then stand in the list here.

A file is looked into in a process of its own with limits on memory and time. What is kept are plain arrays, under the
content of the file, in the folder of the results. Nothing in it is run, and its name is not used as a path.
"""


def sentence(known: int) -> str:
    """What the page is for, and what is here."""
    if not known:
        return "Bring a table, arrays, or images in class folders. Files stay on the machine that runs this app."
    are = "data set of your own is" if known == 1 else "data sets of your own are"
    return f"**{text.count(known)} {are} here.** Bring another: a table, arrays, or images in class folders."


def title() -> str:
    """What the file that was handed in is called."""
    return st.session_state.get("own-title", "own data")


def uploader() -> str | None:
    """Takes a file; returns the name that it is kept under, or None where there is none yet."""
    turn = st.session_state.setdefault("own-turn", 0)
    # A new key lets go of the bytes: they are on the disk by then.
    given = st.file_uploader("A file of your own", type=_TYPES, key=f"own-file-{turn}")
    if given is not None:
        kept = handed_in.keep_upload(given.getvalue(), Path(given.name).suffix)
        st.session_state.update({"own-turn": turn + 1, "own-title": given.name})
        st.query_params["file"] = kept
        st.rerun()
    name = st.query_params.get("file")
    if name is None:
        return None
    if not handed_in.is_incoming(name):
        st.info("The file of this link is not here any more; give it again.", icon=":material/info:")
        return None
    return name


def preview(found: dict[str, Any]) -> None:
    """What a file holds, before anything is chosen."""
    if found["form"] == "image":
        st.markdown(f"**{text.count(found['rows'])} images** in {len({c['class'] for c in found['classes']})} classes.")
        st.dataframe(pd.DataFrame(found["classes"]), key="own-classes", hide_index=True)
        for note in found["notes"]:
            st.caption(text.safe(note))
        return
    columns = pd.DataFrame(found["columns"])
    st.markdown(f"**{text.count(found['rows'])} rows** of {text.count(len(columns))} columns.")
    left, right = st.columns(2)
    with left:
        st.caption("Columns, and what becomes of them as features")
        shown = columns[["name", "kind", "distinct", "missing"]].assign(becomes=[_becomes(c) for c in found["columns"]])
        st.dataframe(shown, key="own-columns", hide_index=True)
    with right:
        st.caption("First rows")
        if widgets.redacted():
            st.info("Hidden while Redact is on.", icon=":material/visibility_off:")
        else:
            names = [str(c["name"]) for c in found["columns"]]
            st.dataframe(pd.DataFrame(found["head"], columns=names), key="own-head", hide_index=True)


def _becomes(column: dict[str, Any]) -> str:
    levels = column["levels"]
    if column["non_numeric"]:
        return f"nothing yet: not a number: {widgets.MASK if widgets.redacted() else column['odd']}"
    if column["kind"] == "category":
        one = f"{len(levels) - 1} column" + ("s" if len(levels) != 2 else "")
        return (
            f"{one}, without {widgets.MASK if widgets.redacted() else levels[-1]}"
            if len(levels) > 1
            else "nothing: one value only"
        )
    return {"number": "a number", "text": "no feature: too many texts", "date": "no feature", "empty": "no feature"}[
        column["kind"]
    ]


def listing(known: list[OwnData]) -> None:
    """The data sets made so far, each to be used or deleted."""
    for entry in known:
        facts, use, delete = st.columns([6, 1, 1], vertical_alignment="center")
        kind = f"{len(entry.classes)} classes" if entry.classes else "regression"
        facts.markdown(
            f"**{text.safe(entry.title)}** · {text.count(entry.rows)} rows, {text.count(entry.features)} "
            f"features, {kind} · "
            f"`{entry.name}` · {entry.created:%Y-%m-%d %H:%M}"
        )
        if use.button("Use", key=f"use-{entry.name}", on_click=controls.use, args=(entry.name,), width="stretch"):
            st.switch_page("pages/overview.py", query_params={})
        with delete.popover("Delete", width="stretch"):
            st.caption(
                "The rows kept of it go, and the file; results about them stay until they are deleted on the Runs page."
            )
            st.button("Delete for good", key=f"delete-{entry.name}", on_click=_delete, args=(entry.name,))


def _delete(name: str) -> None:
    """Let go of an entry, and of the check that would make it again."""
    st.session_state.pop("own-asked", None)
    st.query_params.pop("file", None)
    handed_in.remove_own(name)
