"""What else a phone tells and takes: heat, profiles, the program, output without an end."""

from __future__ import annotations

import struct
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from file_server import closed_port, running_file_server

from devices.android.adb.client import Kept
from devices.android.adb.conditions import readings
from devices.android.adb.phone import Phone
from devices.android.run.profile import by_kind, parse_profile
from devices.android.run.program import Program, downloaded
from zoo.base.errors import DeviceError
from zoo.home import Home

SAMSUNG = """@thermal
IsStatusOverride: false
Thermal Status: 0
Cached temperatures:
\tTemperature{mValue=48.517, mType=3, mName=SKIN, mStatus=0}
HAL Ready: true
Current temperatures from HAL:
\tTemperature{mValue=57.9, mType=0, mName=CPU, mStatus=0}
\tTemperature{mValue=0.0, mType=3, mName=PA, mStatus=0}
\tTemperature{mValue=34.351, mType=3, mName=SKIN, mStatus=0}
Temperature static thresholds from HAL:
@battery
  AC powered: false
  USB powered: true
  level: 71
  temperature: 310
@end
"""


def test_the_skin_of_now_counts_and_not_a_cached_or_broken_sensor() -> None:
    found = readings(SAMSUNG)
    assert found["temperature_c"].value == 34.4
    assert found["power"].value == "mains"
    assert found["thermal_override"].value == "false"
    of_battery = readings("@battery\n  temperature: 310\n@end\n")
    assert of_battery["temperature_c"].value == 31.0
    assert of_battery["thermal_status"].reason == (
        "dumpsys thermalservice (Android 10 and later) does not tell"
    )


# From a public collection of TFLite profiles: a build that still had `start`.
PROFILE = """
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
node type, start, first, avg_ms, %, cdf%, mem KB, times called, name
AllocateTensors, 0, 0.029, 0.029, 100%, 100%, 0, 1, AllocateTensors/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
node type, start, first, avg_ms, %, cdf%, mem KB, times called, name
CONV_2D, 0, 0.11, 0.0930388, 44.8994%, 44.8994%, 0, 1, [conv2d_33/Conv2D, and more]:0
ELU, 0.0931277, 0.034, 0.0300884, 14.5203%, 59.4197%, 0, 1, [conv2d_33/Elu]:1

============================== Top by Computation Time ==============================
node type, start, first, avg_ms, %, cdf%, mem KB, times called, name
CONV_2D, 0, 0.11, 0.0930388, 44.8994%, 44.8994%, 0, 1, [conv2d_33/Conv2D, and more]:0
"""


def test_profiles_of_old_and_new_builds() -> None:
    old = parse_profile(PROFILE)
    new = parse_profile(
        PROFILE.replace("start, ", "").replace(", 0, 0.11", ", 0.11").replace("0.0931277, ", "")
    )
    for found in (old, new):
        assert [one.kind for one in found] == ["CONV_2D", "ELU"]
        assert [one.mean_ms for one in found] == [0.0930388, 0.0300884]
        assert found[0].name == "[conv2d_33/Conv2D, and more]:0"
    assert by_kind(old)[0][:2] == ("CONV_2D", 1)
    for bad in ("", PROFILE.replace("0.0930388", "nan"), PROFILE[:120]):
        with pytest.raises(ValueError, match=r"."):
            parse_profile(bad)


PHONE = Phone(
    properties={"ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a"},
    memory_bytes=1,
    clocks_khz={0: 1},
)
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 183) + bytes(2000)


def test_a_program_is_fetched_once_and_held_to_its_hash(home: Home) -> None:
    with running_file_server() as server:
        release = version("ai-edge-litert")
        server.files[f"{release}/android_arm64/benchmark_model"] = ELF
        first = downloaded(home, PHONE, server.address)
        assert Program(first).abi == "arm64-v8a"
        assert downloaded(home, PHONE, "http://127.0.0.1:1") == first
        first.unlink()
        server.files[f"{release}/android_arm64/benchmark_model"] = ELF + b"other"
        with pytest.raises(DeviceError, match="sha256") as caught:
            downloaded(home, PHONE, server.address)
        assert caught.value.code == "no_program"


def test_a_program_that_another_command_fetches_is_waited_for(home: Home) -> None:
    release = version("ai-edge-litert")
    path = home.tools / f"benchmark_model-{release}-arm64-v8a"
    fetching = f"""
import time
from pathlib import Path
from zoo.base.lock import locked
path = Path({str(path)!r})
with locked(path.parent):
    print("begun", flush=True)
    time.sleep(1)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes({ELF[:64]!r})
"""
    with subprocess.Popen([sys.executable, "-c", fetching], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline()
        assert downloaded(home, PHONE, "http://127.0.0.1:1") == path


def test_without_a_network_it_says_where_to_put_it(home: Home) -> None:
    with pytest.raises(DeviceError) as caught:
        downloaded(home, PHONE, f"http://127.0.0.1:{closed_port()}")
    assert str(home.tools) in caught.value.remedy
    assert "android_arm64/benchmark_model" in str(caught.value)
    only_32 = Phone(
        properties={"ro.product.cpu.abilist": "armeabi-v7a"}, memory_bytes=1, clocks_khz={0: 1}
    )
    with pytest.raises(DeviceError, match="arm64-v8a only"):
        downloaded(home, only_32)


def test_output_without_an_end_is_kept_at_both_ends(tmp_path: Path) -> None:
    script = "for n in range(40_000): print('line', n, 60 * '.')\nprint('the end')"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout
    kept = Kept(process.stdout)
    process.wait()
    kept.join()
    text = kept.text()
    assert text.startswith("line 0 ")
    assert text.endswith("the end\n")
    assert len(text) < 2 * 2**20
