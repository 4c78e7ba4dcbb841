"""Names out of the data as plain text for a terminal."""

from __future__ import annotations


def visible(value: object) -> str:
    r"""A text without what a terminal would obey or hide: control and format characters are written as in `repr`.

    So a file, class or column cannot clear the screen, begin a line of its own, or turn the direction of writing.

    >>> visible("a\x1b[2J\nb\u202e")
    'a\\x1b[2J\\nb\\u202e'
    """
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def visible_lines(text: str) -> str:
    """Several lines, each as `visible`."""
    return "\n".join(map(visible, text.split("\n")))
