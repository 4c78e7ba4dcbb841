"""Toys: a line or two classes, with points that a person edits, and what a model gives away about each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from fil_core import DataSpec, FilError, ModelSpec, Request, Result, analysis_of
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.analyses.subject import Subject
from fil_core.data import points as made
from fil_core.data.points import Points
from fil_core.specs import ModelKind
from fil_core.specs.weights import Irfil
from pages.common import compute, sidebar, tables, text, widgets
from pages.common.links import keep_in_link
from pages.views.learn import drawing, editing

LINE, CLASSES = "line", "two classes"
_USUAL = {LINE: made.LINE, CLASSES: made.CLASSES}
_L2 = {LINE: 0.0, CLASSES: 0.01}
_SIGMA = {LINE: 0.003, CLASSES: 0.02}
_MOST_ROUNDS = 30
_POINTS, _BASE, _TURN, _SAID = "points", "points-base", "points-turn", "points-said"
_TRIALS = 200


@dataclass(frozen=True, slots=True)
class Toy:
    """One toy problem.

    Attributes:
        points: as they are now.
        l2: penalty.
        rounds: of reweighting, 0 for equal weights.
    """

    points: Points
    l2: float
    rounds: int = 0

    @property
    def request(self) -> EtaPartsRequest:
        """What is asked of it."""
        return EtaPartsRequest(data=DataSpec(name=self.points.name), model=self.model, lood=True)

    @property
    def model(self) -> ModelSpec:
        """Its model."""
        kind = cast(ModelKind, "logistic" if self.points.classes else "least-squares")
        weights = Irfil(iterations=self.rounds) if self.rounds else None
        intercept = None if self.points.constant else True  # a column of ones is one already
        return ModelSpec(kind=kind, l2=self.l2, weights=weights, intercept=intercept)


def controls_of(request: GuessesRequest) -> dict[str, Any] | None:
    """The values of the controls that show guesses of a toy; None for what is none, or has no such controls."""
    if not sidebar.is_points(request.data.name):
        return None
    points = made.parse(request.data.name)
    kind = CLASSES if points.classes else LINE
    weights = request.model.weights
    rounds = weights.iterations if isinstance(weights, Irfil) else 0
    toy = Toy(points, request.model.penalty, rounds)
    if not _fits(points, kind) or toy.model != request.model:
        return None
    return {
        "toy": kind, _POINTS: points.name, "toy-l2": toy.l2, "irfil-rounds": rounds
    }  # fmt: skip


def view() -> None:
    """The points, their model, and the leakage of each; beside the table in which they are edited."""
    kind = _kind()
    toy = _controls(kind)
    left, right = st.columns([3, 2])
    with right:
        _editor(toy.points)
    with left:
        try:
            result = compute.result(toy.request)
        except FilError as error:
            widgets.refused(error)
            return
        chosen = _chosen(toy.points, result.table)
        guessed = _guesses(toy, chosen, kind)
        show(toy, result, chosen, guessed, key="toy")
        _remove(toy.points, chosen)
    _numbers(toy, result)
    widgets.provenance(toy.request, result)


def _kind() -> str:
    written, points = _written(), None
    try:
        points = made.parse(written) if written else None
    except FilError as error:
        st.session_state[_SAID] = str(error)
    if points is not None and "toy" not in st.session_state and "toy" not in st.query_params:
        st.session_state["toy"] = CLASSES if points.classes else LINE
    kind = st.segmented_control(
        "Toy", list(_USUAL), default=LINE, key="toy", bind="query-params", required=True, on_change=_restart,
        help="A line through points, or a boundary between two classes of points.",
    ) or LINE  # fmt: skip
    if points is None or not _fits(points, kind):
        st.session_state[_POINTS] = _USUAL[kind].name
        with suppress(StreamlitAPIException, KeyError):  # a field has it already, and takes what was just set
            del st.query_params[_POINTS]
            st.rerun()  # a field that is drawn for the first time takes the link as it was when the run began
    return kind


def _fits(points: Points, kind: str) -> bool:
    """Whether points are drawn as this toy: a feature and a number, or two features and one of two classes."""
    return points.classes == (kind == CLASSES) and points.features == (2 if kind == CLASSES else 1)


def _restart() -> None:
    """The points of the toy that was chosen, in a new table, and its own controls."""
    kind = st.session_state["toy"]
    _put(_USUAL[kind])
    usual = {"irfil-rounds": 0, "toy-l2": _L2[kind], "toy-point": None, "guess-sigma": _SIGMA[kind]}
    st.session_state.update(usual)  # forgotten, they would come back from the link


def _without(points: Points, row: int) -> None:
    """The points without one of them, by a callback."""
    _put(points.with_rows([each for i, each in enumerate(points.rows) if i != row]))


def _put(points: Points) -> None:
    """Other points, by a callback: in a new table."""
    st.session_state[_POINTS] = points.name
    st.session_state.pop(_BASE, None)


def _controls(kind: str) -> Toy:
    """The penalty, the constant, the rounds of reweighting, and the points as text."""
    points = made.parse(_written())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        keep_in_link("toy-l2", _L2[kind])
        l2 = st.number_input(
            "Penalty λ", min_value=0.0, max_value=1e6, value=_L2[kind], step=0.01, format="%.3g", key="toy-l2",
            bind="query-params", width=150,
        )  # fmt: skip
        rounds = st.number_input(
            "Rounds of IRFIL", min_value=0, max_value=_MOST_ROUNDS, value=0, step=1, key="irfil-rounds",
            bind="query-params", width=170,
            help="Each round divides the training weights by η, so that all points come to leak the same.",
        )  # fmt: skip
        st.button(
            "One more round", icon=":material/replay:", on_click=_more, disabled=rounds >= _MOST_ROUNDS,
            key="irfil-step",
        )  # fmt: skip
        st.toggle(
            "The constant is a feature", value=points.constant, key=f"constant-{points.constant}", on_change=_constant,
            args=(points,),
            help="Whether a column of ones is penalised and at risk like a feature. Else the model has an intercept, "
            "which is neither.",
        )  # fmt: skip
        st.button("Start again", icon=":material/refresh:", on_click=_restart, key="toy-restart")
    return Toy(points, float(l2), int(rounds))


def _written() -> str:
    written: str = st.session_state.get(_POINTS) or st.query_params.get(_POINTS) or ""
    return written


def _more() -> None:
    st.session_state["irfil-rounds"] = min(_MOST_ROUNDS, int(st.session_state.get("irfil-rounds") or 0) + 1)


def _constant(points: Points) -> None:
    _put(Points(points.rows, points.test_rows, points.classes, not points.constant))


def _editor(points: Points) -> None:
    """The table in which points are changed, added and removed; and the same as text."""
    st.markdown("**Change the points here**")
    base = st.session_state.get(_BASE)
    if base is None or st.session_state.get(f"{_BASE}-now") != points.name:  # they came from elsewhere
        base = st.session_state[_BASE] = points.name
        st.session_state[f"{_BASE}-now"] = points.name
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    key = f"points-editor-{st.session_state[_TURN]}"
    start = made.parse(base)
    columns = editing.columns_of(start)
    tables.editor(
        editing.frame_of(start), editable=columns, num_rows="dynamic", key=key, on_change=_changed, args=(key, start),
        height=430, width="stretch", hide_index=False,
        column_config=dict.fromkeys(columns, st.column_config.NumberColumn(format="%.6g", required=True)),
    )  # fmt: skip
    if said := st.session_state.get(_SAID):
        st.warning(text.safe(said), icon=":material/warning:")
    with st.expander("The points as text"):
        st.text_input(
            "Name of the data set", key=_POINTS, bind="query-params",
            help="The link carries it, and every command takes it with --data.",
        )  # fmt: skip


def _changed(key: str, start: Points) -> None:
    """After an edit: the points of the table; those before where the table holds none."""
    frame, missing = editing.edited(editing.frame_of(start), st.session_state[key])
    st.session_state.pop(_SAID, None)
    try:
        points = editing.points_of(frame, start)
    except FilError as error:
        st.session_state[_SAID] = str(error)
        return
    if missing:
        st.session_state[_SAID] = f"{missing} row{'' if missing == 1 else 's'} without all numbers left out."
    st.session_state[_POINTS] = st.session_state[f"{_BASE}-now"] = points.name


def _chosen(points: Points, table: pd.DataFrame) -> int:
    """The point that is looked at: the one of the link, else the one that leaks most."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if not (0 <= int(st.session_state.get("toy-point") or 0) < len(points.rows)):
            del st.session_state["toy-point"]
        row = st.number_input(
            "Point", min_value=0, max_value=len(points.rows) - 1, value=None, step=1, key="toy-point",
            bind="query-params", placeholder=f"{int(table['eta'].to_numpy().argmax())}", width=120,
            help="Whose guesses are drawn; empty: the one that leaks most.",
        )  # fmt: skip
        st.toggle(
            "Attackers' guesses", value=True, key="guesses-shown", bind="query-params",
            help="What 200 attackers who know all other points guess of this one, from released parameters with noise.",
        )  # fmt: skip
        kind = CLASSES if points.classes else LINE
        keep_in_link("guess-sigma", _SIGMA[kind])
        st.number_input(
            "Noise σ", min_value=1e-6, max_value=1e3, value=_SIGMA[kind], format="%.3g", key="guess-sigma",
            bind="query-params", width=120, help="Of the released parameters.",
        )  # fmt: skip
    return int(table["eta"].to_numpy().argmax()) if row is None else int(row)


