"""One HTML page that opens offline: nothing is fetched, and its own policy forbids it to."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from reports.fronts.choose import Budget, choice_text, choose, rivals
from reports.fronts.fronts import drawn
from reports.gather.places import Place, places
from reports.gather.report import Report
from reports.gather.unmeasured import Unmeasured, lacking
from reports.page.columns import COLUMNS
from reports.page.payload import payload
from reports.pictures.charts import charts
from reports.pictures.figures import pareto_svg
from reports.pictures.vega import vega_code
from reports.precision import costs
from reports.since import Moves
from reports.text.tables import left_out, remarks
from zoo.artifact.iou import points_text

TEMPLATES = Path(__file__).parent / "templates"
# In the order in which they use one another.
SCRIPTS = (
    *("text", "state", "answer", "bars", "scatter", "table", "download"),
    *("point", "compare", "precision", "start"),
)
# What is answered where scripts are off.
BUDGETS_MS = (16.7, 33.3)


def page_html(report: Report, moves: Moves | None = None) -> str:
    """The whole page, and what moved since an earlier report."""
    scripts = [vega_code(), _own_script()] if report.rows else []
    found = places(report)
    pictured = found[0].facets if found else []
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            places=found,
            answers=[_answers(place) for place in found],
            columns=COLUMNS,
            gaps=[Unmeasured() for _ in found],
            unmeasured=lacking,
            points_text=points_text,
            costs=costs(report),
            moves=moves,
            remarks=remarks(report),
            left_out=left_out(report),
            figure=_shortened(pareto_svg(report, pictured)),
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            data=_json({**payload(report), "charts": charts()}) if report.rows else "",
            scripts=scripts,
            policy=_policy(scripts),
        )
    )


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shortened(svg: str) -> str:
    """A picture with hundredths of a point and without remarks."""
    picture = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    picture = re.sub(r"(\.\d\d)\d+", r"\1", picture[picture.index("<svg") :])
    return re.sub(r"\s*\n\s*", "\n", picture)


def _answers(place: Place) -> list[str]:
    budgets = [Budget(latency_ms=ms) for ms in BUDGETS_MS]
    among = rivals(place.rows, budgets[0])
    draws = drawn(among) if among else None
    return [choice_text(choose(place.rows, budget, draws), budget) for budget in budgets]


def _own_script() -> str:
    parts = [(TEMPLATES / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def _json(value: Any) -> str:
    """To stand in a script element: nothing in it can end that."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(scripts: Sequence[str]) -> str:
    """No address may be asked for anything, and no script runs but these."""
    hashes = [hashlib.sha256(script.encode()).digest() for script in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
