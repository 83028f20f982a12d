"""The chain in containers whose shared memory holds no image, nor anything else."""

from __future__ import annotations

import subprocess

import pytest

from bharnet_ros.resources import find_resource

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.mediapipe]

# Of its own, as each container has, and too small for Fast DDS to begin with.
TINY = 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"'
CONTAINER = ("unshare", "--map-root-user", "--mount", "sh", "-c", TINY, "sh")


@pytest.fixture
def contained(chain, make_camera, monkeypatch: pytest.MonkeyPatch):
    """Return the chain, with each node in a container of its own."""
    tried = subprocess.run([*CONTAINER, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"cannot make a mount namespace here: {tried.stderr.strip()}")
    # As the launch file does.
    profile = find_resource("config/fastdds.xml")
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(profile))
    chain.through = CONTAINER
    chain.feed = make_camera(chain.controller)
    chain.start("pose_extraction", "recognition", "action_event_publisher")
    return chain


def test_without_shared_memory_events_come_all_the_same(contained) -> None:
    contained.begin_event()
    contained.check_alive()
    lines = contained.processes["pose_extraction"].lines
    said = [line for name in lines for line in lines[name] if "SHM Transport is not supp" in line]
    assert said, "there was shared memory"