def _guesses(toy: Toy, chosen: int, kind: str) -> Result | None:
    if not st.session_state.get("guesses-shown", True):
        return None
    request = GuessesRequest(
        data=DataSpec(name=toy.points.name), model=toy.model, example=chosen, trials=_TRIALS,
        sigma=float(st.session_state["guess-sigma"]),
    )  # fmt: skip
    try:
        found = compute.result(request)
    except FilError as error:
        st.caption(f":material/info: {text.safe(error)}")
        return None
    return found


def show(toy: Toy, result: Result, chosen: int, guessed: Result | None, *, key: str) -> None:
    """The figure of a toy, and what its guesses say."""
    guesses, covariance = np.empty((0, 2)), np.eye(2)
    if guessed is not None and not widgets.redacted():
        names = guessed.summary["names"][:2]
        guesses = guessed.table[[f"guess_{name}" for name in names]].to_numpy()
        covariance = guessed.arrays["covariance"][:2, :2]
    figure = drawing.of(
        toy.points, result.arrays["theta"], result.table, chosen, guesses, covariance, not toy.points.constant,
        widgets.mode(),
    )  # fmt: skip
    alt = f"{len(result.table)} points, sized by η, with the model through them"
    widgets.chart(figure, alt, f"{key}-figure")
    if guessed is not None:
        request = GuessesRequest(example=chosen)
        entry = analysis_of(request)
        st.caption(entry.sentence(_subject(request, guessed), text.safe).replace("**", ""))


