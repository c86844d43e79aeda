"""Which extra of this package holds a library that is missing, and how it is installed."""

from __future__ import annotations

from zoo.base.errors import MissingExtra

EXTRAS = {
    "ai_edge_quantizer": "export",
    "coremltools": "export",
    "h5py": "train",
    "litert_torch": "export",
    "onnxscript": "export",
    "pillow_heif": "heic",
    "pycocotools": "coco",
    "ray": "cluster",
    "sklearn": "export",
    "tensorflow": "tensorflow",
    "torch": "train",
    "torchvision": "train",
}


def missing_extra(error: ModuleNotFoundError, command: str | None) -> MissingExtra | None:
    """What to tell of a library that could not be imported; None where it is of no extra. command:
    the one that asked, for some are of the extra of that name."""
    library = (error.name or "").partition(".")[0]
    if library not in EXTRAS:
        return None
    extra = command if command in EXTRAS.values() else EXTRAS[library]
    return MissingExtra(
        f"this needs {library}, which is of the extra `{extra}`",
        expected="the package installed with it",
        remedy=f"pip install 'mobile-segmentation-zoo[{extra}]', or '.[{extra}]' in a checkout",
    )
