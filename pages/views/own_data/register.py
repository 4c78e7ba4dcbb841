"""Upload of a file, the summary of its content, and the list of data sets made from such files."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fil_core.data.own import OwnData
from pages.common import sidebar, tables, text, uploads, widgets
from pages.common.site import first_page

_TYPES = ["csv", "tsv", "parquet", "npy", "npz", "zip", "txt"]
_ENCODING = {
    "number": "number",
    "text": "not a feature: too many different texts",
    "date": "not a feature: dates",
    "empty": "not a feature: no values",
    "rows": "not a feature: numbers or names the rows",
}
FORMATS = """
- **Tables**: `.csv` (UTF-8 with a header line; separated by commas, semicolons, tabs or bars) and `.parquet`. Numbers
  are numeric features, in the notation that is chosen; text is categorical and one-hot encoded, with the last level as
  the baseline, unless most of it looks like numbers or dates.
- **Arrays**: `.npz` with `X` and `y` (images: `uint8`, n × height × width, or × 3), perhaps with `X_test` and `y_test`,
  or a `.npy` matrix, whose columns are named by their index. Pickled objects are not opened.
- **Images**: a `.zip` of class folders, such as `cats/1.png`, or `train/cats/1.png` and `test/cats/1.png` (or `val/`).
  PNG, JPEG, WebP, GIF, BMP, TIFF and PPM, of 8 bits per channel.
- **Texts**: `.txt` (UTF-8), one sentence a line; blank lines separate groups of lines, such as poems. A file of one
  long line is cut into windows of 20 words.
- Folders of images, and files too large to upload, are added on the command line:
  `python -m fil_core fil --data ./folder`; they then appear in the list on this page.

