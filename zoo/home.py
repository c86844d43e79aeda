"""Where everything lies that the tool makes: one folder, `BENCH_HOME`, else the working folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from zoo.base.errors import InvalidName
from zoo.base.files import user_home
from zoo.spec import ModelSpec

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Lower case alone, for some file systems do not tell cases apart; without a dot, so that no name
# looks like a file.
_IMPORT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
EXTENSIONS = {"onnx": "onnx", "tflite": "tflite", "coreml": "mlpackage"}


@dataclass(frozen=True, kw_only=True)
class Home:
    """The one place that knows every output path. No path is built from a name elsewhere."""

    root: Path

    @classmethod
    def default(cls) -> Home:
        """`BENCH_HOME` where it is set, else the working folder."""
        return cls(root=Path(os.environ.get("BENCH_HOME") or ".").resolve())

    def told(self, text: str) -> str:
        """A text with its paths from the home on, as it may be shown to others."""
        told = text.replace(f"{self.root}{os.sep}", "")
        home = user_home()
        return told if home is None else told.replace(f"{home}{os.sep}", f"~{os.sep}")

    @property
    def results(self) -> Path:
        return self.root / "results"

    def device_results(self, key: str) -> Path:
        return self.results / key

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def tools(self) -> Path:
        """Where programs for devices are downloaded to, or put by hand."""
        return self.root / "tools"

    @property
    def inputs(self) -> Path:
        """The values that files of one's own are fed, each under its hash."""
        return self.root / "inputs"

    @property
    def report(self) -> Path:
        return self.root / "reports" / "out"

    @property
    def encoders(self) -> Path:
        """Where pretrained encoders are looked for: `BENCH_ENCODERS`, else `weights/`, else
        `../shared/weights`, where a team keeps what is too large for a repository."""
        if given := os.environ.get("BENCH_ENCODERS"):
            return Path(given)
        own, shared = self.own_encoders, self.root.parent / "shared" / "weights"
        return shared if shared.is_dir() and not own.is_dir() else own

    @property
    def own_encoders(self) -> Path:
        """Where pretrained encoders are downloaded to, or put by hand."""
        return self.root / "weights"

    @property
    def lfw_archives(self) -> Path:
        """Where the official archives are downloaded to, or put by hand."""
        return self.root / "data" / "lfw-archives"

    def dataset(self, name: str) -> Path:
        """Raises InvalidName for a name that could lead out of `data/`, or to the archives."""
        if not _FOLDER_NAME.fullmatch(name) or name == self.lfw_archives.name:
            raise InvalidName(
                f"{name!r} cannot name a data set", expected="letters, digits, . _ and -"
            )
        return self.root / "data" / name

    @property
    def datasets(self) -> list[str]:
        """The names of those that were prepared."""
        return sorted(path.parent.name for path in self.root.glob("data/*/dataset.json"))

    @property
    def imported(self) -> Path:
        """Where models of other people lie, a folder each."""
        return self.root / "imported"

    def imported_folder(self, name: str) -> Path:
        """Raises InvalidName for a name that could lead out of `imported/`."""
        if not _IMPORT_NAME.fullmatch(name):
            raise InvalidName(
                f"{name!r} cannot name an imported model",
                expected="up to 64 small letters, digits, _ and -, such as mediapipe_hair",
            )
        return self.imported / name

    def imported_file(self, name: str, format: str) -> Path:
        return self.imported_folder(name) / f"{name}.{EXTENSIONS[format]}"

    def checkpoint_folder(self, spec: ModelSpec) -> Path:
        return self.training_folder(spec.name)

    def training_folder(self, name: str) -> Path:
        """Of one training: a variant's own, or that of the width whose sizes it trains."""
        return self.checkpoints / name

    def artifact_folder(self, spec: ModelSpec) -> Path:
        return self.artifacts / spec.name

    def artifact(self, spec: ModelSpec, format: str, precision: str) -> Path:
        """`{variant}.{precision}.{ext}`. Never by `with_suffix`: widths hold a dot."""
        return self.artifact_folder(spec) / f"{spec.name}.{precision}.{EXTENSIONS[format]}"
