"""The trainer: it learns, it repeats itself to the byte, and a killed one goes on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch
from commands import RECIPE, TINY, TRAIN, Chain, bench_process, invoke, wait_for

from train.config import load_recipe, parse_recipe, recipe_names, with_changes
from train.data.dataset import Dataset
from train.loader import TrainingImages
from train.losses import dice_loss, segmentation_loss
from train.teacher import choose_teachers, teach
from zoo.artifact.iou import pooled, read_counts
from zoo.base.errors import RecipeError, UnknownName, WeightsError
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path, load, read_record
from zoo.home import Home
from zoo.registry import get


def test_killed_training_goes_on_to_the_same_bytes(drawn: Home, chain: Chain) -> None:
    path, whole = checkpoint_path(drawn, get(TINY)), checkpoint_path(chain.home, get(TINY))
    killed = bench_process(drawn, *TRAIN)
    wait_for(path.parent / "resume.pt")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not path.exists()
    state = torch.load(path.parent / "resume.pt", weights_only=True)
    torch.save(state | {"torch": "1.0"}, path.parent / "resume.pt")

    resumed = bench_process(drawn, *TRAIN)
    output, _ = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, output
    assert "going on after epoch" in output
    assert "of torch '1.0'" in output
    assert sha256_of(path) == sha256_of(whole)
    assert "trained already" in invoke(*TRAIN).output
    assert "trained already" not in invoke(*TRAIN, "--seed", "1", "--epochs", "1").output


def test_it_learns_and_leaves_its_records(chain: Chain) -> None:
    spec = get(TINY)
    record = read_record(checkpoint_path(chain.home, spec))
    folder = chain.home.checkpoint_folder(spec)
    assert record.validation_iou > 0.6
    assert pooled(read_counts(folder / "validation_counts.csv")) == record.validation_iou
    assert record.init.kind == "random"
    assert record.split.dataset == "drawn"
    assert (folder / "curve.png").stat().st_size > 1000
    assert len((folder / "history.csv").read_text().splitlines()) == 1 + load_recipe(RECIPE).epochs
    assert not (folder / "resume.pt").exists()


def test_a_teacher_is_learned_from_beside_the_labels(chain: Chain, tmp_path: Path) -> None:
    home, spec = chain.home, get(TINY)
    dataset = Dataset.open(home, "drawn")
    teacher = checkpoint_path(home, spec)
    files = choose_teachers([teacher], "hair")
    masks = teach(files, dataset, tmp_path, torch.device("cpu"))

    # It was trained on these photographs: a share of 1 trains on nearly their labels, not on them.
    config = load_recipe(RECIPE)
    alone = TrainingImages(dataset, config, [spec.size]).pixels
    taught = TrainingImages(
        dataset, with_changes(config, teacher_share=1), [spec.size], masks
    ).pixels
    half = TrainingImages(dataset, config, [spec.size], masks).pixels
    for labelled, both, theirs in zip(alone, half, taught, strict=True):
        assert torch.equal(labelled[:3], both[:3])
        assert (both[3].float() * 2 - labelled[3] - theirs[3]).abs().max() <= 2
    agreed = torch.stack(
        [((a[3] > 127) == (b[3] > 127)).float().mean() for a, b in zip(alone, taught, strict=True)]
    )
    assert 0.85 < agreed.mean() < 1
    stored = (tmp_path / "teachers.safetensors").stat().st_mtime_ns
    again = teach(files, dataset, tmp_path, torch.device("cpu"))
    assert all((again[item] == masks[item]).all() for item in masks)
    assert (tmp_path / "teachers.safetensors").stat().st_mtime_ns == stored
    with pytest.raises(WeightsError, match="a teacher of face"):
        choose_teachers([teacher], "face")


def test_a_teacher_of_one_part_teaches_the_photographs_of_that_part(
    chain: Chain, drawn: Home, tmp_path: Path
) -> None:
    synthetic = ("data", "synthetic", "--train", "4", "--validation", "2")
    for words in (synthetic, ("data", "join", "drawn", "synthetic", "--name", "both")):
        invoke(*words)
    both, cpu = Dataset.open(drawn, "both"), torch.device("cpu")
    of_drawn = checkpoint_path(chain.home, get(TINY))
    learn = ("train", "--model", TINY, "--data", "both", "--recipe", RECIPE, "--init", "random")
    alone = invoke(*learn, "--epochs", "1", "--teacher", str(of_drawn), status=1).output
    assert "no teacher knows the photographs of synthetic" in alone

    invoke(*learn, "--epochs", "1")
    of_both = checkpoint_path(drawn, get(TINY))
    one, two = (
        teach(choose_teachers(paths, "hair"), both, tmp_path, cpu)
        for paths in ([of_both], [of_both, of_drawn])
    )
    for item in both.items("train"):
        assert (one[item.id] == two[item.id]).all() == (item.source == "synthetic")


def test_a_record_names_the_teachers_and_other_teachers_train_anew(
    chain: Chain, drawn: Home
) -> None:
    spec = get(TINY)
    path = checkpoint_path(drawn, spec)
    teacher = checkpoint_path(chain.home, spec)
    learn = (*TRAIN, "--epochs", "1", "--teacher", str(teacher))
    assert "trained already" not in invoke(*learn).output
    record = read_record(path)
    assert [(t.model, t.sha256) for t in record.teachers] == [(TINY, sha256_of(teacher))]
    assert "trained already" in invoke(*learn).output
    assert "trained already" not in invoke(*TRAIN, "--epochs", "1").output
    assert not list(path.parent.glob("teachers*"))
    missing = invoke(*TRAIN, "--teacher", "nowhere.safetensors", status=1)
    assert "nowhere.safetensors does not exist" in missing.output


def test_first_weights_that_the_training_would_replace_are_refused(elsewhere: Home) -> None:
    path = checkpoint_path(elsewhere, get(TINY))
    before = sha256_of(path)
    for option in ("--init", "--teacher"):
        refused = invoke(*TRAIN, option, str(path), status=1).output
        assert "is what this command is to replace" in refused
        assert f"cp {path}" in refused
    assert sha256_of(path) == before


def test_a_checkpoint_rebuilds_its_network_and_an_edited_one_is_refused(
    chain: Chain, tmp_path: Path
) -> None:
    path = checkpoint_path(chain.home, get(TINY))
    network, record = load(path)
    assert record.model == TINY
    assert not network.training
    broken = tmp_path / TINY / "checkpoint.safetensors"
    broken.parent.mkdir()
    broken.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"checkpoint\.safetensors"):
        load(broken)
    torch.save({"record": "pickle"}, broken)
    with pytest.raises(WeightsError, match="not a checkpoint"):
        load(broken)


def test_losses_by_hand() -> None:
    target = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 2, 2)
    sure = (target * 2 - 1) * 50
    assert float(dice_loss(sure, target)) < 1e-6
    assert float(segmentation_loss(sure, target, 0.5)) < 1e-6
    # Probability 1/2 everywhere: overlap 1, total 4, so 1 - (2 + 1) / (4 + 1).
    assert float(dice_loss(target * 0, target)) == pytest.approx(0.4)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_loads(name: str) -> None:
    assert load_recipe(name).epochs > 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"epochs: 3\nlearning_rat: 0.1", "did you mean learning_rate"),
        (b"epochs: 3\naugmentation: {rotate: 3}", "did you mean rotation"),
        (b"epochs: many", "epochs"),
        (b"epochs: -1", "greater than or equal to 0"),
        (b"- 1", "holds no keys"),
        (b"\x00\xff", "not YAML"),
        (b"a: [", "not YAML"),
        (b"!!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_a_bad_recipe_names_the_key(text: bytes, told: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "mine.yaml")
    assert told in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_an_unknown_recipe_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="nearest: standard"):
        load_recipe("standart")
