"""The old path of the page Examples, for old links."""

from pages.common import frame

frame.moved(__file__)
