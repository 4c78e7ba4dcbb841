"""Which network is asked about and how it is trained; every control is part of the link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fil_core import BadRequest, Dataset
from fil_core.analyses.unique_information.request import TANGENT_KERNELS, UniqueInfoRequest
from fil_core.specs import NETWORKS, NetworkSpec
from fil_core.specs.network import MOST_DEPTH, MOST_WIDTH
from fil_core.specs.networks import ACTIVATIONS, SCALINGS, NetworkFamily
from fil_core.specs.options import Kind, places
from pages.common import models, sidebar, text

_WIDTH = 256
_FEW = 100  # rows
_BEFORE = "network-before"
_FIELDS = {
    "network": "kind", "width": "width", "depth": "depth", "activation": "activation", "scaling": "scaling",
    "no-bias": "no_bias", "init-seed": "init_seed", "lr": "lr", "time": "time", "decay": "l2",
    "embedding": "embedding", "tied": "tied",
}  # fmt: skip
_OF_BATCHES = ("batch", "batch-seed", "precision")
CONTROLS = (*_FIELDS, "validation-size")  # of the network, its training and its validation rows
LINKS = {field: link for link, field in _FIELDS.items()} | {"batch": "batch", "precision": "precision"}
_PIXELS = 132  # of a control: six stand in a row on a screen of 1440


@dataclass(frozen=True, slots=True)
class Usual:
    """What the controls start with.

    Attributes:
        lr: a step at which training is stable on every built-in data set.
        steps: that take seconds.
        batch: examples per step, 0 for all.
        before: where the values of the last visit are kept.
    """

    lr: float = 0.05
    steps: str = "500"
    batch: int = 0
    before: str = _BEFORE


USUAL = Usual()
# Networks of an ensemble, in which an attack is to find something: a step and mini-batches that fit the training rows.
OF_ENSEMBLE = Usual(0.5, "800", 32, "ensemble-before")
_TRY = {
    "Digits, 3 against 8": {"data": "digits", "classes": ["3", "8"]},
    "Breast cancer": {"data": "breast-cancer", "classes": []},
    "Diabetes": {"data": "diabetes", "classes": []},
}


def request(data: Dataset) -> UniqueInfoRequest:
    """Draw the controls and return what they ask.

    Raises:
        BadRequest: a value that no network can have.
    """
    with st.container(horizontal=True):
        made, validation = network(data)
        kernel = _kernel()
    return UniqueInfoRequest(
        data=sidebar.data_spec(),
        network=NetworkSpec(**made),
        validation_size=validation,
        tangent_kernel=kernel,
        device=st.session_state["device"],
    )


def of_ensemble(data: Dataset) -> dict[str, Any]:
    """Draw the controls of the networks of an ensemble, as they were on the page before; the fields of their spec.

    Raises:
        BadRequest: a time that is none.
    """
    _recall(OF_ENSEMBLE)
    made = {**_architecture(data), **_training(OF_ENSEMBLE), **batches(OF_ENSEMBLE.batch), "precision": _precision()}
    _remember(OF_ENSEMBLE)
    return made


def network(data: Dataset) -> tuple[dict[str, Any], int | None]:
    """Draw the controls of the network, its training and its validation rows, as they were on the page before.

    Returns:
        The fields of its spec, and the number of validation rows, None for all.

    Raises:
        BadRequest: a time that is none.
    """
    _recall(USUAL)
    architecture, training, validation = _architecture(data), _training(USUAL), validation_rows()
    _remember(USUAL)
    return {**architecture, **training}, validation or None


def _recall(usual: Usual) -> None:
    before: dict[str, Any] = st.session_state.get(usual.before, {})
    for name, value in before.items():
        if name not in st.session_state and name not in st.query_params:
            st.session_state[name] = value


def _remember(usual: Usual) -> None:
    names = (*CONTROLS, *_OF_BATCHES) if usual is OF_ENSEMBLE else CONTROLS
    st.session_state[usual.before] = {name: st.session_state[name] for name in names if name in st.session_state}


def last_network() -> tuple[NetworkSpec, int | None]:
    """The network and the validation rows that these controls were set to last; the usual ones before.

    Raises:
        BadRequest: no network can have these values.
    """
    before: dict[str, Any] = st.session_state.get(_BEFORE, {})
    fields: dict[str, Any] = {_FIELDS[name]: value for name, value in before.items() if name in _FIELDS}
    applies = NETWORKS[fields.get("kind", NetworkSpec().kind)].options
    fields = {name: value for name, value in fields.items() if name not in _CONTROLS or name in applies}
    if "time" in fields:
        fields["time"] = read("time", fields["time"])
    return NetworkSpec(**fields), before.get("validation-size") or None


def _architecture(data: Dataset) -> dict[str, Any]:
    kinds = [name for name, family in NETWORKS.items() if _fits(family, data)]
    if st.session_state.get("network") not in (None, *kinds):
        del st.session_state["network"]
    first = kinds.index("mlp") if "mlp" in kinds else 0
    kind = st.selectbox("Network", kinds, index=first, key="network", bind="query-params", width=_PIXELS)
    layers = _layers(NETWORKS[kind].options)
    seed = st.number_input(
        "Seed of the start", min_value=0, value=0, key="init-seed", bind="query-params", width=_PIXELS,
        help="The weights that the network starts with are drawn at random.",
    )  # fmt: skip
    return {"kind": kind, "init_seed": int(seed), **layers}


def _fits(family: NetworkFamily, data: Dataset) -> bool:
    images = data.image_shape is not None or not family.needs_images
    return images and family.needs_text == bool(data.vocabulary)


def _layers(applies: tuple[str, ...]) -> dict[str, Any]:
    """The controls of the layers that have a meaning; of the others the spec keeps its defaults."""
    return {name: control() for name, control in _CONTROLS.items() if name in applies}


def _width() -> int:
    width = st.number_input(
        "Width", min_value=1, max_value=MOST_WIDTH, value=_WIDTH, step=64, key="width", bind="query-params",
        width=_PIXELS, help="Units of each hidden layer.",
    )  # fmt: skip
    return int(width)


def _depth() -> int:
    depth = st.number_input(
        "Hidden layers", min_value=1, max_value=MOST_DEPTH, value=1, key="depth", bind="query-params", width=_PIXELS
    )
    return int(depth)


def _activation() -> str:
    return str(st.selectbox("Activation", ACTIVATIONS, key="activation", bind="query-params", width=_PIXELS))


def _scaling() -> str:
    scaling = st.selectbox(
        "Scaling", SCALINGS, key="scaling", bind="query-params", width=_PIXELS,
        help="standard: PyTorch's start. ntk: weights of variance one, multiplied by 1/√inputs in each layer.",
    )  # fmt: skip
    return str(scaling)


def _no_bias() -> bool:
    return st.checkbox("No biases", key="no-bias", bind="query-params", help="The layers have no biases.")


def _precision() -> str:
    precision = st.selectbox(
        "Precision", ("float32", "float64"), key="precision", bind="query-params", width=_PIXELS,
        help="Of the numbers that the networks compute with; float32 takes about half of the time.",
    )  # fmt: skip
    return str(precision)


def batches(usual: int = USUAL.batch) -> dict[str, Any]:
    """Draw the controls of mini-batches; the fields of the spec, none where every step takes all examples.

    Args:
        usual: examples per step that the control starts with.
    """
    batch = st.number_input(
        "Mini-batch", min_value=0, value=usual, key="batch", bind="query-params", width=_PIXELS,
        help="Examples per step, in a seeded order; 0 takes all of them.",
    )  # fmt: skip
    seed = st.number_input(
        "Seed of batches", min_value=0, value=0, key="batch-seed", bind="query-params", width=_PIXELS,
    )  # fmt: skip
    return {"batch": int(batch), "batch_seed": int(seed)} if batch else {}


def _embedding() -> int:
    embedding = st.number_input(
        "Embedding", min_value=1, max_value=MOST_WIDTH, value=16, key="embedding", bind="query-params", width=_PIXELS,
        help="Numbers that stand for a token.",
    )  # fmt: skip
    return int(embedding)


def _tied() -> bool:
    return st.checkbox(
        "Tied", key="tied", bind="query-params", help="The output has the embedding's matrix, as wide as the layers."
    )


_CONTROLS: dict[str, Callable[[], Any]] = {
    "width": _width,
    "depth": _depth,
    "activation": _activation,
    "scaling": _scaling,
    "no_bias": _no_bias,
    "embedding": _embedding,
    "tied": _tied,
}


def _training(usual: Usual) -> dict[str, Any]:
    lr = st.number_input(
        "Step (lr)", min_value=0.0, value=usual.lr, step=0.01, format="%.3g", key="lr", bind="query-params",
        width=_PIXELS,
        help="Of gradient descent on the mean of half the squared error, or of a text on the mean loss of a token.",
    )  # fmt: skip
    time = st.text_input(
        "Number of steps", value=usual.steps, key="time", bind="query-params", width=_PIXELS,
        help="A number, or inf for the limit of infinitely many, which the linearised network alone can tell.",
    )  # fmt: skip
    decay = st.number_input(
        "Decay", min_value=0.0, value=0.0, step=0.001, format="%.3g", key="decay", bind="query-params", width=_PIXELS,
        help="λ/2 · ‖w − w₀‖² is added to the mean loss, with w₀ the weights at the start.",
    )  # fmt: skip
    return {"lr": float(lr), "time": read("time", time), "l2": float(decay)}


def validation_rows() -> int:
    """The control of the test rows that count; 0 for all of them."""
    validation = st.number_input(
        "Validation rows", min_value=0, value=0, step=50, key="validation-size", bind="query-params", width=_PIXELS,
        help="Predictions are compared on so many rows from the start of the test split; 0 takes all of them.",
    )  # fmt: skip
    return int(validation)


def _kernel() -> str:
    return st.selectbox(
        "Kernel", TANGENT_KERNELS, key="kernel", bind="query-params", width=_PIXELS,
        help="auto: exact where it fits in memory, else from random projections of the weights.",
    )  # fmt: skip


def read(name: str, written: str, of: type = NetworkSpec) -> Any:
    """The value that a text field holds, as the command line would read it.

    Args:
        name: of the field of the spec.
        written: what stands in the text field.
        of: the spec.

    Raises:
        BadRequest: no such value.
    """
    kind: Kind = next(place.option.kind for place in places(of) if place.path[-1] == name)
    try:
        return kind.read(written)
    except ValueError as error:
        raise BadRequest(f"{name}: {error}.") from None


def offer_quick(data: Dataset, *, size: str = "rows × outputs", rows: int = _FEW) -> None:
    """Buttons that set the sidebar to fewer rows, or to data of which the answer takes seconds.

    Args:
        data: what takes long.
        size: the work grows with its cube.
        rows: that take seconds.
    """
    st.caption(f"The work grows with the cube of {size}. Quicker:")
    with st.container(horizontal=True):
        if data.n > rows:
            label = f"{text.count(rows)} of these rows"
            st.button(label, icon=":material/play_arrow:", key="quick-few", on_click=_choose_few, args=(rows,))
        for name, values in _TRY.items():
            st.button(name, icon=":material/play_arrow:", key=f"quick-{name}", on_click=_choose, args=(values,))


def _choose_few(rows: int) -> None:
    st.session_state["subset"] = rows


def _choose(values: dict[str, Any]) -> None:
    sidebar.use(values["data"])
    if values["classes"]:
        st.session_state["classes"] = values["classes"]
    models.follow_data()
