"""`bharnet data crop`: keypoints and crops of videos, one file each, for the stream `rgb`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bharnet_ros.datasets.create.extract import extracted_frames
from bharnet_ros.datasets.create.subjects import read_subjects
from bharnet_ros.datasets.readers.cropped import write_cropped
from bharnet_ros.pose.cropping import cut_crops
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.types.arguments import add_force_argument
from bharnet_ros.types.crops import REGIONS, CropSequence, CropSettings, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence, PersonKeypoints
from bharnet_ros.types.paths import check_unused

VIDEOS = {".avi", ".mkv", ".mov", ".mp4", ".webm"}
SETTINGS = "crop.json"
"""File with the settings that the files of a folder were cropped with."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    default = CropSettings()
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a video, or a folder of videos in LABEL/, in train/LABEL/ and test/LABEL/, or of NTU "
        "RGB+D or PKU-MMD",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder to write NAME.npz to, in the same subfolders",
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="PNG", help="write a picture with all crops of one video"
    )
    parser.add_argument(
        "--regions", nargs="+", choices=REGIONS, default=default.regions, help="what to cut out"
    )
    parser.add_argument(
        "--size", type=int, default=default.size, help="side length of a crop, pixels"
    )
    parser.add_argument(
        "--hand-reach",
        type=float,
        default=default.hand_reach,
        help="distance from the middle of a hand to the side of its crop, shoulder widths",
    )
    parser.add_argument(
        "--every", type=float, default=0.1, metavar="S", help="seconds between two crops"
    )
    parser.add_argument(
        "--subjects",
        type=Path,
        metavar="CSV",
        help="the person in each video: lines of file name, subject",
    )
    add_force_argument(parser)
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status.

    Raises:
        InputError: An argument or all videos cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    settings = CropSettings(
        tuple(arguments.regions), arguments.size, hand_reach=arguments.hand_reach
    )
    if not arguments.every > 0:
        raise InputError(f"--every: must be positive, got {arguments.every}")
    source = Path(arguments.source)
    if not source.is_dir():
        return _crop_one(arguments, settings)
    if arguments.out is None or arguments.sheet is not None:
        raise InputError("a folder of videos needs --out and takes no --sheet")
    if arguments.force:
        raise InputError("--force: a folder of videos is continued; delete what is to be new")
    return crop_folder(
        source,
        arguments.out,
        settings,
        arguments.every,
        arguments.subjects,
        **engine_options(arguments),
    )


def _crop_one(arguments: argparse.Namespace, settings: CropSettings) -> int:
    """Crop one video and write the file, the sheet or both."""
    if arguments.out is None and arguments.sheet is None:
        raise InputError("a video needs --out, --sheet or both")
    file = arguments.out and arguments.out / f"{Path(arguments.source).stem}.npz"
    for path in (file, arguments.sheet):
        if path is not None:
            check_unused(path, force=arguments.force)
    with PoseExtractor(**engine_options(arguments)) as extractor:
        clip = crop_clip(arguments.source, settings, arguments.every, extractor)
    assert clip.crops is not None
    if file is not None:
        write_cropped(file, clip)
    if arguments.sheet is not None:
        _write_picture(arguments.sheet, contact_sheet(clip.crops))
    counts = clip.crops.present.sum(axis=0).tolist()
    regions = ", ".join(f"{name} in {n}" for name, n in zip(settings.regions, counts, strict=True))
    print(f"{arguments.source}: {len(clip)} frames, {len(clip.crops)} of them cropped: {regions}")
    return 0


