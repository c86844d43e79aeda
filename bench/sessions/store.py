"""The store of sessions: immutable JSON files, `results/<device>/<time>-<id>.json`."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bench.sessions.record import READABLE, Session
from zoo.base.errors import RecordError, UnknownName
from zoo.base.files import write_text
from zoo.home import Home

# Of a file that is no session.
WRITTEN = "the JSON that bench run wrote"
LEFT_OUT = "it is left out; remove it, or restore it from a copy"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What lies in a results folder: the sessions, oldest first, and what could not be read."""

    sessions: tuple[Session, ...]
    problems: tuple[RecordError, ...]


def write_session(home: Home, session: Session) -> Path:
    """Write one session under a name of its own; returns the path."""
    path = session_path(home, session)
    write_text(path, session.model_dump_json() + "\n")
    return path


def session_path(home: Home, session: Session) -> Path:
    """Where it is stored."""
    return home.device_results(session.device.key) / session_name(session)


def session_name(session: Session) -> str:
    return f"{session.started_at:%Y%m%dT%H%M%SZ}-{session.id}.json"


def read_session(path: Path) -> Session:
    """Raises RecordError, naming the file, when it is broken or of an unknown schema version."""
    try:
        text = path.read_bytes()
        with contextlib.suppress(ValidationError):
            session = Session.model_validate_json(text)
            if "schema_version" in session.model_fields_set:
                return session
        # Why not: by its version, else by what is wrong in it.
        value = json.loads(text)
        version = value.get("schema_version") if isinstance(value, dict) else None
        if version not in READABLE:
            raise RecordError(
                f"{path} has session schema {version!r}",
                expected=f"schema {' or '.join(map(str, READABLE))}",
                remedy="read it with the version of this project that wrote it",
            )
        return Session.model_validate(value)
    except (ValidationError, ValueError, OSError, RecursionError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise RecordError(
            f"{path} is not a session: {detail}",
            expected=WRITTEN,
            remedy=LEFT_OUT,
        ) from error


def read_all(home: Home) -> Stored:
    """Every session of every device; a broken file is a problem in the list, and no more."""
    return read_files(sorted(home.results.glob("*/*.json")))


def timed_by_model(home: Home) -> Counter[str]:
    """How many sessions of each model have a latency. They are not validated, for to count them
    that takes too long; what is no JSON object of that form is not counted."""
    found: Counter[str] = Counter()
    for path in home.results.glob("*/*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            session = json.loads(path.read_bytes())
            if session["run"] and session["plan"]["loop"]["mode"] != "memory":
                found[session["request"]["model"]] += 1
    return found


def read_files(paths: Iterable[Path]) -> Stored:
    """The sessions of these files, oldest first, and the problems met."""
    sessions, problems = [], []
    for path in paths:
        try:
            sessions.append(read_session(path))
        except RecordError as error:
            problems.append(error)
    sessions.sort(key=lambda session: (session.started_at, session.position))
    return Stored(sessions=tuple(sessions), problems=tuple(problems))


def chosen(home: Home, words: Sequence[str]) -> list[Session]:
    """The sessions of these files and beginnings of ids; `last` is all of the last batch.

    Raises UnknownName, RecordError."""
    found: dict[str, Session] = {}
    for word in words:
        if word == "last":
            sessions = read_all(home).sessions
            last = [s for s in sessions if s.batch == sessions[-1].batch]
            found |= {session.id: session for session in last}
            if not last:
                raise UnknownName("no session is stored", remedy="make zoo, or bench run FILE")
            continue
        session = session_of(home, word)
        found[session.id] = session
    return list(found.values())


def session_of(home: Home, word: str) -> Session:
    """The session of a file, or of the beginning of an id; raises UnknownName, RecordError."""
    path = Path(word)
    return read_session(path) if path.is_file() else find_session(home, word)


def find_session(home: Home, id: str) -> Session:
    """The one session whose id begins so; raises UnknownName."""
    paths = sorted(home.results.glob("*/*.json"))
    ids = [path.name.removesuffix(".json").rpartition("-")[2] for path in paths]
    matching = [path for path, found in zip(paths, ids, strict=True) if found.startswith(id)]
    if not id or not matching:
        raise UnknownName.of("session", id, ids, "bench report --json lists them")
    if len(matching) > 1:
        raise UnknownName(
            f"{id!r} begins {len(matching)} session ids",
            expected=f"more of one, such as {ids[paths.index(matching[0])]}",
        )
    return read_session(matching[0])
