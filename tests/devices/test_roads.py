"""What is found of the programs a road needs, however they behave, and of a machine's quiet."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from devices.finding import Finding
from devices.host.quiet import Present, measuring
from devices.programs import Machine
from devices.records import Reading
from devices.roads import android, browser, iphone

REAL_ADB = "Android Debug Bridge version 1.0.41\nVersion 36.0.0-13206524\nInstalled as /x/adb"
UNREADABLE = Reading(value=None, reason="not readable")
QUIET = {
    "governor": Reading(value="performance"),
    "turbo": Reading(value="off"),
    "power": Reading(value="mains"),
    "load_1min": Reading(value=0.1),
    "steal_s": Reading(value=0.0),
    "available_memory_bytes": Reading(value=8 * 2**30),
}


def program(folder: Path, name: str, script: str, mode: int = 0o755) -> Path:
    """An executable of this name, written as a shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return path


def here(folder: Path, *, system: str = "linux", deadline_s: float = 20.0, **more: str) -> Machine:
    """A machine with the programs of one folder."""
    environment = {"PATH": str(folder), **more}
    return Machine(system=system, environment=environment, deadline_s=deadline_s)


def by_need(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.need: finding for finding in findings}


def test_adb_is_found_and_android_home_comes_first(tmp_path: Path) -> None:
    said = f"printf '{REAL_ADB}'"
    adb = program(tmp_path / "bin", "adb", said)
    old = program(tmp_path / "sdk" / "platform-tools", "adb", said.replace("36.0.0", "29.0.6"))
    machine = here(tmp_path / "bin")
    assert by_need(android(machine))["adb"].found == f"36.0.0-13206524, {adb}"
    machine = here(tmp_path / "bin", ANDROID_HOME=str(tmp_path / "sdk"))
    assert by_need(android(machine))["adb"].found == f"29.0.6-13206524, {old}"
    machine = here(tmp_path / "bin", ANDROID_HOME="/nowhere")
    assert by_need(android(machine))["adb"].ok
    machine = here(tmp_path / "bin", ANDROID_HOME=str(tmp_path / "sdk"), BENCH_ADB="/nowhere/adb")
    assert by_need(android(machine))["adb"].found == "not /nowhere/adb (BENCH_ADB)"


@pytest.mark.parametrize(
    ("script", "mode", "told"),
    [
        (r"printf 'Version \033[2J\n'; exit 1", 0o755, "'Version ?[2J'"),
        (r"printf '\377\376\033[31m\001'", 0o755, "gives no version: '??"),
        (":", 0o755, "it printed nothing"),
        ("echo cannot load libusb >&2; exit 3", 0o755, "ended with status 3: 'cannot load libusb'"),
        ("kill -SEGV $$", 0o755, "died by SIGSEGV"),
        ("echo Version 1", 0o644, "is not executable"),
    ],
)
def test_an_adb_that_misbehaves_is_a_finding(
    tmp_path: Path, script: str, mode: int, told: str
) -> None:
    program(tmp_path, "adb", script, mode)
    finding = by_need(android(here(tmp_path)))["adb"]
    assert finding.ok is False
    assert told in finding.found
    assert finding.found.isprintable()
    assert str(tmp_path / "adb") in (finding.remedy or "")


def test_an_adb_without_its_interpreter_is_a_finding(tmp_path: Path) -> None:
    path = program(tmp_path, "adb", "")
    path.write_text("#!/no/such/interpreter\n")
    finding = by_need(android(here(tmp_path)))["adb"]
    assert finding.ok is False
    assert "cannot be started" in finding.found


@pytest.mark.parametrize("script", ["/bin/sleep 60", "while :; do echo Version; done"])
def test_an_adb_that_does_not_end_is_killed_with_its_children(tmp_path: Path, script: str) -> None:
    late = tmp_path / "late"
    program(tmp_path, "adb", f"(/bin/sleep 1; echo > {late}) & {script}")
    started = time.monotonic()
    finding = by_need(android(here(tmp_path, deadline_s=0.4)))["adb"]
    assert time.monotonic() - started < 20
    assert finding.ok is False
    assert "did not end within 0.4 s" in finding.found
    time.sleep(1.2)
    assert not late.exists()


