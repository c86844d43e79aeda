"""The page's charts, in Altair: templates whose data the page fills in.

Lines and letters are in `currentColor`, so that they follow the page into the dark and onto paper.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from reports.pictures.figures import BUDGETS_MS, REFERENCE
from reports.pictures.vega import compiled

INK = "currentColor"
RAW: Any = None  # a scale that passes colours and shapes on as they are
POINTS = "points"
# Which way from its point a label is tried first, and how far away, in pixels: up and to the left
# of a front nothing lies, to the right of its points their own step. From FAR on a line leads back.
ANCHORS = ("top-left", "left", "top", "bottom-right", "top-right", "bottom", "bottom-left")
DISTANCES = (2, 6, 11, 17, 24, 32, 41, 51, 62, 74, 87)
FAR = 14
# What the name of a rate takes, in pixels.
RATE_WIDTH = 40


def charts() -> dict[str, Any]:
    """The templates by name, as Vega."""
    drawn = {
        "scatter": _scatter(),
        "series": _series(),
        "histogram": _histogram(),
        "precision": _precision(),
    }
    found = {name: compiled(_dressed(chart).to_dict()) for name, chart in drawn.items()}
    found["scatter"]["marks"] += _labels()
    return found


def _scatter() -> Any:
    """points: x, xlow, xhigh (ms), y, ylow, yhigh (IoU), label, and how each looks; ticks: x, y of
    the sessions of those that have too few for an interval; steps: x, y; reference: x, y; budget:
    x."""
    x, y = _axes("latency p50, ms (log)", "IoU, pooled (axis cut)")
    points = alt.Chart(alt.NamedData("points"))
    steps = (
        alt.Chart(alt.NamedData("steps"))
        .mark_line(interpolate="step-after", color=INK, opacity=0.7, strokeWidth=1.2, aria=False)
        .encode(x=x, y=y)
    )
    bars = [
        points.mark_rule(color=INK, opacity=0.55, aria=False).encode(
            x=alt.X("xlow:Q"), x2="xhigh:Q", y=y
        ),
        points.mark_rule(color=INK, aria=False).encode(
            x=x,
            y=alt.Y("ylow:Q"),
            y2="yhigh:Q",
            opacity=alt.Opacity("bar_opacity:Q", scale=RAW),
            strokeDash=alt.StrokeDash("dash:N", scale=RAW),
        ),
    ]
    ticks = (
        alt.Chart(alt.NamedData("ticks"))
        .mark_tick(orient="vertical", color=INK, size=8, opacity=0.7, aria=False)
        .encode(x=x, y=y)
    )
    marks = points.mark_point(strokeWidth=1.6, clip=True, cursor="pointer").encode(
        x=x,
        y=y,
        shape=alt.Shape("shape:N", scale=RAW),
        fill=alt.Fill("fill:N", scale=RAW),
        stroke=alt.Stroke("edge:N", scale=RAW),
        strokeWidth=alt.StrokeWidth("edge_width:Q", scale=RAW),
        size=alt.Size("size:Q", scale=RAW),
        opacity=alt.Opacity("opacity:Q", scale=RAW),
        description="tip:N",
        tooltip="tip:N",
    )
    below = [*_budgets(x), steps, *_reference(x, y), *bars, ticks]
    return (
        alt.layer(*below, marks.properties(name=POINTS))
        .properties(width="container", height=380)
        .add_params(*_domains())
    )


def _reference(x: Any, y: Any) -> list[alt.Chart]:
    """What the bars of IoU are differences from: its level, and a ring."""
    at = alt.Chart(alt.NamedData("reference"))
    line = at.mark_rule(color=REFERENCE, strokeDash=[7, 2, 2, 2], clip=True, aria=False)
    ring = at.mark_point(shape="circle", size=320, color=REFERENCE, strokeWidth=2, aria=False)
    return [line.encode(y=y), ring.encode(x=x, y=y)]


def _budgets(x: Any) -> list[alt.Chart]:
    """The camera's rates, and the reader's own budget."""
    values = [{"ms": ms, "name": name} for ms, name in BUDGETS_MS.items()]
    rates = alt.Chart(alt.InlineData(values=values))
    at = x.copy()
    at.shorthand = "ms:Q"
    lines = rates.mark_rule(color="#d55e00", strokeDash=[2, 3], clip=True, aria=False).encode(x=at)
    # On the side of its line where there is room.
    last = f"inrange(scale('x', datum.ms), [width - {RATE_WIDTH}, width])"
    names = rates.mark_text(
        align=alt.expr(f"{last} ? 'right' : 'left'"),
        dx=alt.expr(f"{last} ? -3 : 3"),
        dy=-4,
        color=INK,
        fontSize=10,
        clip=True,
        aria=False,
    ).encode(x=at, y=alt.value(alt.expr("height")), text="name:N")
    own = (
        alt.Chart(alt.NamedData("budget"))
        .mark_rule(color="#d55e00", strokeWidth=2, clip=True, aria=False)
        .encode(x=x)
    )
    return [lines, names, own]


def _labels() -> list[dict[str, Any]]:
    """The labels of the points, in Vega, which finds room for them at any width of the picture;
    Vega-Lite cannot say so. A thin line leads back from one that had to go far."""
    room = {
        "type": "label",
        "size": [{"signal": "width"}, {"signal": "height"}],
        "anchor": list(ANCHORS) * len(DISTANCES),
        "offset": [distance for distance in DISTANCES for _ in ANCHORS],
    }
    look = {
        "text": {"field": "datum.label"},
        "fill": {"value": INK},
        "fillOpacity": {"field": "datum.opacity"},
        "fontSize": {"value": 10.5},
    }
    gone = "max(abs(datum.x - datum.datum.x), abs(datum.y - datum.datum.y))"
    far = f"{gone} > {FAR} && datum.text"
    line = {
        "x": {"field": "x"},
        "y": {"field": "y"},
        "x2": {"field": "datum.x"},
        "y2": {"field": "datum.y"},
        "stroke": {"value": INK},
        "strokeWidth": {"value": 0.6},
        "strokeOpacity": {"signal": f"{far} ? 0.6 * datum.opacity : 0"},
    }
    common = {"interactive": False, "aria": False}
    return [
        {"type": "text", "name": "labels", "from": {"data": f"{POINTS}_marks"}, **common}
        | {"encode": {"update": look}, "transform": [room]},
        {"type": "rule", "from": {"data": "labels"}, **common, "encode": {"update": line}},
    ]


def _series() -> Any:
    """series: x, y (ms), colour."""
    return (
        alt.Chart(alt.NamedData("series"))
        .mark_circle(size=14, aria=False)
        .encode(
            x=alt.X("x:Q", title=None),
            y=alt.Y("y:Q", title="ms", scale=alt.Scale(zero=False)),
            color=alt.Color("colour:N", scale=RAW),
        )
        .properties(width="container", height=150)
    )


def _histogram() -> Any:
    """bins: from, to (ms), count."""
    return (
        alt.Chart(alt.NamedData("bins"))
        .mark_bar(color="#0072b2", aria=False)
        .encode(
            x=alt.X("from:Q", title="ms", scale=alt.Scale(zero=False), bin="binned"),
            x2="to:Q",
            y=alt.Y("count:Q", title="samples"),
        )
        .properties(width="container", height=150)
    )


def _precision() -> Any:
    """points: x, y, model, order, and how each looks. A line joins the files of one variant."""
    x, y = _axes("latency p50, ms (log)", "IoU of the very file (axis cut)")
    points = alt.Chart(alt.NamedData("points"))
    lines = points.mark_line(strokeWidth=1, opacity=0.7, aria=False).encode(
        x=x, y=y, order="order:Q", detail="model:N", color=alt.Color("colour:N", scale=RAW)
    )
    marks = points.mark_point(size=60, aria=False).encode(
        x=x,
        y=y,
        shape=alt.Shape("shape:N", scale=RAW),
        fill=alt.Fill("fill:N", scale=RAW),
        stroke=alt.Stroke("colour:N", scale=RAW),
        tooltip="tip:N",
    )
    return alt.layer(lines, marks).properties(width="container", height=330).add_params(*_domains())


def _axes(x_title: str, y_title: str) -> tuple[alt.X, alt.Y]:
    x_scale = alt.Scale(type="log", domain=_domain("x"), nice=False)
    y_scale = alt.Scale(domain=_domain("y"), zero=False, nice=False)
    x = alt.X("x:Q", title=x_title, scale=x_scale, axis=alt.Axis(format="~g", tickCount=8))
    return x, alt.Y("y:Q", title=y_title, scale=y_scale)


def _domain(axis: str) -> list[alt.ExprRef]:
    return [alt.ExprRef(f"{axis}_from"), alt.ExprRef(f"{axis}_to")]


def _domains() -> list[alt.Parameter]:
    """Set by the page, alike for all the facets it shows together."""
    values = {"x_from": 1.0, "x_to": 100.0, "y_from": 0.5, "y_to": 1.0}
    return [alt.param(name=name, value=value) for name, value in values.items()]


def _dressed(chart: Any) -> Any:
    return (
        chart.configure(background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            tickColor=INK,
            domainColor=INK,
            gridColor=INK,
            gridOpacity=0.15,
            titleFontWeight="normal",
            labelFontSize=11,
            titleFontSize=11,
        )
    )
