"""The adb program as it is, against a phone of ours: what it tells, and what is made of it."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import bench_process, invoke
from phones import adbs, phone, server

from devices.android.adb.client import Adb, find_adb
from devices.android.adb.discovery import await_return, choose, visible
from devices.android.adb.phone import read_phone
from devices.android.adb.storage import CLEAR, Storage
from devices.emulated.faults import FAULTS
from devices.programs import Machine
from zoo.base.errors import DeviceError
from zoo.base.files import sha256_of
from zoo.home import Home

pytestmark = pytest.mark.skipif(not adbs(), reason="adb is not installed: phones not tested")
TMP = "/data/local/tmp"
# The first generation alone belongs to the quick part.
GENERATIONS = [
    pytest.param(program, marks=[] if number else pytest.mark.adb_smoke)
    for number, program in enumerate(adbs())
]


@pytest.fixture(scope="module", params=GENERATIONS)
def adb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adb]:
    """Both generations, of which the older ends a lost shell with status 0."""
    with server(request.param, tmp_path_factory.mktemp("adb") / "home"):
        yield Adb(program=request.param)


def at(adb: Adb, address: str) -> Adb:
    return Adb(program=adb.program, serial=address)


def refused(adb: Adb, serial: str | None) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        choose(adb, serial, accept_s=0.0)
    assert caught.value.remedy
    return caught.value


def test_a_command_gives_its_status_and_its_streams(adb: Adb) -> None:
    with phone() as one:
        answer = at(adb, one.address).shell(
            "echo out; echo err >&2; exit_status() { return 7; }; exit_status"
        )
        assert (answer.status, answer.out, answer.err) == (7, "out\n", "err\n")


def test_the_shell_of_before_android_7(adb: Adb) -> None:
    with phone("old-shell") as one:
        answer = at(adb, one.address).shell("echo out; echo err >&2; false")
        assert (answer.status, answer.out) == (1, "out\nerr\n")


def test_a_phone_lost_in_the_middle_is_no_good_end(adb: Adb) -> None:
    """Whatever status adb itself ends with."""
    with phone() as one:
        one.strike("vanish", after_s=0.5)
        with pytest.raises(DeviceError, match="lost") as caught:
            at(adb, one.address).shell("echo before; sleep 5; echo after")
        assert caught.value.code == "lost_mid_run"
        one.appear()
        assert await_return(at(adb, one.address), 10)


@pytest.mark.parametrize("command", ["sleep 60", "while :; do echo x; done"])
def test_a_command_without_an_end_is_left_in_time(adb: Adb, command: str) -> None:
    with phone() as one:
        started = time.monotonic()
        with pytest.raises(DeviceError, match=r"no end within 1 s") as caught:
            at(adb, one.address).shell(command, deadline_s=1)
        assert caught.value.code == "timeout"
        assert time.monotonic() - started < 6


def test_files_come_out_as_they_went_in(adb: Adb, tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_bytes(os.urandom(700_001))
    with phone() as one:
        here = at(adb, one.address)
        storage = Storage(adb=here)
        storage.prepare()
        remote = storage.put(path)
        here.pull([remote], tmp_path)
        assert sha256_of(tmp_path / Path(remote).name) == sha256_of(path)
        assert storage.put(path) == remote
        here.shell(CLEAR)
        assert one.stored() == []


def test_equal_size_is_not_equal_content(adb: Adb, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"a" * 1000)
    new.write_bytes(b"b" * 1000)
    with phone() as one:
        storage = Storage(adb=at(adb, one.address))
        storage.prepare()
        assert storage.put(old) != storage.put(new)
        assert len(one.stored()) == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [("full", "disk_full"), ("corrupt", "push_corrupt"), ("vanish-in-push", "lost_mid_run")],
)
def test_a_push_that_fails_leaves_nothing(adb: Adb, tmp_path: Path, fault: str, code: str) -> None:
    path = tmp_path / "model"
    path.write_bytes(os.urandom(600_000))
    with phone() as one:
        storage = Storage(adb=at(adb, one.address))
        storage.prepare()
        one.faults.add(fault)
        with pytest.raises(DeviceError) as caught:
            storage.put(path)
        assert caught.value.code == code
        assert [name for name in one.stored() if not name.endswith(".part")] == []


@pytest.mark.parametrize("fault", ["full-once", "corrupt-once"])
def test_a_push_is_tried_once_more(adb: Adb, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "model"
    path.write_bytes(os.urandom(600_000))
    with phone(fault) as one:
        storage = Storage(adb=at(adb, one.address))
        storage.prepare()
        storage.put(path)
        assert one.stored() == [f"bench-zoo/files/{sha256_of(path)}"]


def test_a_disk_without_room_is_known_before_the_push(adb: Adb, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"m")
    with phone(free_kib=10_000) as one:
        with pytest.raises(DeviceError, match="10 MB free") as caught:
            Storage(adb=at(adb, one.address)).put(path)
        assert caught.value.code == "disk_full"


def test_older_files_of_ours_make_room(adb: Adb, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("model", "input")]
    for path in paths:
        path.write_bytes(os.urandom(5 * 2**20))
    with phone(free_kib=60_000) as one:
        storage = Storage(adb=at(adb, one.address))
        storage.prepare()
        for path in paths:
            storage.put(path)
            assert one.stored() == [f"bench-zoo/files/{sha256_of(path)}"]
        # Neither is thought to be there when the other one took its place.
        with pytest.raises(DeviceError, match="together") as caught:
            storage.holding(lambda: [storage.put(path) for path in paths])
        assert caught.value.code == "disk_full"


def test_no_phone_one_and_two(adb: Adb, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(adb, None).code == "no_device"
    with phone() as one:
        assert choose(adb, None) == one.address
        assert refused(adb, "R58M123").code == "no_device"
        assert one.address in refused(adb, "R58M123").expected
        with phone(serial="EMULATED0002") as two:
            several = refused(adb, None)
            assert several.code == "ambiguous_device"
            assert one.address in str(several)
            assert two.address in str(several)
            assert choose(adb, two.address) == two.address
            monkeypatch.setenv("ANDROID_SERIAL", two.address)
            assert choose(Adb(program=adb.program), None) == two.address


def test_a_phone_that_does_not_trust_us_is_waited_for(adb: Adb) -> None:
    with phone("unauthorized") as one:
        (seen,) = visible(adb)
        assert (seen.serial, seen.state) == (one.address, "unauthorized")
        found = refused(adb, one.address)
        assert found.code == "unauthorized"
        assert "accept" in found.remedy
        one.strike("accept", after_s=0.3)
        assert choose(adb, one.address, accept_s=10) == one.address


def test_an_offline_phone_is_reconnected_once(adb: Adb) -> None:
    with phone("offline") as one:
        (seen,) = visible(adb)
        assert (seen.state, seen.error().code) == ("offline", "offline")
        one.faults.clear()
        assert choose(adb, one.address) == one.address


def test_a_phone_that_the_system_keeps_from_us(tmp_path: Path) -> None:
    """Over USB only, and so by a program that prints what adb prints then."""
    program = tmp_path / "adb"
    why = "no permissions (user in plugdev group; are your udev rules wrong?); see [http://x]"
    program.write_text(
        "#!/bin/sh\necho '* daemon started successfully' >&2\necho 'List of devices attached'\n"
        f"printf 'R58M123\\t{why} usb:1-1\\nR58M124\\trecovery usb:1-2\\n'\n"
    )
    program.chmod(0o755)
    adb = Adb(program=str(program))
    assert [one.state for one in visible(adb)] == ["no permissions", "recovery"]
    found = refused(adb, "R58M123")
    assert found.code == "no_permission"
    assert "udev" in found.remedy
    assert "adb reboot" in refused(adb, "R58M124").remedy


LINES = {
    "adb-AB12 (2)._adb-tls-connect._tcp device product:lynx model:Pixel_7a device:lynx": "device",
    "adb-my device (3)._adb-tls-connect._tcp offline transport_id:3": "offline",
    "adb-AB13 (2)._adb-tls-connect._tcp\tdevice": "device",
    "an offline phone        unauthorized usb:1-2 transport_id:1": "unauthorized",
    "R58M 123 no permissions (missing udev rules? user is in x); see [http://x] usb:1-1": (
        "no permissions"
    ),
    "[fe80::1%wlan0]:5555 device product:a b model:c transport_id:5": "device",
    "R58M125 thinking usb:1-3 transport_id:4": "thinking",
}


def lists(tmp_path: Path, printed: str) -> Adb:
    """A program that prints this where adb lists its phones."""
    program = tmp_path / "adb"
    program.write_text(f"#!/bin/sh\ncat <<'END'\nList of devices attached\n{printed}\nEND\n")
    program.chmod(0o755)
    return Adb(program=str(program))


def test_serials_may_hold_blanks(tmp_path: Path) -> None:
    """scrcpy#6289: a phone that is paired by Wi-Fi a second time."""
    noise = "adb server version (41) doesn't match this client (39); killing..."
    found = visible(lists(tmp_path, "\n".join([noise, *LINES])))
    told = {one.serial: one.state for one in found}
    assert len(told) == len(LINES)
    for line, state in LINES.items():
        serial = next(s for s in told if line.startswith(s))
        assert told[serial] == state
        assert line.removeprefix(serial).strip().startswith(state)
    assert found[0].model == "Pixel_7a"


