"""The file system of an emulated phone: a folder with small stand-ins for Android's programs.

The rest (cat, sha256sum, taskset, ...) is this machine's own.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

MAX_KHZ, LOW_KHZ = (1_800_000, 2_850_000), 300_000

_PROGRAMS = {
    "getprop": 'exec cat "$BENCH_PHONE/properties"',
    "dumpsys": 'cat "$BENCH_PHONE/dumpsys/$1" 2>/dev/null || echo "Can\'t find service: $1"',
    "settings": """
echo "settings $*" >>"$BENCH_PHONE/log"
case $1 in
get) cat "$BENCH_PHONE/settings/$2.$3" 2>/dev/null || echo null ;;
put) echo "$4" >"$BENCH_PHONE/settings/$2.$3" ;;
delete) rm -f "$BENCH_PHONE/settings/$2.$3" ;;
esac""",
    "input": 'echo "input $*" >>"$BENCH_PHONE/log"',
    "cmd": """
echo "cmd $*" >>"$BENCH_PHONE/log"
if [ ! -e "$BENCH_PHONE/steady" ]; then
  echo "Failed to set FIXED_PERFORMANCE mode"
  exit 255
fi""",
    "am": 'echo "am $*" >>"$BENCH_PHONE/log"',
    # Less what lies in the folder for everybody.
    "df": """
used=$(du -sk "$BENCH_PHONE/data/local/tmp" | cut -f1)
while read -r name size taken free rest; do
  case $free in
  *[!0-9]*) ;;
  *) free=$((free > used ? free - used : 0)) ;;
  esac
  echo "$name $size $taken $free $rest"
done <"$BENCH_PHONE"/df""",
    # The interpreter that the stand-in of benchmark_model names; by PYTHONPATH it starts sooner.
    "bench-emulated-python": 'exec "$BENCH_PYTHON" -P -S "$@"',
}


@dataclass(frozen=True, kw_only=True)
class State:
    """How the phone is. Temperatures in C; heating in C a second while it is asked; battery in
    percent; steady: whether it has a mode of steady clocks; free_kib: on /data."""

    manufacturer: str = "bench"
    model: str = "stand-in"
    serial: str = "EMULATED0001"
    abis: str = "arm64-v8a,armeabi-v7a,armeabi"
    temperature_c: float = 31.4
    heating_c: float = 0.0
    thermal_status: int = 0
    thermal_override: bool = False
    battery: int = 87
    plugged: bool = True
    saver: bool = False
    steady: bool = True
    free_kib: int = 72_203_256


def build(root: Path) -> None:
    """The folders and programs that stay as they are."""
    shutil.rmtree(root / "data", ignore_errors=True)
    for name in ("data/local/tmp", "system/bin", "dumpsys", "settings"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, script in _PROGRAMS.items():
        path = root / "system/bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (root / "dumpsys/power").write_text("  mWakefulness=Asleep\n")
    (root / "settings/global.stay_on_while_plugged_in").write_text("0\n")
    for cpu in range(4):
        folder = root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq"
        (folder / "stats").mkdir(parents=True, exist_ok=True)
        (folder / "cpuinfo_max_freq").write_text(f"{MAX_KHZ[cpu // 2]}\n")
        (folder / "scaling_governor").write_text("schedutil\n")


def environment(root: Path) -> dict[str, str]:
    """Of every command on the phone."""
    return {
        "PATH": f"{root}/system/bin:/usr/bin:/bin",
        "BENCH_PHONE": str(root),
        "BENCH_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "HOME": str(root),
    }


def show(root: Path, state: State, up_s: float) -> None:
    """Write what the stand-ins tell of the state, `up_s` after the phone was switched on."""
    _replace(root / "properties", _properties(state))
    _replace(root / "dumpsys/thermalservice", _thermal(state, up_s))
    _replace(root / "dumpsys/battery", _battery(state, up_s))
    _replace(root / "settings/global.low_power", f"{int(state.saver)}\n")
    if state.steady:
        (root / "steady").touch()
    _replace(
        root / "df",
        "Filesystem       1K-blocks     Used Available Use% Mounted on\n"
        f"/dev/block/dm-44 112451564 40117236 {state.free_kib:9} 36% /data\n",
    )
    for cpu in range(4):
        top, low = int(up_s * 60), int(up_s * 40)
        path = root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/stats/time_in_state"
        _replace(path, f"{LOW_KHZ} {low}\n{MAX_KHZ[cpu // 2]} {top}\n")


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)


def _properties(state: State) -> str:
    values = {
        "ro.bench.emulated": "1",
        "ro.build.id": "BENCH",
        "ro.build.version.release": "15",
        "ro.build.version.sdk": "35",
        "ro.product.cpu.abilist": state.abis,
        "ro.product.manufacturer": state.manufacturer,
        "ro.product.model": state.model,
        "ro.serialno": state.serial,
        "ro.soc.manufacturer": "bench",
        "ro.soc.model": "this machine",
    }
    return "".join(f"[{name}]: [{value}]\n" for name, value in values.items())


def _thermal(state: State, up_s: float) -> str:
    """As Android 10 and later print it; one sensor is broken, as on many phones."""
    now = state.temperature_c + state.heating_c * up_s
    sensors = [(now + 9, 0, "CPU"), (now + 6, 1, "GPU"), (now - 1, 2, "BATTERY"), (now, 3, "SKIN")]
    lines = [
        f"\tTemperature{{mValue={value:.3f}, mType={kind}, mName={name}, "
        f"mStatus={state.thermal_status}}}"
        for value, kind, name in [*sensors, (0.0, 9, "NPU")]
    ]
    cached = [line.replace(f"{now:.3f}", "28.100") for line in lines]
    return "\n".join(
        [
            f"IsStatusOverride: {str(state.thermal_override).lower()}",
            f"Thermal Status: {state.thermal_status}",
            "Cached temperatures:",
            *cached,
            "HAL Ready: true",
            "Current temperatures from HAL:",
            *lines,
            "Current cooling devices from HAL:",
            "\tCoolingDevice{mValue=0, mType=2, mName=thermal-cpufreq-0}",
            "",
        ]
    )


def _battery(state: State, up_s: float) -> str:
    tenths = round((state.temperature_c + state.heating_c * up_s - 1) * 10)
    return f"""Current Battery Service state:
  AC powered: false
  USB powered: {str(state.plugged).lower()}
  Wireless powered: false
  status: 2
  health: 2
  present: true
  level: {state.battery}
  scale: 100
  voltage: 4248
  temperature: {tenths}
  technology: Li-ion
"""
