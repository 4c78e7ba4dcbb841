"""The signals of a result as a file that `--signals` reads again."""

from __future__ import annotations

from fil_core.analyses.subject import Subject
from fil_core.errors import BadData
from fil_core.membership.files import signals_npz
from fil_core.membership.signals import Signals


def signals_file(subject: Subject) -> bytes:
    """Ids, scores and inclusion as .npz; ids are texts where the source has names.

    Raises:
        BadData: the examples are not there any more, so that their ids are not known.
    """
    if subject.data is None:
        raise BadData(f"signals: expected the examples, whose ids the file names. {subject.missing}")
    arrays, data = subject.result.arrays, subject.data
    return signals_npz(data.called(data.ids), Signals(arrays["scores"], arrays["inclusion"]))
