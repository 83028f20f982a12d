"""Depth recorded beside images gives their keypoints camera coordinates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros import cli
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.recorded_depth import RecordedDepth
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage
from bharnet_ros.pipeline.images_to_keypoints import ImagesToKeypoints
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pose.depth import with_depth
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import NANOSECONDS

pytestmark = pytest.mark.mediapipe

IMAGE, DEPTH, INFO = "/camera/image_raw", "/camera/depth", "/camera/camera_info"
RATE = 10.0
FIRST, FRAMES = 10, 14
LAYOUT = "mediapipe_upper_body_metric"


@pytest.fixture(scope="module")
def puppet():
    """Return a puppet that lifts a hand and waves."""
    return open_puppet("hello", width=320, height=240, fps=RATE)


@pytest.fixture(scope="module")
def film(puppet, messages):
    """Return (time, rows of a recording) for each frame: image, depth and camera."""
    return [
        (
            number / RATE,
            [
                (IMAGE, messages.image(number / RATE, puppet.frame(number).image)),
                (DEPTH, messages.depth(number / RATE + 0.005, puppet.depth(number))),
                (INFO, messages.camera_info(number / RATE, puppet.camera)),
            ],
        )
        for number in range(FIRST, FIRST + FRAMES)
    ]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory, film, write_bag):
    """Return a recording of them."""
    rows = [row for _, each in film for row in each]
    return write_bag(tmp_path_factory.mktemp("depth") / "filmed", rows)


@pytest.fixture(scope="module")
def metric(tmp_path_factory):
    """Return a model of bodies in metres."""
    from bundles import make_bundle

    return str(make_bundle(tmp_path_factory.mktemp("m") / "metric", body_layout=LAYOUT))


def play(bag, **settings):
    with Recording(bag) as recording:
        return replay(recording, ReplaySettings(device="cpu", **settings), progress=False)


def extract(bag, **options):
    """Return the keypoints of every image, and the notes on their depth."""
    with Recording(bag) as recording, PoseExtractor() as extractor:
        depth = RecordedDepth(recording, IMAGE, slop_s=0.02, progress=False, **options)
        to_keypoints = ImagesToKeypoints(extractor, CollectedLog())
        to_keypoints.depth = depth
        taken = [to_keypoints.take(one.message) for one in depth.images()]
        return [one for one in taken if one is not None], depth.notes()


def test_keypoints_are_where_the_puppet_is(filmed, puppet):
    frames, notes = extract(filmed)
    assert notes == []
    assert len(frames) == FRAMES
    for number, frame in enumerate(frames, FIRST):
        (person,), (truth,) = frame.people, puppet.truth(number).people
        seen = truth.body[:, 3] > 0
        distance = np.linalg.norm(person.body_camera - truth.body_camera, axis=-1)[seen]
        assert np.isfinite(distance).mean() > 0.8
        # MediaPipe's landmarks are some pixels away from the truth, depth or none.
        assert np.nanmedian(distance) < 0.04
    hand = frames[-1].people[0].hands_camera[1] - puppet.truth(number).people[0].hands_camera[1]
    assert np.nanmedian(np.linalg.norm(hand, axis=-1)) < 0.04


def test_images_with_depth_give_the_scores_of_recorded_keypoints(
    tmp_path, filmed, puppet, film, messages, write_bag, metric
):
    rows = []
    with PoseExtractor() as extractor:
        for number, (at, ((_, image), _, _)) in enumerate(film, FIRST):
            frame = extractor.extract(
                image.data.reshape(240, 320, 3), messages.stamp_ns(at), "camera"
            )
            # Millimetres, as they are recorded.
            placed = with_depth(frame, np.rint(puppet.depth(number) * 1e3) / 1e3, puppet.camera)
            relative = replace(placed, stamp_ns=round(at * NANOSECONDS))
            rows.append(("keypoints", messages.keypoints(relative)))
    recorded = play(write_bag(tmp_path / "keypoints", rows), model=metric)
    found = play(filmed, model=metric, use_depth=True, stage=Stage.IMAGES)
    assert recorded.stage is Stage.KEYPOINTS
    assert found.notes == recorded.notes == ()
    assert found.frames == FRAMES
    (one,), (other,) = found.traces, recorded.traces
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)
    # Without camera coordinates the scores would differ.
    bare = [row for row in rows if row[1].people]
    for _, message in bare:
        message.people[0].body_camera[:] = message.people[0].hands_camera[:] = np.nan
    blind = play(write_bag(tmp_path / "blind", rows), model=metric)
    assert np.abs(blind.traces[0].probabilities - one.probabilities).max() > 1e-3
    assert any(
        note.startswith(f"{len(bare)} frames on /keypoints have no camera coordinates")
        for note in blind.notes
    )


def test_a_replay_is_reproducible(filmed, metric):
    first, second = (play(filmed, model=metric, use_depth=True) for _ in range(2))
    assert first.events == second.events
    for one, other in zip(first.traces, second.traces, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_images_without_depth_are_extracted_and_counted(tmp_path, film, write_bag):
    rows = [
        row
        for number, (_, each) in enumerate(film)
        for row in each
        if row[0] != DEPTH or number not in (4, 5, 6)
    ]
    frames, notes = extract(write_bag(tmp_path / "gaps", rows))
    assert [frame.people[0].depth_known for frame in frames] == [
        number not in (4, 5, 6) for number in range(FRAMES)
    ]
    (note,) = notes
    assert note.startswith(f"3 images are without {DEPTH} or {INFO} within 0.02 s (--sync-slop)")


def test_depth_that_cannot_be_used_is_counted(tmp_path, film, puppet, messages, write_bag):
    rows = [row for _, each in film[:4] for row in each]
    small = puppet.depth(FIRST)[::2, ::2]
    rows[4] = (DEPTH, messages.depth((FIRST + 1) / RATE, small))
    frames, (note,) = extract(write_bag(tmp_path / "small", rows))
    assert [frame.people[0].depth_known for frame in frames] == [True, False, True, True]
    assert "the depth of 1 images cannot be used" in note
    assert f"{DEPTH}: depth: is of 160 x 120 pixels" in note


def test_depth_that_can_never_be_used_is_refused(
    tmp_path, film, puppet, messages, write_bag, metric
):
    rows = [row for _, each in film[:3] for row in each if row[0] != DEPTH]
    small = puppet.depth(FIRST)[::2, ::2]
    rows += [(DEPTH, messages.depth(at, small)) for at, _ in film[:3]]
    bag = write_bag(tmp_path / "small", rows)
    with pytest.raises(ValueError, match=rf"small: topic {DEPTH}: depth: is of 160 x 120"):
        play(bag, model=metric, use_depth=True)


def test_depth_of_another_time_is_refused(tmp_path, film, puppet, messages, write_bag):
    rows = [row for _, each in film[:3] for row in each if row[0] != DEPTH]
    rows += [(DEPTH, messages.depth(at + 0.045, puppet.depth(FIRST))) for at, _ in film[:3]]
    bag = write_bag(tmp_path / "late", rows)
    with pytest.raises(ValueError, match=rf"topic {DEPTH}: belongs to none of the 3 images"):
        extract(bag)


def test_a_model_of_bodies_in_metres_needs_depth(tmp_path, filmed, film, write_bag, metric):
    with pytest.raises(ValueError, match=rf"{IMAGE}: model tiny .*{LAYOUT}.*--use-depth"):
        play(filmed, model=metric)
    bare = write_bag(tmp_path / "bare", [each[0] for _, each in film[:2]])
    with pytest.raises(ValueError, match=r"bare: depth was asked for, but .*--depth-topic"):
        play(bare, model=metric, use_depth=True)


@pytest.fixture
def choose(tmp_path, film, puppet, messages, write_bag):
    """Return a function that opens the depth of a short recording with other topics in it."""

    def call(*more, without=(), **options):
        rows = [row for _, each in film[:2] for row in each if row[0] not in without]
        at = film[0][0]
        makers = {
            "depth": lambda: messages.depth(at, puppet.depth(FIRST)),
            "info": lambda: messages.camera_info(at, puppet.camera),
        }
        rows += [(topic, makers[kind]()) for topic, kind in more]
        with Recording(write_bag(tmp_path / "bag", rows)) as recording:
            return RecordedDepth(recording, IMAGE, slop_s=0.02, progress=False, **options).topics

    return call


def test_the_only_topics_are_taken(choose):
    assert choose() == (DEPTH, INFO)


def test_of_several_cameras_the_one_beside_the_images_is_taken(choose):
    assert choose(("/other/camera_info", "info")) == (DEPTH, INFO)


def test_topics_can_be_named(choose):
    found = choose(
        *[("/other/depth", "depth"), ("/other/camera_info", "info")],
        depth_topic="/other/depth",
        info_topic="/other/camera_info",
    )
    assert found == ("/other/depth", "/other/camera_info")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"more": [("/other", "depth")]},
            f"several topics with depth: {DEPTH}, /other; choose one with --depth-topic",
        ),
        (
            {"more": [("/a/b", "info"), ("/a/c", "info")], "without": [INFO]},
            "several topics with a camera: /a/b, /a/c; choose one with --camera-info-topic",
        ),
        ({"without": [DEPTH]}, "no messages with depth .* for --depth-topic; its topics"),
        ({"without": [INFO]}, "no messages with a camera .* for --camera-info-topic"),
        ({"depth_topic": "/no"}, "--depth-topic /no: there is no such topic; it has /camera"),
        ({"depth_topic": INFO}, f"--depth-topic {INFO}: has sensor_msgs/msg/CameraInfo, not"),
        ({"depth_topic": IMAGE}, f"--depth-topic {IMAGE}: is the topic of the images"),
        ({"info_topic": DEPTH}, f"--camera-info-topic {DEPTH}: has sensor_msgs/msg/Image, not"),
    ],
)
def test_topics_that_do_not_fit_are_named(choose, given, message):
    with pytest.raises(ValueError, match=rf"bag: .*{message}"):
        choose(*given.pop("more", ()), **given)


def test_colour_is_not_taken_for_depth(tmp_path, film, write_bag):
    rows = [row for _, each in film[:2] for row in each]
    rows += [("/other", message) for topic, message in rows if topic == IMAGE]
    bag = write_bag(tmp_path / "bag", rows)
    with pytest.raises(ValueError, match=r"--depth-topic /other: has images in 'rgb8', not"):
        extract(bag, depth_topic="/other")


def test_the_command_says_how_many_images_had_no_depth(tmp_path, film, write_bag, metric, capsys):
    rows = [row for number, (_, each) in enumerate(film) for row in each[: 1 if number < 2 else 3]]
    bag = write_bag(tmp_path / "bag", rows)
    truth = tmp_path / "bag.csv"
    truth.write_text("label,start,end\nwave,0.2,1.0\n")
    words = ["evaluate", "bag", str(bag), "--truth", str(truth), "--model", metric, "--json"]
    report = tmp_path / "report"
    given = [*words, "--use-depth", "--sync-slop", "0.03", "--report", str(report)]
    assert cli.main(given) == 0
    assert f"bag: 2 images are without {DEPTH} or {INFO} within 0.03 s" in capsys.readouterr().err
    assert "--sync-slop 0.03" in (report / "report.json").read_text()
    assert cli.main(words) == cli.BAD_INPUT
    assert "--use-depth" in capsys.readouterr().err
