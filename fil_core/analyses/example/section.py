"""The section of a report about one example."""

from fil_core.analyses.section import section

__all__ = ["section"]
