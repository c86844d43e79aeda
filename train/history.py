"""What a training looked like: a row an epoch, as CSV and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from zoo.base.files import replacing

TABLE_NAME, CURVE_NAME = "history.csv", "curve.png"
# Beside them until the training is complete; written and read by train.resume.
PROGRESS_NAME = "resume.pt"


class EpochRow(TypedDict):
    """loss: mean over the epoch's batches. iou: pooled validation IoU, of several sizes their
    mean; None where not measured.

    Epoch 0 is the first weights as they are: it has no loss and no rate.
    """

    epoch: int
    loss: float | None
    learning_rate: float | None
    iou: float | None
    duration_s: float


def write_history(folder: Path, name: str, rows: Sequence[EpochRow]) -> None:
    """The table and the curve in `folder`."""
    import pandas as pd

    with replacing(folder / TABLE_NAME) as temporary:
        pd.DataFrame(list(rows)).to_csv(temporary, index=False)
    with replacing(folder / CURVE_NAME) as temporary:
        _draw(temporary, name, rows)


def _draw(path: Path, name: str, rows: Sequence[EpochRow]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    loss_axes = figure.add_subplot()
    losses = [(r["epoch"], r["loss"]) for r in rows if r["loss"] is not None]
    loss_axes.plot([e for e, _ in losses], [v for _, v in losses], color="#999999")
    loss_axes.set(xlabel="epoch", ylabel="training loss (grey)", title=name)
    iou_axes = loss_axes.twinx()
    measured = [(r["epoch"], r["iou"]) for r in rows if r["iou"] is not None]
    iou_axes.plot([e for e, _ in measured], [v for _, v in measured], "o-", color="#0072b2")
    iou_axes.set_ylabel("validation IoU, pooled (blue)", color="#0072b2")
    if measured:
        epoch, last = measured[-1]
        iou_axes.annotate(
            f"{last:.4f}", (epoch, last), textcoords="offset points", xytext=(0, -14), ha="center"
        )
    figure.savefig(path, format="png", dpi=110)