Each file is read in a sandbox, a process with limits on memory and time. Its rows are stored as plain arrays in the
folder of the results, under the sha-256 of the content and the choices. Nothing in a file is executed, and its name is
not used as a path.
"""


def sentence(count: int) -> str:
    """The first sentence of the page: the number of own data sets, and what can be uploaded."""
    if not count:
        return (
            "Upload a table, arrays, a text, or images in class folders. Files stay on the machine that runs this app."
        )
    stored = "own data set is" if count == 1 else "own data sets are"
    return f"**{text.count(count)} {stored} stored.** Upload another table, arrays, text, or images in class folders."


def title() -> str:
    """The original name of the uploaded file."""
    return st.session_state.get("own-title", "own data")


def uploader() -> str | None:
    """The upload control; returns the name under which the current file is saved, or None if there is none."""
    number = st.session_state.setdefault("own-upload-number", 0)
    # A new key after each upload frees the bytes in memory; by then they are saved.
    upload = st.file_uploader("Upload a file", type=_TYPES, key=f"own-file-{number}")
    if upload is not None:
        saved = uploads.keep_upload(upload.getvalue(), upload.name)
        st.session_state.update({"own-upload-number": number + 1, "own-title": upload.name})
        st.query_params["file"] = saved
        st.rerun()
    name = st.query_params.get("file")
    if name is None:
        return None
    if not uploads.is_uploaded(name):
        st.info("The file of this link is no longer stored. Upload it again.", icon=":material/info:")
        return None
    return name


def preview(content: dict[str, Any]) -> None:
    """Summary of a file before any choices; `content` is from `fil_core.data.own.reading.preview`."""
    if content["form"] == "image":
        classes = len({c["class"] for c in content["classes"]})
        st.markdown(f"**{text.count(content['rows'])} images** in {classes} classes.")
        tables.table(pd.DataFrame(content["classes"]), key="own-classes", hide_index=True)
        for note in content["notes"]:
            st.caption(text.safe(note))
        return
    if content["form"] == "text":
        _text_preview(content)
        return
    columns = pd.DataFrame(content["columns"])
    st.markdown(f"**{text.count(content['rows'])} rows**, {text.count(len(columns))} columns.")
    left, right = st.columns([6, 5])  # the left table has longer headers
    with left:
        st.caption("Columns and their encoding as features")
        encodings = [_encoding(column) for column in content["columns"]]
        summary = columns[["name", "kind", "distinct", "missing"]].assign(encoding=encodings)
        if any(any(column["missing_texts"]) for column in content["columns"]):
            summary["read as missing"] = [_missing_texts(column["missing_texts"]) for column in content["columns"]]
        tables.table(summary, key="own-columns", hide_index=True)
    with right:
        st.caption("First rows")
        if widgets.redacted():
            st.info("Hidden while Redact is on.", icon=":material/visibility_off:")
        else:
            names = [str(c["name"]) for c in content["columns"]]
            tables.table(pd.DataFrame(content["head"], columns=names), key="own-head", hide_index=True)


def _text_preview(content: dict[str, Any]) -> None:
    """Numbers of a text, and its first lines."""
    groups = f" in {text.count(content['groups'])} groups" if content["groups"] else ""
    st.markdown(
        f"**{text.count(content['rows'])} lines**{groups}, {text.count(content['tokens'])} tokens of "
        f"{text.count(content['types'])} types."
    )
    st.caption("First lines")
    if widgets.redacted():
        st.info("Hidden while Redact is on.", icon=":material/visibility_off:")
    else:
        tables.table(pd.DataFrame({"line": content["head"]}), key="own-lines", hide_index=True)
    for note in content["notes"]:
        st.caption(text.safe(note))


def _missing_texts(counts: dict[str, int]) -> str:
    """Which texts were taken for a missing value, and how often; they are masked while Redact is on."""
    named = {(widgets.MASK if widgets.redacted() else text) if text else "empty": n for text, n in counts.items()}
    return ", ".join(f"{text} ({n:,})" for text, n in named.items())


def _encoding(column: dict[str, Any]) -> str:
    """How a column is encoded as features; values of the data are masked while Redact is on."""
    levels = column["levels"]
    if column["non_numeric"]:
        what = "no certain date" if column["kind"] == "date" else "not a number"
        return f"error, {what}: {widgets.MASK if widgets.redacted() else column['non_numeric']}"
    if column["kind"] != "category":
        return _ENCODING.get(column["kind"], f"not a feature: {column['kind']}")
    if len(levels) < 2:
        return "not a feature: constant"
    columns = f"{len(levels) - 1} column" + ("s" if len(levels) != 2 else "")
    return f"{columns}, baseline level {widgets.MASK if widgets.redacted() else levels[-1]}"


def listing(entries: list[OwnData]) -> None:
    """The own data sets, each with buttons to use and to delete it."""
    for entry in entries:
        facts, use, delete = st.columns([4, 1, 1.3], vertical_alignment="center")
        kind = "text" if entry.form == "text" else f"{len(entry.classes)} classes" if entry.classes else "regression"
        target = f" of {text.safe(entry.choices.target)}" if entry.choices.target else ""
        columns = "tokens at most" if entry.form == "text" else "features"
        facts.markdown(
            f"**{text.safe(entry.title)}** · {text.count(entry.rows)} rows, {text.count(entry.features)} "
            f"{columns}, {kind}{target} · `{entry.name}` · {entry.created:%Y-%m-%d %H:%M}"
        )
        if use.button("Use", key=f"use-{entry.name}", on_click=sidebar.use, args=(entry.name,), width="stretch"):
            st.switch_page(first_page(entry.form), query_params={})
        with delete.popover("Delete", width="stretch"):
            st.caption(
                "Deletes the stored rows and the uploaded file. Results computed from them stay until they are "
                "deleted on the Results page."
            )
            st.button("Delete permanently", key=f"delete-{entry.name}", on_click=_delete, args=(entry.name,))


def _delete(name: str) -> None:
    """Delete an entry, and clear the state that would create it again."""
    st.session_state.pop("own-checked", None)
    st.query_params.pop("file", None)
    uploads.remove_own(name)


def damaged(count: int) -> None:
    """What cannot be listed because it is damaged, and a button that deletes it; nothing for none."""
    if not count:
        return
    sets = "1 own data set is" if count == 1 else f"{text.count(count)} own data sets are"
    st.warning(
        f"{sets} damaged and cannot be listed. Upload the file again with the same choices, or delete what is left.",
        icon=":material/warning:",
    )
    st.button("Delete what is damaged", key="delete-damaged", on_click=uploads.remove_damaged_own)
