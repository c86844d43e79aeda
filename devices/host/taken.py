"""One turn of a file in the child process: its inferences, and what the system tells of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.host import clocks
from zoo.runtime.open_model import OpenModel


@dataclass(kw_only=True)
class Held:
    """One open file. in_caller: whether the calling thread works, and its CPU time counts. size is
    None for a file that is not the zoo's."""

    model: OpenModel
    threads: int
    in_caller: bool
    size: int | None


class Taken:
    """The inferences of one turn, and what the system tells of each."""

    def __init__(self, held: Held) -> None:
        self.several_threads = held.threads > 1
        self.by_cpu = clocks.FINE_CPU and held.in_caller
        self.wall_ns: list[int] = []
        self.cpu_ns: list[int] = []
        self.process_cpu_ns: list[int] = []
        self.switches: list[int] | None = None if clocks.switches(False) is None else []

    def add(self, infer_once: Callable[[int], int], file: int) -> int:
        """One inference; what it counts for, in ns: its CPU time where that is its own."""
        switches = clocks.switches(self.several_threads)
        process = clocks.process_cpu_ns() if self.several_threads else 0
        thread = clocks.thread_cpu_ns()
        wall_ns = infer_once(file)
        cpu_ns = clocks.thread_cpu_ns() - thread
        if self.several_threads:
            self.process_cpu_ns.append(clocks.process_cpu_ns() - process)
        more = clocks.switches(self.several_threads)
        if self.switches is not None and switches is not None and more is not None:
            self.switches.append(more - switches)
        self.wall_ns.append(wall_ns)
        self.cpu_ns.append(cpu_ns)
        return cpu_ns if self.by_cpu else wall_ns

    def readings(self) -> dict[str, list[int] | None]:
        return {
            "wall_ns": self.wall_ns,
            "cpu_ns": self.cpu_ns if clocks.FINE_CPU else None,
            "process_cpu_ns": self.process_cpu_ns if self.several_threads else None,
            "switches": self.switches,
        }
