"""Which training examples does this model reveal most?"""

import functools

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset
from fil_core.analyses.fil import words as fil_words
from fil_core.analyses.study.studies import STUDIES
from fil_core.display import charts
from pages.common import frame, site, tables, text, tiles, widgets
from pages.common.naming import called

_SHOWN = 8
_STUDIES_ICON = site.page("pages/studies.py").icon
_NEXT = ("pages/leakage.py", "pages/examples.py", "pages/attacks.py", "pages/mitigations.py", "pages/influence.py")


def examples(data: Dataset, table: pd.DataFrame, title: str, ids: list[int], key: str) -> None:
    """A row of tiles, or table rows where the data are not images."""
    st.subheader(title, anchor=False)
    if data.image_shape is not None:
        picked = tiles.tiles(data, table, ids, key=key)
        if picked is not None:
            st.switch_page("pages/examples.py", query_params={"id": str(picked)})
    else:
        shown = widgets.with_records(data, table.loc[ids, ["rank", "eta", "label"]])
        tables.table(shown, width="stretch", column_config=widgets.number_columns(shown), key=key)


frame.required()
st.title("Whose data does this model reveal?", anchor=False)
request, data, result, table = widgets.measured()
s = result.summary
all_examples, table = table, table[table["eta"] > 0] if (table["eta"] > 0).any() else table  # those it is trained on
left_out = len(all_examples) - len(table)

shows_classes = bool(data.class_names) and not widgets.redacted()
st.markdown(fil_words.headline(table, text.safe, classes=shows_classes, called=functools.partial(called, data)))
widgets.scale(result, data)
times = f"{s['eta_max'] / s['eta_median']:.1f} × the median" if s["eta_median"] else ""
share = f"{text.percent(s['eta_std'] / s['eta_mean'], 0)} of the mean" if s["eta_mean"] else ""
facts = {
    "Largest η": (text.number(s["eta_max"]), times),
    "Median η": (text.number(s["eta_median"]), f"mean {text.number(s['eta_mean'])}"),
    "Spread (std)": (text.number(s["eta_std"]), share),
    "Training examples": (
        text.count(len(table)),
        f"{text.count(s['d'])} features" + (f", {text.count(left_out)} left out" if left_out else ""),
    ),
    f"Test {s['score']}": (
        text.score(s["test_score"], s["score"]),
        f"train {text.score(s['train_score'], s['score'])}",
    ),
}
widgets.metrics(facts)

st.subheader("Start from", anchor=False)
for column, study in zip(st.columns(len(STUDIES)), STUDIES.values(), strict=True):
    column.page_link("pages/studies.py", label=study.title, icon=_STUDIES_ICON, query_params={"study": study.name})
    column.caption(study.says)

order = table.sort_values("rank").index
examples(data, table, "Most exposed", list(order[:_SHOWN]), "most")
examples(data, table, "Least exposed", list(order[::-1][:_SHOWN]), "least")

left, right = st.columns(2)
with left:
    st.subheader("Distribution of η", anchor=False)
    widgets.chart(
        charts.distribution(table, widgets.mode(), log=False),
        f"Histogram of eta over {len(table):,} training examples, median {text.number(s['eta_median'])}",
        "overview-distribution",
    )
with right:
    if shows_classes:
        st.subheader("By class", anchor=False)
        widgets.chart(charts.by_class(table, widgets.mode()), "Box plot of eta for each class", "overview-classes")
grouped = table.groupby("label")["eta"] if data.class_names else table.assign(all="all").groupby("all")["eta"]
widgets.table_twin(
    grouped.agg(["count", "mean", "std", "min", "median", "max"]).assign(
        p95=grouped.quantile(0.95),
        top_decile=grouped.apply(lambda e: int((table.loc[e.index, "percentile"] > 90).sum())),
    ),
    key="overview-numbers",
)

st.subheader("Where to go next", anchor=False)
for column, path in zip(st.columns(len(_NEXT)), _NEXT, strict=True):
    entry = site.page(path)
    column.page_link(path, label=entry.title, icon=":material/arrow_forward:", query_params={})
    column.caption(entry.says)
with st.expander("What is FIL, and what is it not?"):
    st.markdown(text.WHAT_IS_FIL)
widgets.provenance(request, result)
if not np.isfinite(table["eta"]).all():
    st.warning("Some η are not finite; see the table on the Leakage page.")
