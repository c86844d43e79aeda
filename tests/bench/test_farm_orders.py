"""What the machines of a farm send is kept only where it is what was asked of them."""

from __future__ import annotations

import time
from pathlib import Path

import made
import pytest

from bench.cli.farm.listing import There
from bench.cli.farm.orders import RunOrder
from bench.sessions.record import Session
from bench.sessions.store import read_all, session_name
from zoo.base.errors import RecordError
from zoo.cluster.machines import Machine, answer, wrong_clock
from zoo.cluster.worker import differences, program
from zoo.home import Home

FAR = made.device("far")
MACHINE = Machine(
    node="n", name="shelf", key="0" * 12, problem=None, head=False, of_farm=True, declared=()
)


def sent(session: Session, folder: str = f"results/{FAR.key}") -> dict[str, bytes]:
    return {f"{folder}/{session_name(session)}": session.model_dump_json().encode()}


def test_a_session_is_kept_once_and_only_of_its_device_and_machine(
    home: Home, tmp_path: Path
) -> None:
    there = There(machine=MACHINE, device="host", info=FAR, state="ready", user=None)
    order = RunOrder(home=home, there=there, models=(), words=("run",))
    far = Home(root=tmp_path / "far")
    made.store(far, [FAR], made.SPECS[:1])
    good, other = (
        one.model_copy(update={"machine": MACHINE.key}) for one in read_all(far).sessions[:2]
    )
    order.keep_progress(sent(good))
    order.keep_progress(sent(good))
    assert order.told(1)["words"] == ["run", "--resume"]
    assert order.own() == sent(good)

    elsewhere = other.model_copy(update={"machine": "1" * 12})
    another = other.model_copy(
        update={"device": made.device("near").model_copy(update={"unit": "x"})}
    )
    [name] = sent(good)
    for wrong in (
        sent(elsewhere),
        sent(another, f"results/{another.device.key}"),
        sent(other, "results/.."),
        {f"results/{FAR.key}/x.json": good.model_dump_json().encode()},
        {name: good.model_copy(update={"round": 99}).model_dump_json().encode()},
        {name: b"{}"},
    ):
        with pytest.raises(RecordError, match="host on shelf sent"):
            order.keep_progress(wrong)
    assert [session.id for session in read_all(home).sessions] == [good.id]


def test_another_version_is_named_with_both() -> None:
    here, there = {"numpy": "2.0", "onnxruntime": "1.30"}, {"numpy": "1.9", "onnxruntime": "1.30"}
    assert differences(here, here, "shelf") == ""
    told = differences(here, there, "shelf")
    assert told == "shelf has numpy 1.9; this machine has numpy 2.0: install the same"


def test_a_wrong_clock_is_named_and_a_slow_answer_is_none() -> None:
    asked = time.time()
    _, _, problem, there, found = answer(program(()), lambda: "it")
    assert (problem, found) == (None, "it")
    assert wrong_clock("shelf", there, (asked, time.time())) is None
    asked_long_ago = (there - 55, there + 1)
    assert wrong_clock("shelf", there, asked_long_ago) is None
    told = {90: "the clock of shelf is 90 s ahead of", -90: "the clock of shelf is 90 s behind"}
    for off, text in told.items():
        assert (wrong_clock("shelf", there + off, (there, there)) or "").startswith(text)
