"""What an emulated phone can be told to do wrong, each by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Of the phone and its connection; those that end in `-once` are over after the first time.
OF_PHONE: Mapping[str, str] = MappingProxyType(
    {
        "unauthorized": "never accepts the computer's key",
        "offline": "takes the connection and says nothing",
        "vanish-in-push": "is gone in the middle of a push",
        "vanish-in-run": "is gone in the middle of a run",
        "vanish-in-run-once": "likewise, the first time, and comes back",
        "hot-in-run": "grows too hot in the middle of a run that is timed",
        "full": "has no space left in the middle of a push",
        "full-once": "likewise, the first time",
        "corrupt": "stores a pushed file with one byte changed",
        "corrupt-once": "likewise, the first time",
        "stale": "answers a run with the output of the one before",
        "old-shell": "has the shell of before Android 7: CRLF, no status, one stream",
    }
)
# Of benchmark_model.
OF_PROGRAM: Mapping[str, str] = MappingProxyType(
    {
        "silent": "hangs and prints nothing",
        "chatty": "hangs and prints for ever",
        "crash": "dies by SIGSEGV",
        "out-of-memory": "is killed, as for want of memory",
        "wrong-abi": "cannot be executed on this phone",
        "rejected": "does not know an operator of the model",
        "partial": "has a GPU delegate that takes only some of the nodes",
        "no-gpu": "has no GPU delegate that works here",
        "truncated": "loses the end of its output and of its result file",
        "no-result": "writes no result file",
        "disagree": "writes a result file that contradicts what it prints",
        "old-log": "prints as builds of 2022 did: no levels, no percentiles",
        "logcat": "prints as logcat does",
        "new-log": "prints as later builds do: absl's columns before each line",
        "no-statistics": "prints no line of statistics that can be read",
        "unknown-flags": "does not know a flag it is given",
        "litert-form": "is the newer tool of LiteRT 2: other flags, prints on standard error",
        "wrong-mask": "is fast, and computes something else",
        "not-finite": "computes NaN",
    }
)
FAULTS: Mapping[str, str] = MappingProxyType({**OF_PHONE, **OF_PROGRAM})