def test_a_phone_without_a_serial_is_named_by_its_port(tmp_path: Path) -> None:
    adb = lists(tmp_path, "(no serial number)     device usb:1-4 product:x model:y transport_id:1")
    assert choose(adb, None) == "usb:1-4"


def test_what_a_phone_is(adb: Adb) -> None:
    with phone(manufacturer="google", model="Pixel 8") as one:
        found = read_phone(at(adb, one.address))
        info = found.info()
    assert info.emulated
    assert info.name == "emulated google Pixel 8"
    assert (info.cores, info.os) == (4, "Android 15 (API 35, BENCH)")
    assert info.unit
    assert "EMULATED0001" not in info.model_dump_json()
    assert found.abis == ["arm64-v8a", "armeabi-v7a", "armeabi"]
    assert (found.core_mask("big", 2), found.core_mask("little", 1)) == ("c", "1")
    assert found.core_mask("f0", 1) == "f0"


def test_a_core_is_known_by_its_number_and_chosen_by_its_clock(adb: Adb) -> None:
    with phone() as one:
        cpus = one.root / "sys/devices/system/cpu"
        # In the order of text the first is the third one, and the other tells no clock.
        for name, khz in (("cpu10", "3200000\n"), ("cpu4", "")):
            (cpus / name / "cpufreq").mkdir(parents=True)
            (cpus / name / "cpufreq/cpuinfo_max_freq").write_text(khz)
        found = read_phone(at(adb, one.address))
    assert found.info().cores == 6
    assert (found.core_mask("big", 1), found.core_mask("little", 3)) == ("400", "7")


