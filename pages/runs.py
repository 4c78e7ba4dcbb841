"""The old path of the page Results, for old links."""

from pages.common import frame

frame.moved(__file__)
