"""Actions, people and cameras of NTU RGB+D 60 and 120, as data.

Sources: the authors' list of actions (github.com/shahroudy/NTURGB-D); for the splits, the papers of
the two data sets (arXiv 1604.02808 and 1905.04757).
"""

from __future__ import annotations

NTU_ACTIONS = (
    "drink water",
    "eat meal/snack",
    "brushing teeth",
    "brushing hair",
    "drop",
    "pickup",
    "throw",
    "sitting down",
    "standing up",
    "clapping",
    "reading",
    "writing",
    "tear up paper",
    "wear jacket",
    "take off jacket",
    "wear a shoe",
    "take off a shoe",
    "wear on glasses",
    "take off glasses",
    "put on a hat/cap",
    "take off a hat/cap",
    "cheer up",
    "hand waving",
    "kicking something",
    "reach into pocket",
    "hopping",
    "jump up",
    "make a phone call",
    "playing with phone/tablet",
    "typing on a keyboard",
    "pointing to something with finger",
    "taking a selfie",
    "check time (from watch)",
    "rub two hands together",
    "nod head/bow",
    "shake head",
    "wipe face",
    "salute",
    "put the palms together",
    "cross hands in front",
    "sneeze/cough",
    "staggering",
    "falling",
    "touch head (headache)",
    "touch chest (stomachache)",
    "touch back (backache)",
    "touch neck (neckache)",
    "nausea or vomiting condition",
    "use a fan/feeling warm",
    "punching/slapping other person",
    "kicking other person",
    "pushing other person",
    "pat on back of other person",
    "point finger at the other person",
    "hugging other person",
    "giving something to other person",
    "touch other person's pocket",
    "handshaking",
    "walking towards each other",
    "walking apart from each other",
    "put on headphone",
    "take off headphone",
    "shoot at the basket",
    "bounce ball",
    "tennis bat swing",
    "juggling table tennis balls",
    "hush (quiet)",
    "flick hair",
    "thumb up",
    "thumb down",
    "make ok sign",
    "make victory sign",
    "staple book",
    "counting money",
    "cutting nails",
    "cutting paper",
    "snapping fingers",
    "open bottle",
    "sniff (smell)",
    "squat down",
    "toss a coin",
    "fold paper",
    "ball up paper",
    "play magic cube",
    "apply cream on face",
    "apply cream on hand back",
    "put on bag",
    "take off bag",
    "put something into a bag",
    "take something out of a bag",
    "open a box",
    "move heavy objects",
    "shake fist",
    "throw up cap/hat",
    "hands up (both hands)",
    "cross arms",
    "arm circles",
    "arm swings",
    "running on the spot",
    "butt kicks",
    "cross toe touch",
    "side kick",
    "yawn",
    "stretch oneself",
    "blow nose",
    "hit other person with something",
    "wield knife towards other person",
    "knock over other person",
    "grab other person's stuff",
    "shoot at other person with a gun",
    "step on foot",
    "high-five",
    "cheers and drink",
    "carry something with other person",
    "take a photo of other person",
    "follow other person",
    "whisper in other person's ear",
    "exchange things with other person",
    "support somebody with one's hand",
    "finger-guessing game",
)
"""Action A001 is the first; NTU RGB+D 60 has the first 60. Long names are shortened."""

NTU60_CLASSES = 60
NTU60_SETUPS = 17
"""Setups 1 to 17 are NTU RGB+D 60; 18 to 32 were added for NTU RGB+D 120."""

NTU60_TRAINING_SUBJECTS = frozenset(
    (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
)
"""X-Sub of NTU RGB+D 60: 20 of 40 people."""

NTU120_TRAINING_SUBJECTS = NTU60_TRAINING_SUBJECTS | frozenset(
    (
        *(45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85),
        *(86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103),
    )
)
"""X-Sub of NTU RGB+D 120: 53 of 106 people."""

TRAINING_CAMERAS = frozenset((2, 3))
"""X-View of NTU RGB+D 60: camera 1 is for testing."""

TRAINING_SETUP_REMAINDER = 0
"""X-Set of NTU RGB+D 120: setups with even numbers are for training."""

_HAND_ACTIONS = (
    *(10, 11, 12, 13, 18, 19, 29, 30, 31, 34, 39),
    *(67, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 81, 82, 83, 84, 86, 120),
)

NTU60_HAND_ACTIONS = tuple(
    NTU_ACTIONS[number - 1] for number in _HAND_ACTIONS if number <= NTU60_CLASSES
)
"""Actions of NTU RGB+D 60 that are made with hands and fingers while the body says little.

This is our own list: the paper (arXiv 2503.14960) reports a subset of this kind, NTU-Hand, without
publishing all of its classes, so numbers on this list are not comparable with the paper's.
"""

NTU120_HAND_ACTIONS = tuple(NTU_ACTIONS[number - 1] for number in _HAND_ACTIONS)
"""The same for NTU RGB+D 120; our own list too."""