def _subject(request: Request, result: Result) -> Subject:
    return Subject(request, result, None, "", widgets.redacted(), 0, widgets.mode())


def _remove(points: Points, chosen: int) -> None:
    with st.container(horizontal=True):
        st.button(
            f"Remove point {chosen}", icon=":material/delete:", key="toy-remove", on_click=_without,
            args=(points, chosen), disabled=len(points.rows) <= made.LEAST_POINTS,
        )  # fmt: skip
        middle = tuple(np.mean(np.array(points.rows), axis=0)[:-1])
        target = points.rows[chosen][-1] if points.classes else float(np.mean([row[-1] for row in points.rows]))
        st.button(
            "Add a point", icon=":material/add:", key="toy-add", on_click=_put,
            args=(points.with_rows([*points.rows, (*middle, target)]),), help="In the middle; then change it.",
        )  # fmt: skip


def _numbers(toy: Toy, result: Result) -> None:
    """The measures of every point."""
    request = toy.request
    entry = analysis_of(request)
    subject = _subject(request, result)
    st.markdown(entry.sentence(subject, text.safe))
    table = subject.masked(result.table)
    left, right = st.columns([3, 2])
    with left:
        tables.table(
            table, width="stretch", column_config=widgets.number_columns(table, entry), key="toy-table",
            height=tables.fitting(len(table), most=460),
        )  # fmt: skip
    with right:
        for one in entry.figures(subject):
            st.markdown(f"**{one.title}**")
            widgets.chart(one.figure, one.alt, "toy-parts")
