"""How files of one's own are called where several are shown: so that they can be told apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from devices.records import RunRequest

HASH_DIGITS = 8


def told_apart(files: Mapping[RunRequest, str | None]) -> dict[RunRequest, str]:
    """A name for each request, as `by_content` has it; one file that is fed unlike inputs has those
    in its name. files: each with the end of its path, where that is known."""
    own = {request: path for request, path in files.items() if request.size is None}
    names = by_content([(r.model, r.artifact_sha256, path) for r, path in own.items()])
    # An imported model keeps its name where a phone's program makes the values by itself.
    fed = [r for r in own if r.origin == "file" or all(f.values != "program" for f in r.inputs)]
    return {
        request: names[request.model, request.artifact_sha256]
        + (_fed_text(request, fed) if request in fed else "")
        if request in own
        else request.model
        for request in files
    }


def by_content(files: Iterable[tuple[str, str, str | None]]) -> dict[tuple[str, str], str]:
    """By name and hash of each file, given with the end of its path: its name, and of those that
    share one as much of their path as tells them apart, else the hash."""
    paths: dict[str, dict[str, str | None]] = defaultdict(dict)
    for model, sha256, path in files:
        paths[model][sha256] = path or paths[model].get(sha256)
    return {
        (model, sha256): name
        for model, known in paths.items()
        for sha256, name in _names(model, known).items()
    }


def _names(model: str, paths: Mapping[str, str | None]) -> dict[str, str]:
    """By hash, of the files that are called `model`."""
    if len(paths) == 1:
        return dict.fromkeys(paths, model)
    parts = {sha256: path.split("/") if path else [model] for sha256, path in paths.items()}
    for count in range(2, max(map(len, parts.values())) + 1):
        names = {sha256: "/".join(each[-count:]) for sha256, each in parts.items()}
        if len(set(names.values())) == len(names):
            return names
    return {sha256: f"{model} ({sha256[:HASH_DIGITS]})" for sha256 in paths}


def _fed_text(request: RunRequest, others: Sequence[RunRequest]) -> str:
    """What sets it apart from the same file that is fed otherwise."""
    same = [one for one in others if one.artifact_sha256 == request.artifact_sha256]
    same = [one for one in same if one.model == request.model]
    parts = [request.signature] if len({one.signature for one in same}) > 1 else []
    known = {feed for one in same for feed in one.inputs}
    for feed in request.inputs:
        if any(feed not in one.inputs for one in same) and len(known) > len(request.inputs):
            parts.append(feed.text)
    told = [part for part in parts if part]
    return f" ({'; '.join(told)})" if told else ""
