"""The guided tour: six steps, each a figure with live numbers and what they mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import streamlit as st

from fil_core import DataSpec, Result
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.data import points as made
from pages.common import compute, text, widgets
from pages.common.links import keep_in_link
from pages.common.site import page
from pages.views.learn import editing, toys
from pages.views.learn.toys import Toy

_STEP = "step"
_LINE = Toy(dataclasses.replace(made.LINE, constant=False), 0.0)
_CLASSES = Toy(made.CLASSES, 0.01)
_MOVED = 1  # a point of the line
_ODD = 10  # of the classes
_ROUNDS = 15
_SIGMA = 0.003


def view() -> None:
    """One step, and the way to the next."""
    step = _step()
    title, body = _STEPS[step - 1]
    st.subheader(f"{step} of {len(_STEPS)}: {title}", anchor=False)
    body()
    with st.container(horizontal=True):
        st.button("Back", icon=":material/arrow_back:", key="tour-back", on_click=_go, args=(-1,), disabled=step == 1)
        st.button(
            "Next", icon=":material/arrow_forward:", key="tour-next", on_click=_go, args=(1,), type="primary",
            disabled=step == len(_STEPS),
        )  # fmt: skip


def _step() -> int:
    keep_in_link(_STEP, 1)
    chosen = st.pills(
        "Step", list(range(1, len(_STEPS) + 1)), default=1, key=_STEP, bind="query-params", required=True
    )  # fmt: skip
    return int(chosen or 1)


def _go(by: int) -> None:
    st.session_state[_STEP] = min(len(_STEPS), max(1, int(st.session_state.get(_STEP) or 1) + by))


def _result(toy: Toy) -> Result:
    return compute.result(toy.request)


def _released() -> None:
    """Moving one point moves the line."""
    up = st.slider("Move point 1 up", -20.0, 20.0, 10.0, 1.0, key="tour-up", width=420)
    x, y = _LINE.points.rows[_MOVED]
    moved = Toy(editing.moved(_LINE.points, _MOVED, (x, y + up)), 0.0)
    before, after = _result(_LINE).arrays["theta"], _result(moved)
    toys.show(moved, after, _MOVED, None, key="tour-released")
    slope, constant = after.arrays["theta"]
    st.markdown(
        f"A company publishes a line through ten people's numbers: slope **{text.number(slope)}**, constant "
        f"**{text.number(constant)}**. It publishes no person. But the line is made of all ten: move point 1 up by "
        f"**{up:g}** and the slope changes by **{text.number(slope - before[0])}**. Who sees the line sees something "
        "of each point. The question is how much."
    )


def _eta() -> None:
    """Eta is how far the line moves, per unit of a point."""
    result = _result(_LINE)
    table = result.table
    toys.show(_LINE, result, _leakiest(), None, key="tour-eta")
    row, far = table.loc[_leakiest()], int(table["residual"].abs().idxmax())
    shares = [round(100 * row[part] / row.eta**2) for part in ("leverage_part", "residual_part", "interaction_part")]
    place = int(table["eta"].rank(ascending=False)[far])
    st.markdown(
        "**η** is how far the published numbers move when a point moves by one, in the direction that moves them most. "
        f"The size of each point shows its η. Point **{_leakiest()}** leaks most, **{text.number(row.eta)}**. Point "
        f"{far} lies farthest from the line, by {text.number(abs(table.residual[far]))}, and is number {place} with "
        f"**{text.number(table.eta[far])}**: η is made of the residual, of the place along the line (leverage), and of "
        f"how the two work together. Of point {_leakiest()}'s η², {shares[0]} % is due to its leverage, {shares[1]} % "
        f"to its residual, {shares[2]} % to both together."
    )


def _leakiest() -> int:
    return int(_result(_LINE).table["eta"].idxmax())


def _bound() -> None:
    """The bound as an ellipse with guesses in it."""
    sigma = st.select_slider(
        "Noise σ added to the published numbers", [0.001, 0.002, 0.003, 0.005, 0.01], value=_SIGMA, key="tour-sigma",
        width=420,
    )  # fmt: skip
    data, model = DataSpec(name=_LINE.points.name), _LINE.model
    request = GuessesRequest(data=data, model=model, example=_leakiest(), sigma=sigma, trials=200)
    toys.show(_LINE, _result(_LINE), _leakiest(), compute.result(request), key="tour-bound")
    eta = float(_result(_LINE).table["eta"].max())
    st.markdown(
        "Noise hides points. With noise of standard deviation σ, **no unbiased attacker can estimate any direction of "
        f"a point more precisely than σ/η**: here {text.number(sigma)} / {text.number(eta)} = "
        f"**{text.number(sigma / eta)}**. The ellipse is that bound in all directions. Each small dot is the best "
        "guess of an attacker who knows all other nine points and sees one noisy line. The ellipse is long: along it a "
        "change of the point hardly moves the line, so little of it is given away."
    )


def _odd() -> None:
    """A classifier, and the odd one out."""
    result = _result(_CLASSES)
    toys.show(_CLASSES, result, _ODD, None, key="tour-odd")
    table = result.table
    rest = table["eta"].drop(_ODD).max()
    st.markdown(
        "The same holds for a classifier. Ten points lie in two rows, one row for each class; point "
        f"**{_ODD}** has the label of one class and lies by the other. The model has to bend for it, and gives it "
        f"away: its η is **{text.number(table['eta'][_ODD])}**, that of all others at most **{text.number(rest)}**. In "
        "real data such points are people who are unlike the others of their group."
    )


def _even() -> None:
    """Reweighting evens leakage out."""
    rounds = st.slider("Rounds of reweighting", 0, _ROUNDS, _ROUNDS, key="tour-rounds", width=420)
    toy = Toy(made.CLASSES, 0.01, rounds)
    result = _result(toy)
    toys.show(toy, result, _ODD, None, key="tour-even")
    low, high = result.table["eta"].min(), result.table["eta"].max()
    between = (
        f"all points leak the same, **{high:.4f}**" if high - low < 1e-4 * high
        else f"η lies between **{text.number(low)}** and **{text.number(high)}**"
    )  # fmt: skip
    first = _result(_CLASSES).table["eta"]
    st.markdown(
        "What can be done? Train again with weights that are divided by each point's η, and repeat (**IRFIL**). After "
        f"{rounds} round{'' if rounds == 1 else 's'} {between}; with equal weights it lies between "
        f"{text.number(first.min())} and {text.number(first.max())}. Nobody stands out in the end, though some leak "
        "more than before. η takes the weights as constants."
    )


def _real() -> None:
    """The way to real data."""
    st.markdown(
        "Real data have thousands of examples and hundreds of features, and every η is as exact as on the toys: it is "
        "neither sampled nor found by training again.\n\n"
        "- **Overview** shows whose data a model reveals most.\n"
        "- **Attacks** guesses hidden attributes and reconstructs pictures from noisy parameters.\n"
        "- **Mitigations** compares reweighting, noise, a larger penalty and leaving examples out, with their price.\n"
        "- The **failure modes** above show where η says less than one might think.\n"
    )
    with st.container(horizontal=True):
        for path in ("pages/overview.py", "pages/attacks.py", "pages/mitigations.py"):
            entry = page(path)
            st.page_link(entry.path, label=entry.title, icon=entry.icon, query_params={"data": "digits"})
    if widgets.redacted():
        st.caption("Redaction is on: pictures of real data are coarse.")


_STEPS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("a model is made of everybody", _released),
    ("η says how much of each", _eta),
    ("what the number means", _bound),
    ("the odd one out", _odd),
    ("evening it out", _even),
    ("real data", _real),
)
