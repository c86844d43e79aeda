"""One HTML page that opens offline: the figure, the tables and the method, nothing fetched."""

from __future__ import annotations

from pathlib import Path

import jinja2

from reports.load import Report
from reports.tables import NOT_MEASURED, iou_text, notes, quantile_text, relative_text

_TEMPLATES = Path(__file__).parent / "templates"


def page_html(report: Report, figure_svg: str) -> str:
    """The whole page; `figure_svg` is inlined as it is."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        report=report,
        figure=figure_svg[figure_svg.index("<svg") :],
        notes=notes(report),
        iou_text=iou_text,
        quantile_text=quantile_text,
        relative_text=relative_text,
        not_measured=NOT_MEASURED,
    )
