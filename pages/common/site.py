"""The pages: one entry each. Navigation, links between pages and the way from a result to its page come from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Shows:
    """How a page shows a kind of result.

    Attributes:
        values: of the page's own controls, besides those that follow from the request.
        chosen_there: fields of the request that the page chooses by itself.
        one_of: fields of which the page takes one value at a time.
        at_default: fields that the page has no control for and leaves at their defaults.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    chosen_there: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    at_default: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        path: of its file.
        title, icon: in the navigation.
        group: of the navigation.
        says: what it is for, in a sentence.
        shows: the analyses whose results it shows, by name.
        reads_text: whether it measures sentences, too.
    """

    path: str
    title: str
    icon: str
    group: str
    says: str
    shows: Mapping[str, Shows] = field(default_factory=dict)
    reads_text: bool = False


_WITHOUT_CONTROL = ("initial", "group", "pairs_with")
_NO_BATCHES = ("initial", "batch", "batch_seed", "precision")  # of a network
_OF_TRUTH = ("group", "subsets", "remove", "draw_seed")
_FUNCTIONS = {"view": "influence functions"}
_UNIQUE = {"view": "unique information"}
_EXACT, _TRAINED, _AUDIT = {"view": "Gaussian process"}, {"view": "trained models"}, {"view": "audit"}

PAGES: tuple[Page, ...] = (
    Page(
        "pages/overview.py",
        "Overview",
        ":material/home:",
        "Measure",
        "Whose data the model reveals most, and how leakage is spread.",
        {
            "fil": Shows(one_of=("attribute",)),
            "fil_rows": Shows(one_of=("attribute",), chosen_there=("first", "last")),
            "fit": Shows(),
            "features": Shows(),
        },
    ),
    Page(
        "pages/leakage.py",
        "Leakage",
        ":material/bar_chart:",
        "Measure",
        "Which measures and models agree, what predicts η, and how much noise it takes.",
        {"parts of eta": Shows(at_default=("lood",)), "pullback": Shows(at_default=("sigma",)), "pixel fit": Shows()},
    ),
    Page(
        "pages/examples.py",
        "Examples",
        ":material/grid_view:",
        "Measure",
        "See the leakiest examples, and which of their parts leak.",
        {
            "example": Shows(chosen_there=("neighbours",)),
            "neighbours": Shows({"neighbours": True}),
            "pullback of an example": Shows(),
        },
    ),
    Page(
        "pages/measures.py",
        "All measures",
        ":material/join_inner:",
        "Measure",
        "Every measure beside every other: which agree, and who is exposed by all or by one alone.",
        {"measures": Shows(chosen_there=("of",), at_default=_NO_BATCHES)},
        reads_text=True,
    ),
    Page(
        "pages/attacks.py",
        "Attacks",
        ":material/visibility:",
        "Attack",
        "See what an attacker gets: guessed attributes, reconstructed examples.",
        {
            "attribute inference": Shows({"attack": "attribute inference"}),
            "reconstruction": Shows({"attack": "reconstruction"}, one_of=("ids",)),
        },
    ),
    Page(
        "pages/membership.py",
        "Membership",
        ":material/person_search:",
        "Attack",
        "Whether an attacker could tell that a record was among the training data, and how surely.",
        {
            "lood": Shows(_EXACT, at_default=("scaling",)),
            "lood query": Shows(_EXACT, one_of=("ids",), at_default=("steps", "restarts", "query_seed")),
            "lood moves": Shows(_EXACT),
            "lood landscape": Shows(_EXACT, at_default=("span", "points")),
            "lood of groups": Shows(_EXACT),
            "architectures": Shows(_EXACT),
            "mia": Shows(_TRAINED | {"mia-of": "model"}),
            "mia of networks": Shows(_TRAINED | {"mia-of": "network"}, at_default=("initial",)),
            "mia of own signals": Shows(_TRAINED | {"mia-of": "own signals"}),
            "ensemble": Shows(_TRAINED | {"mia-of": "model"}, chosen_there=("members",)),
            "ensemble of networks": Shows(
                _TRAINED | {"mia-of": "network"}, chosen_there=("members", "gradients"), at_default=("initial",)
            ),
            "attacks beside closed forms": Shows(
                _TRAINED | {"mia-of": "network"}, at_default=("initial", "validation_size")
            ),
            "audit": Shows(_AUDIT | {"audit-of": "model"}),
            "audit of a network": Shows(_AUDIT | {"audit-of": "network"}, at_default=("initial",)),
            "audits": Shows(_AUDIT | {"audit-of": "model"}),
        },
    ),
    Page(
        "pages/mitigations.py",
        "Mitigations",
        ":material/healing:",
        "Act",
        "Reweight, add noise, regularise, leave out: what helps, and its price.",
        {
            "irfil": Shows({"view": "reweighting (IRFIL)"}, one_of=("attribute",)),
            "release": Shows({"view": "side by side"}, ("sigma", "ids", "trials", "draws", "seed")),
            "mitigations": Shows(
                {"view": "side by side"},
                (
                    "release_sigma", "examples", "methods", "iterations", "min_weight", "max_weight", "target_eta",
                    "sigmas", "l2s", "drop", "trials", "draws", "seed",
                ),
            ),
        },
    ),
    Page(
        "pages/influence.py",
        "Influence",
        ":material/lightbulb:",
        "Understand",
        "See what was learned from each example, whom it helps or harms, and whether that is true.",
        {
            "unique information": Shows(_UNIQUE, at_default=(*_WITHOUT_CONTROL, *_NO_BATCHES)),
            "ground truth": Shows(_UNIQUE, at_default=(*_WITHOUT_CONTROL, *_NO_BATCHES, "draw_seed", "subsets")),
            "summary": Shows(_UNIQUE, at_default=_NO_BATCHES),
            "network": Shows(at_default=_NO_BATCHES),
            "retraining": Shows(
                chosen_there=("without", "ids", "share", "draws", "draw_seed"), at_default=_NO_BATCHES
            ),
            "influence": Shows(_FUNCTIONS | {"influence-of": "model"}, at_default=_OF_TRUTH),
            "influence in a network": Shows(
                _FUNCTIONS | {"influence-of": "network"}, at_default=("initial", "precision", "solver", *_OF_TRUTH)
            ),
            "leave-one-out": Shows(
                _FUNCTIONS | {"influence-of": "model", "truth-too": True}, at_default=("draw_seed",)
            ),
            "ladder": Shows(_FUNCTIONS | {"influence-of": "model"}, at_default=("draw_seed",)),
            "ladder of a network": Shows(
                _FUNCTIONS | {"influence-of": "network"}, at_default=("initial", "precision", "draw_seed")
            ),
            "gradient outliers": Shows(_FUNCTIONS | {"influence-of": "model"}, at_default=("forest_seed",)),
            "gradient outliers in a network": Shows(
                _FUNCTIONS | {"influence-of": "network"}, at_default=("initial", "precision", "forest_seed")
            ),
            "canaries": Shows(_FUNCTIONS, at_default=("initial", "precision", "candidate_seed")),
        },
        reads_text=True,
    ),
    Page(
        "pages/shift.py",
        "Shift & over-fitting",
        ":material/explore:",
        "Understand",
        "What η tells of examples that the model has never seen the like of, and of over-fitting.",
        {
            "ood": Shows({"view": "out of distribution"}),
            "overfit": Shows(
                {"view": "over-fitting"},
                at_default=(
                    "kind", "depth", "activation", "scaling", "no_bias", "initial", "init_seed", "batch", "batch_seed",
                    "precision", "validation_size", "width", "embedding", "tied",
                ),
            ),
        },
    ),
    Page(
        "pages/learn.py",
        "Learn",
        ":material/school:",
        "Understand",
        "What leakage is, on toys that you can change, and where η is wrong.",
        {
            "failure": Shows({"view": "failure modes", "failure-here": True}),
            "informed guesses": Shows({"view": "toys", "guesses-shown": True}, at_default=("trials", "noise_seed")),
        },
    ),
    Page(
        "pages/studies.py",
        "Studies",
        ":material/collections_bookmark:",
        "Workspace",
        "Figures of the paper and other sets of results: open each, or compute all in one job.",
        {"study": Shows(chosen_there=("of",))},
    ),
    Page(
        "pages/own_data.py",
        "Own data",
        ":material/upload_file:",
        "Workspace",
        "Bring tables, arrays, images and texts of your own.",
    ),
    Page(
        "pages/results.py",
        "Results",
        ":material/history:",
        "Workspace",
        "Everything that was computed and what is running: open, compare, report, delete.",
    ),
)  # fmt: skip

# Titles of the pages about the data set and the model of the sidebar.
MEASURING = frozenset(one.title for one in PAGES if one.group != "Workspace")
OF_FEATURES = frozenset(one.title for one in PAGES if one.title in MEASURING and not one.reads_text)

# Paths of pages under their old names, which links that were kept still have.
MOVED: dict[str, str] = {"pages/gallery.py": "pages/examples.py", "pages/runs.py": "pages/results.py"}


def first_page(form: str) -> str:
    """The path of the page on which own data of a form, such as `text`, are measured first."""
    return "pages/influence.py" if form == "text" else "pages/overview.py"


def page(path: str) -> Page:
    """The entry of a page."""
    return next(one for one in PAGES if one.path == path)


def page_of(analysis: str) -> tuple[Page, Shows] | None:
    """The page that shows the results of an analysis, and how; None where no page does."""
    return next(((one, one.shows[analysis]) for one in PAGES if analysis in one.shows), None)
