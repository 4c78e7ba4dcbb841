"""The answer: a sentence, whether training can be predicted at all, and the numbers of the run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from fil_core import Dataset, FilError, Result, analysis_of
from fil_core.analyses.light import STABLE, State, light
from fil_core.analyses.network.request import training_run
from fil_core.analyses.subject import Subject
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.specs import NetworkRequest, Request
from fil_core.specs.networks import outputs
from pages.common import compute, text, widgets
from pages.views.influence import controls

_LIGHTS: dict[State, tuple[str, str, str]] = {
    "predictable": ("Training is predictable", "green", ":material/check_circle:"),
    "far from linear": ("Training is far from linear", "orange", ":material/warning:"),
    "stochastic": ("Training is on mini-batches", "orange", ":material/shuffle:"),
    "unpredictable": ("Training is unpredictable", "red", ":material/dangerous:"),
    "not run": ("Training was not run", "gray", ":material/do_not_disturb_on:"),
}
_MANY = 1000  # outputs of all training examples, beyond which the answer takes minutes
_BELOW = re.compile(r"Take lr below ([0-9][0-9.e+-]*[0-9])")


def subject(request: Request, data: Dataset, result: Result) -> Subject:
    """What sentences and figures are about."""
    return Subject(request, result, data, "", widgets.redacted(), 1, widgets.mode())


def badge(summary: dict[str, Any]) -> None:
    """The light in words."""
    said, colour, icon = _LIGHTS[light(summary).state]
    st.badge(said, icon=icon, color=colour)  # type: ignore[arg-type]


def found(request: Request, data: Dataset, quicker: Callable[[Dataset], None] | None = None) -> Result:
    """The result; stops the page where there is none yet, with ways on from a step that is too large.

    Args:
        request: what is asked.
        data: its examples.
        quicker: draws what takes less time, where there is no result; None for what grows with rows x outputs.
    """
    place, ways_on = st.container(), st.container()
    if compute.stored(request) is None:
        job = compute.jobs().find([request])
        with ways_on:
            for message in [] if job is None else job.errors.values():
                _offer_step(message)
            if quicker is not None:
                quicker(data)
            elif data.n * outputs(len(data.class_names)) > _MANY:
                controls.offer_quick(data)
    with place:
        try:
            return compute.result(request)
        except FilError as error:
            widgets.refused(error)
            _offer_step(str(error))
            st.stop()


def _offer_step(message: str) -> None:
    """A button that sets the step to the one that an error names, or to a tenth."""
    if not message.startswith("lr: "):
        return
    named, now = _BELOW.search(message), float(st.session_state["lr"])
    if (lr := float(named[1]) if named else now / 10) < now:
        st.button(f"Use lr = {lr:g}", icon=":material/play_arrow:", key="use-lr", on_click=_set_lr, args=(lr,))


def _set_lr(lr: float) -> None:
    st.session_state["lr"] = lr


def view(request: UniqueInfoRequest, data: Dataset, result: Result) -> None:
    """The sentence, the light and the metrics."""
    st.markdown(analysis_of(request).sentence(subject(request, data, result), text.safe))
    badge(result.summary)
    widgets.metrics(_facts(result.summary))
    if request.network.steps is not None:
        training(request, data)


def training(request: NetworkRequest, data: Dataset) -> None:
    """The real run of training, where it is stored: its sentence, loss and stability."""
    asked = training_run(request)
    run = compute.stored(asked)
    if run is None:
        return
    about = subject(asked, data, run)
    analysis = analysis_of(asked)
    st.caption(analysis.sentence(about, text.safe))
    drawn = analysis.figures(about)
    with st.expander("The run of training"):
        for place, one in zip(st.columns(len(drawn)), drawn, strict=True):
            with place:
                st.markdown(f"**{one.title}**")
                widgets.chart(one.figure, one.alt, f"training-{one.title}")


def _facts(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    if s["monotone"] is None:
        monotone, distance, test = (("not run", "time is infinite"),) * 3
    else:
        rose = f"rose in {text.counted(s['rises'], 'step')}"
        monotone = ("yes", "in every step") if s["monotone"] else ("no", rose)
        distance = (text.percent(s["linear_distance"], 1), "of the way moved")
        test = (text.score(s["test_score"], s["score"]), f"train {text.score(s['train_score'], s['score'])}")
    return {
        "Weights": (text.count(s["parameters"]), text.counted(s["outputs"], "output")),
        "Step × curvature": (text.number(s["step_eigenvalue"]), f"below {STABLE:g} is stable"),
        "Loss falls": monotone,
        "Kernel condition": (text.number(s["kernel_condition"]), "least / largest"),
        "Linear to real": distance,
        f"Test {s['score']}": test,
    }
