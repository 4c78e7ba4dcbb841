"""Own text: what the register stores of it, its checks and its summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fil_core.data.text.corpus import Corpus, pack, unpack
from fil_core.data.text.sequences import sections_of, split
from fil_core.specs.data import DEFAULT_LONGEST

_SHOWN = 20  # lines of a summary
_SHOWN_TOKENS = 40  # of such a line


def arrays_of(corpus: Corpus) -> dict[str, np.ndarray]:
    """The arrays of a text, by the names under which they are stored."""
    arrays = {
        "codes": corpus.codes, "lengths": corpus.lengths, "lines": corpus.lines, "types": pack(corpus.types),
    }  # fmt: skip
    return arrays if corpus.blocks is None else arrays | {"blocks": corpus.blocks}


def corpus_of(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Corpus:
    """The text again.

    Args:
        arrays: as `arrays_of` made them.
        facts: as `facts_of` made them.
    """
    return Corpus(
        codes=arrays["codes"], lengths=arrays["lengths"], lines=arrays["lines"], types=unpack(arrays["types"]),
        blocks=arrays.get("blocks"), test_fraction=facts["test_fraction"], notes=tuple(facts["notes"]),
    )  # fmt: skip


def facts_of(corpus: Corpus) -> dict[str, Any]:
    """What is stored beside the arrays, as JSON values."""
    return {"class_names": [], "test_fraction": corpus.test_fraction, "notes": list(corpus.notes)}


def text_health(corpus: Corpus) -> dict[str, Any]:
    """Sizes and warnings with the default options, with the entries of `health.health`.

    Raises:
        BadData: the split leaves no training row.
    """
    train, test, notes = split(corpus, sections_of(corpus, None))
    longest = int(corpus.lengths.max()) + 1
    too_long = int((corpus.lengths + 1 > DEFAULT_LONGEST).sum())
    warnings = [] if len(test) else ["No rows are held out: the test score of a model cannot be measured."]
    if too_long:
        lines = "1 line has" if too_long == 1 else f"{too_long:,} lines have"
        warnings.append(
            f"{lines} more than {DEFAULT_LONGEST} tokens, which takes --longest {longest} or more on the command line."
        )
    return {
        "form": "text", "rows": len(train), "test_rows": len(test), "features": longest, "target": "tokens",
        "classes": [], "constant": [], "duplicates": [], "condition": None, "dependent": [], "left_out": [],
        "groups": [], "notes": [*corpus.notes, *notes], "warnings": warnings,
    }  # fmt: skip


def text_preview(corpus: Corpus) -> dict[str, Any]:
    """The summary of a text: numbers of lines, tokens, types, groups, and its first lines."""
    first = []
    for row in range(min(_SHOWN, corpus.n)):
        tokens = [corpus.types[code] for code in corpus.of(np.array([row]))]
        first.append(" ".join(tokens[:_SHOWN_TOKENS]) + (" …" if len(tokens) > _SHOWN_TOKENS else ""))
    return {
        "form": "text", "rows": corpus.n, "tokens": len(corpus.codes), "types": len(corpus.types),
        "groups": 0 if corpus.blocks is None else len(np.unique(corpus.blocks)), "head": first,
        "notes": list(corpus.notes),
    }  # fmt: skip
