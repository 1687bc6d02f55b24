"""Figures and the HTML page of a run, and what the command line prints.

`write_report` loads when it is first used: printing a table does not import matplotlib.
"""

from typing import TYPE_CHECKING

__all__ = ["write_report"]

if TYPE_CHECKING:
    from neuroloom.report.page import write_report


def __getattr__(name: str) -> object:
    if name == "write_report":
        from neuroloom.report.page import write_report

        return write_report
    raise AttributeError(f"neuroloom.report has no `{name}`. Did you mean `write_report`?")
