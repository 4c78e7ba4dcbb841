"""Words and sentence patterns of the grammar."""

from __future__ import annotations

NAMES = (
    "alma", "boris", "clara", "david", "edith", "felix", "greta", "henry", "ivana", "jonas", "karin", "louis",
    "maria", "nadia", "oskar", "paula", "quinn", "ruben", "sofia", "tomas", "ulric", "vera", "wanda", "xenia",
)  # fmt: skip
_PEOPLE = (
    "baker", "captain", "child", "doctor", "driver", "farmer", "friend", "guard", "judge", "king", "lawyer", "nurse",
    "painter", "sailor", "singer", "student", "tailor", "teacher", "waiter", "writer",
)  # fmt: skip
_THINGS = (
    "apple", "basket", "book", "bottle", "box", "bread", "chair", "clock", "coat", "cup", "drum", "flag", "flower",
    "hammer", "key", "lamp", "letter", "map", "mirror", "painting", "pen", "ring", "rope", "shoe", "table", "wheel",
)  # fmt: skip
_PLACES = (
    "bank", "bridge", "castle", "church", "city", "forest", "garden", "harbour", "house", "island", "kitchen",
    "library", "market", "mountain", "office", "park", "river", "school", "station", "village",
)  # fmt: skip
_QUALITIES = (
    "big", "black", "blue", "brave", "bright", "clever", "cold", "dark", "early", "famous", "gentle", "green", "happy",
    "heavy", "honest", "old", "quiet", "red", "small", "strange", "tired", "white", "young",
)  # fmt: skip
_TAKES = (
    "brings", "buys", "carries", "draws", "finds", "forgets", "hides", "keeps", "likes", "loses", "needs", "sees",
    "sells", "takes", "wants",
)  # fmt: skip
_GOES = ("arrives", "dances", "laughs", "rests", "runs", "sings", "sleeps", "waits", "walks", "works")
_SAYS = ("believes", "hears", "hopes", "knows", "says", "thinks", "writes")
_WHEN = ("always", "never", "often", "today", "tonight", "now", "sometimes", "soon")
_WHERE = ("behind", "beside", "in", "near", "outside")
_A = ("a", "every", "the", "this")

WORDS = {
    "NAME": NAMES, "PERSON": _PEOPLE, "THING": _THINGS, "PLACE": _PLACES, "QUALITY": _QUALITIES, "TAKES": _TAKES,
    "GOES": _GOES, "SAYS": _SAYS, "WHEN": _WHEN, "WHERE": _WHERE, "A": _A, "DIGIT": tuple("0123456789"),
}  # fmt: skip
_SENTENCES = {
    "A PERSON TAKES A THING": 5,
    "A QUALITY PERSON TAKES A THING WHERE the PLACE": 4,
    "NAME GOES WHERE A PLACE": 4,
    "NAME SAYS that A PERSON GOES": 3,
    "the THING of NAME is QUALITY": 4,
    "A THING WHERE the PLACE is QUALITY and QUALITY": 3,
    "NAME and NAME are WHEN WHERE the PLACE": 3,
    "A PERSON who TAKES A THING GOES WHEN": 3,
    "when A PERSON GOES , NAME TAKES A QUALITY THING": 2,
    "there is a QUALITY THING WHERE the PLACE of NAME": 2,
    "the room of NAME is DIGIT DIGIT DIGIT": 2,
    "does NAME like A QUALITY PERSON ?": 1,
}  # patterns, and their weights
PATTERNS = tuple(tuple(pattern.split()) for pattern in _SENTENCES)
WEIGHTS = tuple(weight / sum(_SENTENCES.values()) for weight in _SENTENCES.values())
