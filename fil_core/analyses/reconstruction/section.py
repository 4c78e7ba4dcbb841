"""The section of a report about reconstructed examples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.listing import picture_address
from fil_core.analyses.reconstruction.figures import error_figures
from fil_core.analyses.reconstruction.words import reconstructed
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display import pictures
from fil_core.display.numbers import count, counted, number, verb
from fil_core.display.redaction import hidden

_NOISES = 6  # noise levels that are shown as pictures
_VALUES = 40  # of a record that are listed


def section(subject: Subject) -> str:
    """The reconstructions of some examples by noise."""
    ids = list(dict.fromkeys(subject.result.table.index))
    shown = "".join(_one(subject, position, int(id)) for position, id in enumerate(ids[: subject.top]))
    more = len(ids) - subject.top
    return shown + (
        e.paragraph(f"{counted(more, 'more example')} {verb(more, 'was', 'were')} attacked.", "note")
        if more > 0
        else ""
    )


def _one(subject: Subject, position: int, id: int) -> str:
    rows = subject.result.table.loc[[id]]
    prior_std = subject.result.summary["prior_std"]
    columns = ["sigma", "mse", "psnr", "mse_prior", "psnr_prior", "bound_unbiased", "bound_prior", "explained"]
    return "".join(
        [
            e.heading(f"Example {subject.called(id)}"),
            e.sentence(reconstructed(rows, rows.iloc[len(rows) // 2], prior_std, prior=True)),
            _guesses(subject, position, rows["sigma"].tolist()),
            e.drawn(error_figures(rows, prior_std, subject.mode)),
            e.table(
                rows[columns].set_index("sigma").rename_axis("σ"), "Mean squared error per feature, and its bounds"
            ),
        ]
    )


def _guesses(subject: Subject, position: int, sigmas: list[float]) -> str:
    arrays, data = subject.result.arrays, subject.data
    truth, guess = arrays["truth"][position], arrays["guess_prior"][position]
    levels = sorted({round(x) for x in np.linspace(0, len(sigmas) - 1, _NOISES)})
    if data is None:
        return e.paragraph(subject.missing, "note")
    if data.image_shape is None:
        return _record(subject, subject.features, truth, [(sigmas[i], guess[i]) for i in levels])
    shown = [("true example", truth)] + [(f"σ = {number(sigmas[i])}", guess[i]) for i in levels]
    return e.pictures((picture_address(subject, pictures.pixels(data, values)), name) for name, values in shown)


def _record(
    subject: Subject, columns: tuple[str, ...], truth: np.ndarray, guesses: list[tuple[float, np.ndarray]]
) -> str:
    names = pd.Index(columns, name="column")
    frame = pd.DataFrame({"truth": truth} | {f"σ = {number(sigma)}": guess for sigma, guess in guesses}, index=names)
    shown = frame.head(_VALUES)
    more = (
        e.paragraph(f"The first {_VALUES} of {count(len(frame))} columns.", "note") if len(shown) < len(frame) else ""
    )
    shown = hidden(shown) if subject.redact else shown
    return e.table(shown, "The reconstruction with a prior", values=tuple(shown.columns)) + more
