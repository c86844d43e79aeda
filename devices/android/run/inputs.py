"""What a file of one's own is fed on a phone: the same values as on this machine, as files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from devices.android.adb.storage import Storage
from devices.records import RunRequest
from zoo.base.errors import DeviceError
from zoo.base.pictures import shown
from zoo.home import Home
from zoo.runtime.feeds import arrays


class Inputs:
    """Of one request; empty for the zoo's own models, and where the program makes them itself."""

    def __init__(self, request: RunRequest) -> None:
        """Raises DeviceError for a name that the program's flags cannot hold."""
        self.feeds = [feed for feed in request.inputs if feed.values != "program"]
        self.seed = request.input_seed
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        for feed in self.feeds:
            if "," in feed.name or not feed.name.isprintable():
                raise DeviceError(
                    f"benchmark_model cannot be told of an input called {shown(feed.name)}",
                    expected="names without commas",
                    remedy="--device host measures it here",
                    code="unsupported",
                )

    def flags(self, storage: Storage) -> list[str]:
        """benchmark_model's flags, the values on the phone. Raises DeviceError."""
        if not self.feeds:
            return []
        places = [
            (feed.name, storage.put(path))
            for feed, path in zip(self.feeds, self._files(), strict=True)
        ]
        shapes = (",".join(map(str, feed.shape)) for feed in self.feeds)
        return [
            f"--input_layer={','.join(feed.name for feed in self.feeds)}",
            f"--input_layer_shape={':'.join(shapes)}",
            "--input_layer_value_files="
            + ",".join(f"{_escaped(name)}:{place}" for name, place in places),
        ]

    def _files(self) -> list[Path]:
        """Made once: a session asks for them at each start of the program."""
        made = self._folder is not None
        folder = self._folder = self._folder or tempfile.TemporaryDirectory()
        paths = [Path(folder.name) / f"{place}.bin" for place in range(len(self.feeds))]
        if not made:
            values = arrays(self.feeds, self.seed, Home.default().inputs)
            for path, one in zip(paths, values, strict=True):
                path.write_bytes(one.astype(one.dtype.newbyteorder("<")).tobytes())
        return paths

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _escaped(name: str) -> str:
    """The program parts a name from its file at a colon."""
    return name.replace(":", "\\:")