def test_devices_lists_phones_and_remedies(adb: Adb) -> None:
    with phone() as one, phone("unauthorized", serial="EMULATED0002") as two:
        rows = json.loads(invoke("devices", "--json").output)["android"]["phones"]
        told = {row["serial"]: row for row in rows}
        assert told[one.address]["info"]["emulated"]
        assert told[one.address]["conditions"]["temperature_c"]["value"] == 31.4
        assert "accept" in told[two.address]["remedy"]
        text = invoke("devices").output
    assert re.search(rf"^android:{one.address} +EMULATED, emulated bench stand-in", text, re.M)
    assert re.search(rf"^android:{two.address} +unauthorized", text, re.M)


def test_another_user_s_adb_is_not_let_in(
    adb: Adb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port of this machine is open to all its users, and a phone gives a shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with phone() as one:
        (seen,) = [each for each in visible(adb) if each.serial == one.address]
        assert (seen.state, one.served) == ("unauthorized", 0)


def test_a_phone_can_be_emulated_by_a_command(adb: Adb, home: Home) -> None:
    process = bench_process(home, "devices", "--emulate", "android", "--adb", adb.program)
    assert process.stdout
    line = process.stdout.readline()
    address = line.partition("android:")[2].partition(";")[0]
    assert choose(adb, address) == address
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert [one.serial for one in visible(adb)] == []
    listed = invoke("devices", "--emulate", "android", "--fault", "help").output
    assert all(name in listed for name in FAULTS)
    invoke("devices", "--emulate", "android", "--fault", "nonsense", status=1)


def test_no_adb_is_one_message(tmp_path: Path) -> None:
    machine = Machine(environment={"PATH": str(tmp_path), "ANDROID_HOME": str(tmp_path)})
    with pytest.raises(DeviceError, match="no adb") as caught:
        find_adb(None, machine)
    assert caught.value.code == "no_tool"
    assert "apt install adb" in caught.value.remedy
    tool = tmp_path / "platform-tools" / "adb"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert find_adb(None, machine) == str(tool)
    said = Machine(environment={**machine.environment, "BENCH_ADB": str(tmp_path / "mine")})
    with pytest.raises(DeviceError, match="mine"):
        find_adb(None, said)
    tool.rename(tmp_path / "mine")
    assert find_adb(None, said) == str(tmp_path / "mine")
