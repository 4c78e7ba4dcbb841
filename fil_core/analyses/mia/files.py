"""The signals of a result as a file that `--signals` reads again."""

from __future__ import annotations

import io

import numpy as np

from fil_core.analyses.subject import Subject
from fil_core.errors import BadData


def signals_file(subject: Subject) -> bytes:
    """Ids, scores and inclusion as .npz; ids are texts where the source has names.

    Raises:
        BadData: the examples are not there any more, so that their ids are not known.
    """
    if subject.data is None:
        raise BadData(f"signals: expected the examples, whose ids the file names. {subject.missing}")
    arrays, ids = subject.result.arrays, np.asarray(subject.data.called(subject.data.ids))
    content = io.BytesIO()
    np.savez_compressed(
        content, ids=ids.astype(str) if ids.dtype == object else ids, scores=arrays["scores"],
        inclusion=arrays["inclusion"],
    )  # fmt: skip
    return content.getvalue()
