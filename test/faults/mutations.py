"""Damages files as disks, editors and people do, and as an attacker would."""

from __future__ import annotations

import io
import random
import zipfile

TOKENS = (
    *(b"", b"\x00" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"-1", b"nan", b"1e999", b"null", b"[]"),
    *(b"{}", b"true", b"\n", b"\r\n", b'"', b"../../../../etc/passwd", b"%s%n", b"\xef\xbb\xbf"),
    *(b"99999999999999999999", b"&a [*a, *a]", b"!!python/object:os.system", b"(100000, 100000)"),
)
"""What takes the place of a part of a file: extreme numbers, paths that lead out, markup."""

_MOST_CHANGES = 4


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a damaged file; half of the archives are damaged inside, behind their checksums."""
    if zipfile.is_zipfile(io.BytesIO(content)) and chance.random() < 0.5:
        return _damaged_member(content, chance)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        content = chance.choice((_flip, _cut, _drop, _repeat, _replace, _insert))(content, chance)
    return content


def _flip(content: bytes, chance: random.Random) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        changed[_place(changed, chance)] = chance.randrange(256)
    return bytes(changed)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _drop(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + content[end:]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:end] + content[start:end] * chance.randint(1, 20) + content[end:]


def _replace(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + chance.choice(TOKENS) + content[end:]


def _insert(content: bytes, chance: random.Random) -> bytes:
    place = _place(content, chance)
    return content[:place] + chance.choice(TOKENS) + content[place:]


def _place(content: bytes | bytearray, chance: random.Random) -> int:
    """Return a place in a file; headers are as likely as all the rest."""
    if not content:
        return 0
    end = len(content) if chance.random() < 0.5 else min(len(content), 256)
    return chance.randrange(end)


def _span(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = _place(content, chance)
    return start, min(len(content), start + chance.choice((1, 2, 4, 8, 64, 1024)))


def _damaged_member(content: bytes, chance: random.Random) -> bytes:
    """Return an archive one of whose members is damaged, missing or there twice."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one.filename, archive.read(one)) for one in archive.infolist()]
    place = chance.randrange(len(members))
    name, member = members[place]
    kind = chance.random()
    if kind < 0.8:
        members[place] = (name, damaged(member, chance))
    elif kind < 0.9:
        del members[place]
    else:
        members.append((chance.choice((name, "../" + name, "/" + name)), member))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members:
            archive.writestr(zipfile.ZipInfo(name), member)
    return written.getvalue()
