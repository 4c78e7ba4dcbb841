"""Data sets by name: `catalogue()` lists them, `resolve(spec)` makes a `DataSpec` canonical, `load(spec)` reads it."""

from fil_core.data.loading import assemble, load
from fil_core.data.raw import Raw
from fil_core.data.registry import Source, catalogue, data_directory, resolve, source_of
from fil_core.progress import Progress

__all__ = ["Progress", "Raw", "Source", "assemble", "catalogue", "data_directory", "load", "resolve", "source_of"]
