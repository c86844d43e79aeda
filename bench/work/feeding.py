"""What a file of one's own is fed: by what it declares, and by what the user says of its inputs.

What can be known is filled in: floats are the levels of a picture, 0..1; quantised integers all
that their type holds. The rest is asked for by name: free dimensions, other integers, booleans, and
which of several signatures. So nothing is timed at a size, or on indices, that nobody chose.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.work.typed_inputs import FORMS, Said, size_text, typed, typed_file, written
from zoo.base.errors import ArtifactError, UnknownName
from zoo.base.pictures import shown
from zoo.runtime.declared import Slot
from zoo.runtime.feeds import MOST_BYTES, Feed, bytes_of, keep, read_values

# Of a side that is free, in the command that an error proposes.
_PROPOSED_SIDE, _PROPOSED_LENGTH = 224, 128


def chosen_entry(
    path: Path,
    entries: Mapping[str | None, tuple[Slot, ...]],
    signature: str | None,
    given: Mapping[str, Said],
) -> tuple[Slot, ...]:
    """The inputs of the signature that is asked for, or of the only way to run the file. Raises
    ArtifactError, UnknownName, with a command that says the same of its inputs."""
    if signature is None and None in entries:
        return entries[None]
    if signature in entries:
        return entries[signature]
    names = [name for name in entries if name is not None]
    chosen = names[0] if names else None
    remedy = " ".join(["bench run", typed_file(path), *_of_slots(entries[chosen], given, chosen)])
    if signature is not None:
        raise UnknownName.of("signature", signature, names, remedy)
    raise ArtifactError(
        f"{shown(path)} has {len(names)} signatures: {', '.join(map(shown, names))}",
        expected="the name of the one to be measured",
        remedy=remedy,
    )


def _of_slots(slots: Sequence[Slot], given: Mapping[str, Said], signature: str | None) -> list[str]:
    """What was said of these inputs, as it is typed; the rest was said of other files."""
    names = [slot.name for slot in slots]
    return written({n: one for n, one in given.items() if n in names}, signature)


def feeds_of(
    path: Path,
    slots: Sequence[Slot],
    given: Mapping[str, Said],
    folder: Path,
    signature: str | None = None,
) -> tuple[Feed, ...]:
    """Every input of a file, in its order; what is said of other names is left to other files.

    folder: where values of files are kept. Raises ArtifactError that names every input of which
    something has to be asked, with a command that tells it.
    """
    asks = [_ask(slot, given.get(slot.name, Said())) for slot in slots]
    if any(asks):
        wanted = [f"--input {typed(text)}" for ask in asks for text in ask.words]
        words = ["bench run", typed_file(path), *_of_slots(slots, given, signature), *wanted]
        raise ArtifactError(
            f"{shown(path)}: {'; '.join(ask.seen for ask in asks if ask.seen)}",
            expected=f"the size and values of these inputs: {FORMS}",
            remedy=f"for example: {' '.join(words)}",
        )
    return tuple(_feed(slot, given.get(slot.name, Said()), folder) for slot in slots)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What has to be asked of one input, and words of --input that would answer it."""

    seen: str = ""
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words)


def _ask(slot: Slot, said: Said) -> Ask:
    seen, words = [], []
    if said.shape is None and said.file is None:
        if slot.shape is None:
            seen.append("has no declared shape")
            words.append(f"{slot.name}={size_text((1, 3, _PROPOSED_SIDE, _PROPOSED_SIDE))}")
        elif any(isinstance(side, str) for side in slot.shape):
            free = [str(side) for side in slot.shape]
            seen.append(f"has free dimensions: {shown('x'.join(free))}")
            words.append(f"{slot.name}={size_text(_proposed(slot.shape))}")
    kind = np.dtype(slot.dtype).kind
    if kind != "f" and not slot.scaled and said.file is None and said.span is None:
        seen.append(f"holds {slot.dtype}, which may be anything")
        picture = slot.dtype == "uint8" and slot.shape is not None and len(slot.shape) > 2
        words.append(f"{slot.name}={'0..255' if picture else '1' if kind == 'b' else '0'}")
    told = f"input {shown(slot.name)} {' and '.join(seen)}" if seen else ""
    return Ask(seen=told, words=tuple(words))


