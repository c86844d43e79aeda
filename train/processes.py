"""Training in several processes: torch's launcher starts them, DistributedDataParallel joins them.

    torchrun --nproc-per-node 2 --no-python bench train --model mnv2_slim_unet_1.0_224 --data lfw

One process is the plain case: it knows nothing of a launcher, and does not load torch for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from zoo.base.errors import DataError, RecipeError

if TYPE_CHECKING:
    import torch
    from torch import nn

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Processes:
    """This process among its fellows. rank 0 measures, writes and speaks; all of them train.

    local_rank, on_this_machine: the same among those that share this machine's cores.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    on_this_machine: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """A GPU each where there are any, else the CPU."""
        import torch

        gpus = torch.cuda.device_count()
        return torch.device("cuda", self.local_rank % gpus) if gpus else torch.device("cpu")

    def joined(self, network: nn.Module, whole: bool) -> nn.Module:
        """The network whose backward pass averages the gradients over all processes.

        whole: whether every step uses all of its parameters.
        Batch norm sees the whole batch where torch can (GPUs), else each process its own share.
        """
        if self.count == 1:
            return network
        from torch import nn
        from torch.nn.parallel import DistributedDataParallel

        if self.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
            return DistributedDataParallel(
                network, device_ids=[self.device.index], find_unused_parameters=not whole
            )
        return DistributedDataParallel(network, find_unused_parameters=not whole)

    def from_first(self, value: Value) -> Value:
        """The value that the first process has, in all of them; they wait for it here."""
        if self.count == 1:
            return value
        from torch import distributed

        values = [value]
        distributed.broadcast_object_list(values, src=0)
        return values[0]

    def agreed(self, value: dict[str, Any]) -> dict[str, Any]:
        """The value, once it is known to be equal in all processes; raises DataError if not."""
        firsts = self.from_first(value)
        unlike = [key for key in value if value[key] != firsts.get(key)]
        if unlike:
            raise DataError(
                f"process {self.rank} of {self.count} differs from the first: {', '.join(unlike)}",
                expected="the same data set, recipe, program and threads on every machine",
                remedy="the same --cores N on every machine"
                if unlike == ["threads"]
                else "prepare the data set there from the same files",
            )
        return value

    def share_of(self, batch_size: int) -> int:
        """How many images of a batch fall to each process; raises RecipeError if not a whole."""
        if batch_size % self.count or batch_size // self.count < 2:
            raise RecipeError(
                f"a batch of {batch_size} cannot be shared by {self.count} processes",
                expected=f"batch_size a multiple of {self.count}, two images or more for each",
                remedy="change batch_size in the recipe, or the number of processes",
            )
        return batch_size // self.count


def launched() -> int:
    """How many processes torch's launcher started, this one among them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def join_processes() -> Iterator[Processes]:
    """Join the fellows that torch's launcher started (it sets RANK, WORLD_SIZE and more)."""
    count = launched()
    if count == 1:
        yield Processes()
        return
    import torch
    from torch import distributed

    here = Processes(
        rank=int(os.environ["RANK"]),
        count=count,
        local_rank=int(os.environ["LOCAL_RANK"]),
        on_this_machine=int(os.environ["LOCAL_WORLD_SIZE"]),
    )
    device = here.device
    if device.type == "cuda":
        # What is sent between processes goes by the GPU that is set here, by default the first.
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    # The others wait while the first makes the teachers' masks, and while it validates.
    distributed.init_process_group(backend, timeout=timedelta(days=1))
    try:
        yield here
    finally:
        distributed.destroy_process_group()
