"""The maps of one picture."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display import charts, pictures

MAPS = {
    "pixel_eta": ("Which pixels leak through the network", False),
    "direction": ("Most exposed direction through the network", True),
    "raw_pixel_eta": ("Which pixels leak without a network", False),
    "raw_direction": ("Most exposed direction without a network", True),
}


def figures(subject: Subject) -> list[Drawn]:
    """Heat maps over the pixels; none while redacted, as they show the outline of the picture."""
    data, arrays = subject.data, subject.result.arrays
    if data is None or data.picture_shape is None or subject.redact:
        return []
    return [
        Drawn(
            title,
            f"{title}: heat map over the pixels",
            charts.heat_map(pictures.strongest(arrays[name], data.picture_shape), subject.mode, signed=signed),
        )
        for name, (title, signed) in MAPS.items()
        if name in arrays
    ]