def _proposed(shape: Sequence[int | str]) -> tuple[int, ...]:
    """Of a batch one; of a picture's sides 224."""
    side = _PROPOSED_SIDE if len(shape) > 3 else _PROPOSED_LENGTH
    return tuple(
        each if isinstance(each, int) else 1 if place == 0 else side
        for place, each in enumerate(shape)
    )


def _feed(slot: Slot, said: Said, folder: Path) -> Feed:
    if said.file is not None:
        return _of_file(slot, said, said.file, folder)
    shape = said.shape
    if shape is None:
        assert slot.shape is not None
        shape = tuple(side for side in slot.shape if isinstance(side, int))
    _refuse_unlike(slot, shape)
    kind = np.dtype(slot.dtype).kind
    low, high = said.span or (0.0, 1.0)
    if said.span is None and kind != "f":
        limits = np.iinfo(slot.dtype)
        low, high = float(limits.min), float(limits.max)
    _refuse_unheld(slot, low, high)
    return Feed(
        name=slot.name,
        shape=shape,
        dtype=slot.dtype,
        values="constant" if said.constant else "noise",
        low=low,
        high=high,
    )


def _refuse_unlike(slot: Slot, shape: Sequence[int]) -> None:
    """Raises ArtifactError for a shape that the file does not take, or of too much."""
    wanted = slot.shape
    declared = "x".join(map(str, wanted or ())) or "a scalar"
    fits = wanted is None or (
        len(shape) == len(wanted)
        and all(isinstance(w, str) or w == side for w, side in zip(wanted, shape, strict=True))
    )
    if not fits or 0 in shape:
        raise ArtifactError(
            f"input {shown(slot.name)} cannot be {'x'.join(map(str, shape)) or 'a scalar'}",
            expected=f"{shown(declared)}, as the file declares it",
        )
    if bytes_of(shape, slot.dtype) > MOST_BYTES:
        raise ArtifactError(
            f"input {shown(slot.name)} of {'x'.join(map(str, shape))} is too large",
            expected=f"at most {MOST_BYTES // 2**20} MiB",
        )


def _refuse_unheld(slot: Slot, low: float, high: float) -> None:
    """Raises ArtifactError for values that the type of the input does not hold."""
    dtype = np.dtype(slot.dtype)
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        if max(abs(low), abs(high)) <= most:
            return
        allowed = f"{-most:g}..{most:g}"
    else:
        least, most_of = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        if low.is_integer() and high.is_integer() and least <= low and high <= most_of:
            return
        allowed = f"whole numbers in {least}..{most_of}"
    raise ArtifactError(
        f"input {shown(slot.name)} is {slot.dtype}, which does not hold {low:g}..{high:g}",
        expected=allowed,
    )


def _of_file(slot: Slot, said: Said, path: Path, folder: Path) -> Feed:
    values = read_values(path)
    _refuse_unlike(slot, values.shape)
    if said.shape is not None and said.shape != values.shape:
        raise ArtifactError(
            f"{shown(path)} holds {'x'.join(map(str, values.shape))}",
            expected=f"{'x'.join(map(str, said.shape))}, as --input says of {shown(slot.name)}",
        )
    if values.dtype.name != slot.dtype:
        new = path.with_name(f"{slot.dtype}-{path.name}")
        code = (
            "import numpy as np; "
            f"np.save({str(new)!r}, np.load({str(path)!r}).astype({slot.dtype!r}))"
        )
        raise ArtifactError(
            f"{shown(path)} holds {values.dtype.name}, input {shown(slot.name)} is {slot.dtype}",
            expected=f"an array of {slot.dtype}",
            remedy=f"python -c {shlex.quote(code)}",
        )
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ArtifactError(
            f"{shown(path)} holds NaN", expected="numbers, of which some may be infinite"
        )
    finite = values[np.isfinite(values)]
    return Feed(
        name=slot.name,
        shape=values.shape,
        dtype=slot.dtype,
        values="file",
        low=float(finite.min()) if finite.size else None,
        high=float(finite.max()) if finite.size else None,
        sha256=keep(values, folder),
    )