def test_a_server_that_an_adb_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    program(tmp_path, "adb", f"/bin/sleep 8 & printf '{REAL_ADB}'")
    started = time.monotonic()
    assert by_need(android(here(tmp_path)))["adb"].ok
    assert time.monotonic() - started < 6


def test_browsers_are_tried_by_name(tmp_path: Path) -> None:
    program(tmp_path, "google-chrome", "echo warning 1.2 >&2; echo Google Chrome 131.0.6778.85")
    program(tmp_path, "node", "echo v22.1.0")
    needs = by_need(browser(here(tmp_path)))
    assert needs["Chromium"].found == f"131.0.6778.85, {tmp_path / 'google-chrome'}"
    assert needs["Node"].found == f"22.1.0, {tmp_path / 'node'}"


@pytest.mark.parametrize(
    ("chosen", "ok", "told"),
    [
        ("echo /Applications/Xcode.app/Contents/Developer", True, "26.1"),
        ("echo /Library/Developer/CommandLineTools", False, "only the command line tools"),
        ("echo no developer tools >&2; exit 2", False, "'no developer tools'"),
    ],
)
def test_xcode_is_asked_on_a_mac_only(tmp_path: Path, chosen: str, ok: bool, told: str) -> None:
    program(tmp_path, "xcode-select", chosen)
    program(tmp_path, "xcodebuild", r"printf 'Xcode 26.1\nBuild version 17B55\n'")
    program(tmp_path, "xcrun", 'test "$*" = "--find devicectl" && echo /usr/bin/devicectl')
    needs = by_need(iphone(here(tmp_path, system="darwin")))
    assert needs["Xcode"].ok is ok
    assert told in needs["Xcode"].found
    assert ("devicectl" in needs) is ok
    elsewhere = by_need(iphone(here(tmp_path, system="linux")))
    assert elsewhere["macOS"].ok is None
    assert "Xcode" not in elsewhere


def present(
    changed: dict[str, Reading] | None = None, *, virtual: bool = False, cores: int = 1
) -> Present:
    return Present(
        conditions=QUIET | (changed or {}),
        cores=cores,
        all_cores=4,
        memory_bytes=16 * 2**30,
        up_s=1000.0,
        virtual=virtual,
    )


def test_a_quiet_machine_is_all_good() -> None:
    assert all(finding.ok for finding in measuring(present()))
    busy = replace(present(), busiest=("python (7) 98% of a core",))
    assert by_need(measuring(busy))["programs"].ok is False


@pytest.mark.parametrize(
    ("condition", "value", "need", "told"),
    [
        ("governor", "powersave", "governor", "cpupower frequency-set -g performance"),
        ("turbo", "on", "turbo", "sudo tee /sys/devices/system/cpu/"),
        ("power", "battery", "power", "plug in"),
        ("load_1min", 1.8, "load", "close other programs"),
        ("steal_s", 120.0, "steal", "a machine of your own"),
        ("available_memory_bytes", 2**29, "memory", "close other programs"),
    ],
)
def test_what_disturbs_has_a_remedy_and_what_is_unknown_is_not_good(
    condition: str, value: str | float, need: str, told: str
) -> None:
    finding = by_need(measuring(present({condition: Reading(value=value)})))[need]
    assert finding.ok is False
    assert told in (finding.remedy or "")
    unknown = by_need(measuring(present({condition: UNREADABLE})))[need]
    assert (unknown.ok, unknown.found) == (None, "not readable")


def test_a_virtual_machine_says_what_it_can_not_know() -> None:
    no_cpufreq = {"governor": UNREADABLE, "turbo": UNREADABLE}
    needs = by_need(measuring(present(no_cpufreq, virtual=True)))
    assert needs["clocks"].ok is None
    assert "clocks cannot be read or fixed here" in needs["clocks"].found
    assert needs["steal"].ok is None
    stolen = by_need(measuring(present({"steal_s": Reading(value=120.0)}, virtual=True)))["steal"]
    assert stolen.found == "steal time 3.0% since boot"


@pytest.mark.skipif(sys.platform != "linux", reason="threads can be kept on a core on Linux only")
def test_threads_that_are_free_to_move_are_told_so() -> None:
    free = by_need(measuring(present(cores=4)))["threads"]
    assert free.ok is False
    assert "taskset --cpu-list 3 bench run" in (free.remedy or "")
