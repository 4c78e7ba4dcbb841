"""Sections about attacks: guessed attributes and reconstructed examples, beside what theory promises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fil_core.display import attack_charts, findings, pictures, redaction
from fil_core.display import html as e
from fil_core.display.numbers import count, number, percent
from fil_core.leakage.comparison import deciles
from fil_core.report.subject import Subject, leakiest, picture_address

_WHITE = ("whitebox-prior", "whitebox")
_FINE = 31  # points of a closed form
_NOISES = 6  # of a reconstruction that are shown as pictures
_VALUES = 40  # of a record that are listed


def attribute(subject: Subject) -> str:
    """Who guesses an attribute rightly, under which noise."""
    found, s = subject.result, subject.result.summary
    sigma = s["sigmas"][len(s["sigmas"]) // 2]
    white = {name: findings.success(found, name, sigma) for name in _WHITE if name in s["accuracy"]}
    table = found.table[["label", "value", "eta"]].assign(**{f"success of {name}": p for name, p in white.items()})
    if subject.redact:  # whether a guess of the most frequent value is right says who has it
        table = table[["label", "value", "eta"]].assign(label=redaction.MASK, value=redaction.MASK)
    listed = leakiest(subject, table).drop(columns="percentile").rename_axis("id")
    level = s["sigmas"].index(sigma)
    share = {name: values[level] for name, values in s["accuracy"].items()}
    share |= {name: float(p.mean()) for name, p in white.items()}  # of a closed form where there is one
    shown = {name: (percent(value), f"at σ = {number(sigma)}") for name, value in share.items()}
    accuracy = pd.DataFrame(s["accuracy"] | {f"{k} (exact)": v for k, v in s["exact"].items()}, index=s["sigmas"])
    return "".join(
        [
            e.sentence(findings.guessed(found, sigma, e.quoted)),
            e.metrics(shown),
            e.figures(_against_noise(subject, sigma), _deciles(subject, white)),
            e.table(accuracy.rename_axis("σ"), "Share guessed rightly by each attacker"),
            e.heading(f"The leakiest {count(len(listed))}, at σ = {number(sigma)}"),
            e.table(listed[["rank", *table.columns]].rename(columns={"eta": "η"})),
        ]
    )


def _against_noise(subject: Subject, sigma: float) -> str:
    found, s = subject.result, subject.result.summary
    noisy = [i for i, level in enumerate(s["sigmas"]) if level > 0]
    if not noisy:
        return ""
    drawn_at = [s["sigmas"][i] for i in noisy]
    lines: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
    points: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = {}
    for name in _WHITE if "gram" in found.arrays else ():
        if name in s["exact"]:
            fine = [float(v) for v in np.geomspace(min(drawn_at), max(drawn_at), _FINE)]
            lines[name] = (fine, [float(findings.success(found, name, level).mean()) for level in fine])
    for name, accuracy in s["accuracy"].items():
        values, error = [accuracy[i] for i in noisy], [s["standard_error"][name][i] or 0.0 for i in noisy]
        if name in ("baseline", "ideal"):
            lines[name] = (drawn_at, values)
        elif any(error) or name not in lines:
            points[name] = (drawn_at, values, error)
    drawn = attack_charts.success(lines, points, sigma, "light")
    return e.figure(drawn, "Accuracy against noise", "Share of right guesses of each attacker against the output noise")


def _deciles(subject: Subject, white: dict[str, np.ndarray]) -> str:
    eta = subject.result.table["eta"].to_numpy()
    if not white or (subject.redact and redaction.deciles_tell(len(eta))):
        return ""
    groups = [group for group in deciles(eta) if len(group)]
    rows = {name: [float(v[group].mean()) for group in groups] for name, v in ({"mean eta": eta} | white).items()}
    parts = pd.DataFrame(rows, index=pd.RangeIndex(1, 1 + len(groups), name="decile"))
    drawn = attack_charts.deciles(parts, max(subject.result.summary["prior"]), "light")
    return e.figure(drawn, "By η", "Share of right guesses in each decile of the examples by eta")


def reconstruction(subject: Subject) -> str:
    """What an attacker makes of some examples under noise."""
    ids = list(dict.fromkeys(subject.result.table.index))
    shown = "".join(_one(subject, position, int(id)) for position, id in enumerate(ids[: subject.top]))
    more = len(ids) - subject.top
    return shown + (e.paragraph(f"{count(more)} more examples were attacked.", "note") if more > 0 else "")


def _one(subject: Subject, position: int, id: int) -> str:
    rows = subject.result.table.loc[[id]]
    middle = rows.iloc[len(rows) // 2]
    prior_std = subject.result.summary["prior_std"]
    columns = ["sigma", "mse", "psnr", "mse_prior", "psnr_prior", "bound_unbiased", "bound_prior", "explained"]
    drawn = ""
    if (rows["sigma"] > 0).any():
        chart = attack_charts.errors(rows, float(middle["sigma"]), prior_std, "light")
        drawn = e.figure(chart, "Error against noise", "Root mean squared error of both attacks, beside their bounds")
    return "".join(
        [
            e.heading(f"Example {id:,}"),
            e.sentence(findings.reconstructed(rows, middle, prior_std, prior=True)),
            _guesses(subject, position, rows["sigma"].tolist()),
            e.figures(drawn),
            e.table(rows[columns].set_index("sigma").rename_axis("σ"), "Errors a feature, squared, and their bounds"),
        ]
    )


def _guesses(subject: Subject, position: int, sigmas: list[float]) -> str:
    arrays, data = subject.result.arrays, subject.data
    truth, guess = arrays["truth"][position], arrays["guess_prior"][position]
    levels = sorted({round(x) for x in np.linspace(0, len(sigmas) - 1, _NOISES)})
    if data is None:
        return e.paragraph(subject.missing, "note")
    if data.image_shape is None:
        return _record(subject, data.source_names, truth, [(sigmas[i], guess[i]) for i in levels])
    shown = [("what is attacked", truth)] + [(f"σ = {number(sigmas[i])}", guess[i]) for i in levels]
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
    return e.table(redaction.hidden(shown) if subject.redact else shown, "The guess with a prior") + more
