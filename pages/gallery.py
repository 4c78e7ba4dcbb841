"""The old path of the page Examples: links that were kept lead on."""

from pages.common import frame

frame.moved(__file__)
