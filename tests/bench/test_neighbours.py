"""Files' effects are those of neighbouring turns, however the machine's speed changes."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.neighbours import file_effects

FILES, ROUNDS = 8, 12


def a_pass(
    seed: int,
) -> tuple[list[int], list[float], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The files of the turns, the turns' logarithms, and the truth: speeds that hold for some tens
    of turns, up to 60 % slower, and 3 % noise of each turn."""
    generator = np.random.default_rng(seed)
    truth = generator.uniform(np.log(0.5), np.log(20.0), FILES)
    files = [int(file) for _ in range(ROUNDS) for file in generator.permutation(FILES)]
    speeds: list[float] = []
    while len(speeds) < len(files):
        speeds += [float(generator.uniform(1.0, 1.6))] * int(generator.integers(10, 40))
    noise = generator.normal(0, 0.03, len(files))
    logs = truth[files] + np.log(speeds[: len(files)]) + noise
    return files, logs.tolist(), truth - truth.mean()


def test_known_effects_are_recovered_though_the_speed_jumps() -> None:
    passes = [a_pass(seed) for seed in range(40)]
    off = [file_effects(files, logs) - truth for files, logs, truth in passes]
    assert np.sqrt(np.mean(np.square(off))) < 0.015
    # No bias is left, to which more passes would hold on.
    assert np.abs(np.mean(off, axis=0)).max() < 0.005
    plain = [
        np.array([np.median(np.asarray(logs)[np.asarray(files) == f]) for f in range(FILES)])
        for files, logs, _ in passes
    ]
    blurred = [p - p.mean() - truth for p, (*_, truth) in zip(plain, passes, strict=True)]
    assert np.sqrt(np.mean(np.square(off))) < np.sqrt(np.mean(np.square(blurred))) / 2


def test_of_two_files_none_is_taken_for_the_other_speed_of_the_machine() -> None:
    """A machine that is at times slower by 1.45: no pass of 32 rounds ends near that ratio, and
    most are nearer to the truth than the turns' own noise."""
    off = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        files = [int(file) for _ in range(32) for file in generator.permutation(2)]
        slow: list[bool] = []
        while len(slow) < len(files):
            slow += [bool(generator.random() < 0.4)] * int(generator.integers(1, 5))
        speed = np.where(slow[: len(files)], np.log(1.45), 0.0)
        logs = np.array([0.0, 0.03])[files] + speed + generator.normal(0, 0.05, len(files))
        found = file_effects(files, logs.tolist())
        off.append(found[1] - found[0] - 0.03)
    assert np.abs(off).max() < 0.1
    assert np.sqrt(np.mean(np.square(off))) < 0.025
    assert np.abs(np.mean(off)) < 0.01


def test_a_turn_that_was_far_off_hardly_counts() -> None:
    files, logs, truth = a_pass(0)
    whole = file_effects(files, logs)
    logs[len(logs) // 2] += 3.0
    assert file_effects(files, logs) == pytest.approx(whole, abs=0.01)
    assert whole == pytest.approx(truth, abs=0.05)


def test_files_that_are_all_alike_have_none() -> None:
    assert file_effects([0, 1, 2] * 6, [1.5] * 18) == pytest.approx([0.0] * 3, abs=1e-9)


@pytest.mark.parametrize(
    ("files", "logs"),
    [
        ([0], [1.0]),
        ([0, 0, 0], [1.0, 1.1, 0.9]),
        ([0, 1], [1.0, 2.0]),
        # The last is five turns away from the first one of another kind.
        ([0, 1, *[2] * 9, 3], [1.0, 2.0, *[0.5] * 9, 4.0]),
        ([*[0] * 5, *[1] * 5], [1.0] * 5 + [2.0] * 5),
    ],
    ids=["one turn", "one file", "two turns", "never near", "in a row"],
)
def test_few_or_lonely_turns_are_no_crash(files: list[int], logs: list[float]) -> None:
    found = file_effects(files, logs)
    assert len(found) == max(files) + 1
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(0, abs=1e-9)


def test_groups_far_from_each_other_keep_their_own_ratios() -> None:
    """Whatever lies between them."""
    files = [0, 1, 0, 1, *[2] * 6, 3, 4, 3, 4]
    logs = [0.0, 1.0, 0.0, 1.0, *[9.0] * 6, 5.0, 7.0, 5.0, 7.0]
    found = file_effects(files, logs)
    assert found[1] - found[0] == pytest.approx(1.0, abs=0.01)
    assert found[4] - found[3] == pytest.approx(2.0, abs=0.01)
