"""Writes a report: a folder with index.html, tables and figures."""

from __future__ import annotations

from pathlib import Path

from reports.gather.places import shortened
from reports.gather.report import Report
from reports.page.page import page_html
from reports.pictures.figures import draw_pareto
from reports.pictures.precision_figure import draw_precision
from reports.precision import precision_records
from reports.since import Moves
from reports.text.listing import csv_text
from reports.text.tables import every_row, moves_markdown, rows_csv, rows_json, rows_parquet
from zoo.base.files import write_text
from zoo.base.lock import locked

ROWS_IN_PAGE = 1_000


def write_report(folder: Path, report: Report, moves: Moves | None = None) -> Path:
    """Every form of the report, into `folder`; returns the path of the page. moves: since an
    earlier report, in the page and in moved.md. The tables have every row; the page and the
    pictures of very many devices have the first, and name the others."""
    page = folder / "index.html"
    shown = shortened(report, ROWS_IN_PAGE)
    with locked(folder):
        draw_pareto(shown, folder)
        draw_precision(shown, folder)
        write_text(folder / "table.md", every_row(report))
        write_text(folder / "precision.csv", csv_text(precision_records(report)))
        if moves is None:
            (folder / "moved.md").unlink(missing_ok=True)
        else:
            write_text(folder / "moved.md", moves_markdown(moves))
        write_text(folder / "table.csv", rows_csv(report))
        rows_parquet(report, folder / "table.parquet")
        write_text(folder / "rows.json", rows_json(report) + "\n")
        write_text(page, page_html(shown, moves))
    return page
