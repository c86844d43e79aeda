"""One run of a program on the phone: watched, ended at its limit, and ended when we are.

Killing the local adb does not stop what runs on the phone. So the phone's own shell ends the
program at its limit, and we end it by its process number when we leave earlier; the command line of
that process is compared first.
"""

from __future__ import annotations

import base64
import contextlib
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devices.android.adb.client import SHORT_S, Adb, quoted
from devices.android.adb.conditions import COMMAND, readings
from devices.android.adb.storage import ROOT
from devices.records import Reading
from zoo.base.errors import DeviceError

JOBS = f"{ROOT}/jobs"
PID = f"{ROOT}/running"
RESULT, MASK, PROFILE = "result.pb", "mask.bin", "profile.csv"
WATCH, AFTER = "watch", "after"
# Each second, as far as a session is so long.
WATCH_PERIOD_S = 1
LOG_BYTES = 4096
# Files up to this size come with the answer: a pull takes longer than the whole of it.
INLINE_BYTES = 262_144
MAX_WATCHES = 7200

# Arguments: a nonce, the folder, the limit in s, the mask of cores or -, then the program. The
# watcher's output goes to a file: a pipe that it held open would keep adb from ending. All that a
# session needs is done here, in one call: each call from the computer costs time of its own.
_SCRIPT = f"""
nonce=$1; folder=$2; limit=$3; cores=$4; shift 4
mkdir -p "$folder" && cd "$folder" || exit 9
echo "bench-job $nonce"
[ "$cores" = - ] || set -- taskset "$cores" "$@"
"$@" </dev/null 2>&1 &
pid=$!
echo $pid >{PID}
(
  trap 'kill $! 2>/dev/null; exit 0' TERM
  seconds=0
  # What is read each time takes a while too. Not the clock: it may be set meanwhile.
  read began rest </proc/uptime || began=
  while sleep {WATCH_PERIOD_S} & wait $!; do
    kill -0 $pid 2>/dev/null || exit 0
    if [ -n "$began" ] && read now rest </proc/uptime; then
      seconds=$((${{now%%.*}} - ${{began%%.*}}))
    else
      seconds=$((seconds + {WATCH_PERIOD_S}))
    fi
    if [ $seconds -ge $limit ]; then echo "@limit"; kill -9 $pid; exit 0; fi
    {{ echo "@moment"; {COMMAND}; }} 2>/dev/null
  done
) >{WATCH} 2>/dev/null </dev/null &
watcher=$!
wait $pid
status=$?
kill $watcher 2>/dev/null
rm -f {PID}
{{ {COMMAND}; }} >{AFTER} 2>/dev/null
printf '\\nbench-files\\n'
for file in *; do
  size=$(wc -c <"$file")
  echo "bench-file $file $((size))"
  [ $size -gt {INLINE_BYTES} ] || base64 "$file"
done
exit $status
"""

STOP = f"""
pid=$(cat {PID} 2>/dev/null)
case $pid in ''|*[!0-9]*) ;; *)
  if tr '\\0' ' ' </proc/$pid/cmdline 2>/dev/null | grep -q {ROOT}; then kill -9 $pid; fi ;;
esac
rm -f {PID}
"""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A job that came to its end. over_limit: ended by the phone at its limit; files: those it
    left, by name; watched: the conditions each second, as long as it ran; after: those at its end,
    None where they were not written whole."""

    status: int
    log: str
    over_limit: bool
    files: dict[str, bytes]
    watched: tuple[dict[str, Reading], ...]
    after: dict[str, Reading] | None = None

    @property
    def end_of_log(self) -> str:
        return self.log[-LOG_BYTES:]


def run_job(
    adb: Adb, words: Sequence[str], *, files: Sequence[str], limit_s: float, cores: str | None
) -> Done:
    """Run the program in a fresh folder on the phone, where `{folder}` in its words stands for it,
    and fetch these files of what it left there. limit_s: after which the phone ends it.

    Raises DeviceError; what ran there has been ended then, if the phone still answers.
    """
    nonce = secrets.token_hex(6)
    folder = f"{JOBS}/{nonce}"
    words = [word.replace("{folder}", folder) for word in words]
    arguments = [nonce, folder, f"{int(limit_s) + 1}", cores or "-", *words]
    try:
        answer = adb.shell(f"sh -c {quoted([_SCRIPT, 'bench-job', *arguments])}", limit_s + SHORT_S)
    except BaseException:
        # Ctrl-C as well.
        with contextlib.suppress(DeviceError):
            stop(adb)
        raise
    # What the phone's shell says before it, such as a linker's warnings, is no part of it.
    _, _, rest = answer.out.partition(f"bench-job {nonce}\n")
    if not rest:
        raise DeviceError(
            "the phone answered with the output of another run",
            code="stale_result",
            remedy="the same again, run with --resume",
        )
    log, _, listed = rest.rpartition("\nbench-files\n")
    got = _files(adb, folder, listed, (*files, WATCH, AFTER))
    watch, after = (got.pop(n, b"").decode("utf-8", errors="replace") for n in (WATCH, AFTER))
    return Done(
        status=answer.status,
        log=log,
        over_limit="@limit" in watch,
        files=got,
        watched=_moments(watch),
        after=readings(after) if "@end" in after else None,
    )


def stop(adb: Adb) -> None:
    """End what a job of ours runs on the phone. Raises DeviceError."""
    adb.shell(STOP)


def _files(adb: Adb, folder: str, listed: str, wanted: Sequence[str]) -> dict[str, bytes]:
    """Those of the wanted that are listed; pulled where they are large, or came out otherwise (a
    phone of before Android 7 has no base64)."""
    parts = re.split(r"^bench-file (\S+) (\d+)$", listed, flags=re.MULTILINE)
    sizes = {name: int(size) for name, size in zip(parts[1::3], parts[2::3], strict=True)}
    got = {}
    for name, text in zip(parts[1::3], parts[3::3], strict=True):
        with contextlib.suppress(ValueError):
            got[name] = base64.b64decode("".join(text.split()), validate=True)
    missing = [n for n in wanted if n in sizes and len(got.get(n, b"")) != sizes[n]]
    if missing:
        with tempfile.TemporaryDirectory(prefix="bench-android-") as here:
            adb.pull([f"{folder}/{name}" for name in missing], Path(here))
            got |= {n: p.read_bytes() for n in missing if (p := Path(here, n)).is_file()}
    return {name: got[name] for name in wanted if name in got}


def _moments(watch: str) -> tuple[dict[str, Reading], ...]:
    """What the watcher wrote; a moment that was cut off is left out."""
    parts = re.split(r"^@moment$", watch, flags=re.MULTILINE)
    whole = [part for part in parts if "@uptime" in part and "@end" in part]
    return tuple(readings(part) for part in whole[:MAX_WATCHES])