def _write_picture(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) uint8 RGB.

    Raises:
        InputError: The ending of the name is not that of an image format.
        OSError: The file cannot be written.
    """
    try:
        written = cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise InputError(f"--sheet: {path}: cannot be written as an image: {error.err}") from error
    if not written:
        raise OSError(f"{path}: cannot be written")


def crop_folder(
    source: Path,
    out: Path,
    settings: CropSettings,
    every_s: float,
    subjects: Path | None = None,
    **options: Any,
) -> int:
    """Crop every video in a folder that has not been cropped yet; skip broken ones.

    Args:
        source: Folder of videos, at any depth.
        out: Folder that gets a file for each video, in the same subfolder. A second run continues
            an interrupted one.
        settings: Which crops to cut.
        every_s: Seconds between two crops.
        subjects: CSV file of the person in each video, as for `read_subjects`.
        **options: Arguments of `PoseExtractor`.

    Returns:
        Exit status: 0, or 1 if a video could not be used; each of those is named on stderr.

    Raises:
        InputError: There are no videos, none could be used, two would become one file, a line of
            `subjects` is wrong, or `out` holds files that were cropped with other settings.
    """
    videos = sorted(path for path in source.rglob("*") if path.suffix.lower() in VIDEOS)
    if not videos:
        raise InputError(f"{source}: holds no videos ({', '.join(sorted(VIDEOS))})")
    targets = _targets(videos, source, out)
    people = read_subjects(subjects, source, videos) if subjects else {}
    _keep_settings(out, settings, every_s)
    broken: list[str] = []
    with PoseExtractor(**options) as extractor:
        for path in tqdm(videos, unit="video"):
            target = targets[path]
            if target.exists():
                continue
            extractor.reset()
            try:
                clip = crop_clip(path, settings, every_s, extractor, progress=False)
            except (InputError, OSError) as error:
                broken.append(f"{path}: {error}")
                tqdm.write(f"skipped: {broken[-1]}", file=sys.stderr)
                continue
            write_cropped(target, replace(clip, subject=people.get(path)))
    if len(broken) == len(videos):
        raise InputError(f"{source}: none of {len(videos)} videos could be used")
    print(f"{len(videos) - len(broken)} of {len(videos)} videos are in {out}")
    return int(bool(broken))


def _targets(videos: Sequence[Path], source: Path, out: Path) -> dict[Path, Path]:
    """Return the file that each video becomes.

    Raises:
        InputError: Two videos would become the same file; names both.
    """
    targets: dict[Path, Path] = {}
    taken: dict[Path, Path] = {}
    for video in videos:
        target = (out / video.relative_to(source)).with_suffix(".npz")
        if target in taken:
            raise InputError(
                f"{taken[target]} and {video}: both would become {target}; rename one of them"
            )
        targets[video], taken[target] = target, video
    return targets


def crop_clip(
    source: str | Path,
    settings: CropSettings,
    every_s: float,
    extractor: PoseExtractor,
    *,
    progress: bool = True,
) -> KeypointSequence:
    """Return the keypoints of every frame of a video, and crops at regular times.

    Args:
        source: A video file, a folder of images or "puppet:<script>".
        settings: Which crops to cut.
        every_s: Seconds between two crops.
        extractor: A new extractor, or one that was reset.
        progress: Draw a progress bar on stderr.

    Raises:
        InputError: The source cannot be decoded.
        FileNotFoundError: The source does not exist.
    """
    people: list[tuple[float, PersonKeypoints]] = []
    crops: list[tuple[float, FrameCrops]] = []
    due = 0.0
    size = (0, 0)
    for frame, found in extracted_frames(source, extractor, progress=progress):
        size = found.width, found.height
        person = found.people[0] if found.people else PersonKeypoints("")
        people.append((frame.time, person))
        # Rounding must not make a crop miss its frame.
        if frame.time >= due - 1e-6:
            crops.append((frame.time, cut_crops(frame.image, person, settings)))
            due = max(due + every_s, frame.time)
    return KeypointSequence.of(people, width=size[0], height=size[1], crops=CropSequence.of(crops))


def contact_sheet(crops: CropSequence, columns: int = 16) -> npt.NDArray[np.uint8]:
    """Return a picture of all crops: (H, W, 3) uint8 RGB, with one row per region in turn.

    Args:
        crops: Crops of R regions at M times.
        columns: Number of times side by side.
    """
    count, regions, size = crops.pixels.shape[:3]
    lines = []
    for start in range(0, count, columns):
        part = crops.pixels[start : start + columns]
        for region in range(regions):
            line = np.zeros((size, columns * size, 3), dtype=np.uint8)
            line[:, : len(part) * size] = np.hstack(list(part[:, region]))
            lines.append(line)
    return np.vstack(lines)


def _keep_settings(out: Path, settings: CropSettings, every_s: float) -> None:
    """Record the settings in the folder; refuse a folder that has other settings.

    Raises:
        InputError: The folder has other settings, or its settings cannot be read.
        OSError: A file cannot be read or written.
    """
    wanted = json.loads(json.dumps({**asdict(settings), "every_s": every_s}))
    del wanted["moments"]
    path = out / SETTINGS
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path}: cannot be read as JSON: {error}") from error
        if found != wanted:
            raise InputError(
                f"{out}: was cropped with {found}, not with {wanted}; use another --out"
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
