"""The failure modes of Fisher information loss. A new one is a module beside this file and an entry here."""

from __future__ import annotations

from fil_core.learn.mode import Lines, Mode, Strength
from fil_core.specs import DataSpec

_DIGITS = DataSpec(name="digits", classes=("5", "8"))
_SEPARABLE = DataSpec(
    name="points:classes+1:-2,0.5,0;-1.6,-0.7,0;-1.3,0.9,0;-1,-0.2,0;-0.8,0.4,0;0.7,-0.5,1;1,0.8,1;1.2,-0.9,1;1.7,0.1,1;"
    "2.1,-0.3,1"
)
_TWO_GROUPS = DataSpec(
    name="points:classes:-1.9,0;-1.7,0;-1.5,0;-1.3,0;-1.2,0;-1,0;-0.8,0;-0.6,0;0.6,1;0.8,1;1,1;1.1,1;1.3,1;1.5,1;1.7,1;"
    "1.9,1"
)
_WAVE = DataSpec(
    name="points:line:-2,0.86;-1.64,0.38;-1.27,-0.47;-0.91,-1.36;-0.55,-0.62;-0.18,-0.22;0.18,0.19;0.55,1.07;0.91,1.08;"
    "1.27,0.65;1.64,-0.13;2,-0.59"
)

FAILURES: tuple[Mode, ...] = (
    Mode(
        name="label-coding",
        title="Labels coded 5 and 8 instead of 0 and 1",
        data=_DIGITS,
        needs="two classes",
        strength=Strength(
            "coding (0: right, 1: the classes' own numbers)",
            "how far the codes are moved from 0 and 1 to the classes' own numbers",
            default=1.0, least=0.0, most=1.0, unchanged=0.0,
        ),
        other="η with the wrong coding",
        why="With 5 and 8 the residual of a logistic model is at least 4 in one class and 7 in the other, however well "
        "both are classified, and where η follows the residual it tells the class rather than the example.",
        instead="Code the labels as the loss takes them, 0 and 1 for logistic regression and −1 and +1 for least "
        "squares, and look at η by class before believing a ranking.",
        module="label_coding",
    ),
    Mode(
        name="separable",
        title="λ = 0 on separable data",
        data=_SEPARABLE,
        needs="two classes",
        strength=Strength(
            "penalty λ", "the penalty beside the usual one; 0 has no optimum where a plane separates the classes",
            default=1e-6, least=0.0, most=1.0, unchanged=1e-3, log=True,
        ),
        other="η at that penalty",
        shown="η at the usual penalty",
        why="Without a penalty the parameters of separable classes grow without end, the curvature vanishes, and η, "
        "which divides by it, measures λ or when the optimiser stopped, not the data.",
        instead="Set λ > 0, say it beside every η, and compare η only at equal λ.",
        module="separable",
        lines=Lines(
            "Towards λ = 0", ("penalty", "penalty λ"), "η, in 1/feature, and |θ|",
            {"largest_eta": "largest η", "median_eta": "median η", "theta_length": "length of the parameters"},
            marked="strength", log_x=True, log_y=True,
        ),
    ),
    Mode(
        name="feature-scaling",
        title="A feature in another unit",
        data=DataSpec(name="diabetes"),
        needs="features",
        strength=Strength(
            "factor of one feature", "by which the column that the model uses most is multiplied",
            default=0.01, least=0.01, most=1000.0, unchanged=1.0, log=True,
        ),
        other="η with the feature scaled",
        shown="η before",
        why="η is the largest singular value of a Jacobian whose rows are parameters and whose columns are features, "
        "each in its own unit, so a unit weighs as much as the data.",
        instead="Scale the features by a rule that is fixed beforehand, say which, and never compare η across "
        "preprocessings.",
        module="feature_scaling",
    ),
    Mode(
        name="target-scaling",
        title="The target in another unit",
        data=DataSpec(name="diabetes"),
        needs="regression",
        strength=Strength(
            "factor of the target", "by which the target is multiplied",
            default=0.01, least=0.001, most=1000.0, unchanged=1.0, log=True,
        ),
        other="η with the target scaled",
        shown="η before",
        why="The parameters and the residuals grow with the target while the target's own column of the Jacobian does "
        "not, so its unit decides which of the two η ranks by.",
        instead="Standardise the target, or look at η of the features and of the target apart.",
        module="target_scaling",
    ),
    Mode(
        name="saturated",
        title="A saturated record whose membership is obvious",
        data=DataSpec(name="breast-cancer"),
        needs="two classes",
        strength=Strength(
            "factor of the record's features", "by which the features of the worst fitted record are multiplied",
            default=30.0, least=1.0, most=100.0, unchanged=1.0, log=True,
        ),
        other="η with the record far out",
        shown="η before",
        why="η is a derivative where the model has already given in to the record, so residual and curvature are "
        "nearly 0; membership is the difference to the model without it, which is far away.",
        instead="Look at what leaving the record out changes, or at the membership area, beside η: no derivative at "
        "the optimum says it.",
        module="saturated",
        beside="loo_shift",
    ),
    Mode(
        name="gap",
        title="The score of new points may be low in a gap of the data",
        data=_TWO_GROUPS,
        needs="two classes",
        strength=Strength(
            "distance of the groups, as a multiple",
            "by which the distance of two groups, on either side of half-way between the classes, is multiplied",
            default=2.0, least=1.0, most=10.0, unchanged=1.0,
        ),
        other="η with the groups moved apart",
        shown="η before",
        why="The label's part of the score, |H⁻¹x|, is convex along any line and least near the mean of the data, "
        "which lies in the gap: with least squares it is all there is, while with logistic regression the residual "
        "where the predicted label changes adds a bump that may outweigh it.",
        instead="Do not read the score as epistemic uncertainty; ask for the distance to the nearest training example, "
        "or for a model that can bend, beside it.",
        module="gap",
        lines=Lines(
            "Along the line through both groups", ("position", "position (the groups' means are at −1 and 1)"),
            "score of a point, or its distance",
            {
                "score_logistic": "score, logistic", "score_least-squares": "score, least squares",
                "nearest": "distance to the nearest training example",
            },
            log_y=True,
        ),
    ),
    Mode(
        name="duplicates",
        title="A record that is held several times",
        data=DataSpec(name="toy-classes"),
        needs="features",
        strength=Strength(
            "copies of the leakiest record", "how often the data hold the leakiest record",
            default=10.0, least=1.0, most=100.0, unchanged=1.0, whole=True,
        ),
        other="η of one copy",
        shown="η of all copies together",
        why="k copies act as one record of weight k. One of them alone has a k-th of their η, since the others hold "
        "the model; whoever is described by all k is not hidden at all, as moving all moves it k times as much.",
        instead="Measure the group, all rows of one person together, or remove duplicates before measuring.",
        module="duplicates",
    ),
    Mode(
        name="constant-column",
        title="A column of zeros that stays in the model",
        data=DataSpec(name="toy-classes"),
        needs="features",
        strength=Strength(
            "columns of zeros", "how many columns that are zero in every row the model has",
            default=1.0, least=0.0, most=20.0, unchanged=0.0, whole=True,
        ),
        other="η with columns of zeros",
        why="Nothing but the penalty bends the objective along such a column, so its direction has the least curvature "
        "of all and takes η over: it becomes the size of the residual.",
        instead="Leave constant columns out of the model, as is done when data are read, and never count one as an "
        "attribute at risk.",
        module="constant_column",
    ),
    Mode(
        name="softmax-labels",
        title="Softmax labels that may leave the simplex",
        data=DataSpec(name="digits", classes=("3", "5", "8"), pca=10),
        needs="classes",
        strength=Strength(
            "how far labels may leave the simplex",
            "share of the direction in which all entries of a label rise together",
            default=1.0, least=0.0, most=1.0, unchanged=0.0,
        ),
        other="η with free labels",
        why="If all entries of a label rise together every score rises alike, which no probability notices: only the "
        "penalty does, so η becomes the row's length over nλ.",
        instead="Let a label move between classes only, in steps that sum to zero, as is done here.",
        module="softmax_labels",
    ),
    Mode(
        name="preprocessing",
        title="Preprocessing taken as public",
        data=_DIGITS,
        needs="unit ball",
        strength=Strength(
            "factor of the longest row",
            "by which the longest row is multiplied before all rows are divided by its length",
            default=1.0, least=1.0, most=20.0, log=True,
        ),
        other="η with the scale taken as public",
        shown="η with what the row does to the scale",
        why="The longest row sets the scale of all rows, so a change of it moves the whole data set; the usual η holds "
        "the scale fixed, as if it had been published by itself.",
        instead="Fix scale, centre and principal directions from public knowledge, or count the row that sets them by "
        "its η through the scale.",
        module="preprocessing",
    ),
    Mode(
        name="indefinite",
        title="Indefinite curvature in a network",
        data=_WAVE,
        needs="few points",
        strength=Strength(
            "steps of training", "after which the network is released",
            default=50.0, least=1.0, most=1000.0, whole=True, log=True,
        ),
        other="η by the inverse of the Hessian",
        shown="η through the run of training",
        why="−H⁻¹M is the derivative of an optimum; before the network is at one, H has negative eigenvalues, and "
        "wherever one passes through zero the formula has a pole that the released parameters know nothing of.",
        instead="Differentiate through the run of training, as in the metagradient, or show that the gradient is zero "
        "and the Hessian positive before inverting it; the Gauss–Newton matrix has no poles, but is not H either.",
        module="indefinite",
        lines=Lines(
            "Along the run", ("step", "steps of training"), "median η, in 1/feature",
            {
                "median": "through the run", "median_hessian": "by the Hessian",
                "median_gauss_newton": "by the Gauss–Newton matrix",
            },
            marked="strength", log_y=True,
        ),
    ),
    Mode(
        name="irfil-weights",
        title="Reweighting with the weights left out of the Hessian",
        data=DataSpec(name="toy-classes"),
        needs="two classes",
        strength=Strength(
            "rounds of reweighting", "of iteratively reweighted FIL", default=6.0, least=0.0, most=50.0, unchanged=0.0,
            whole=True,
        ),
        other="true η after the mistaken rounds",
        shown="η after the right rounds",
        why="The rounds even out whatever number they are given; with the Hessian of equal weights that is not the η "
        "of the weighted model that is released.",
        instead="Recompute η with the weighted Hessian and the weighted Jacobian, and check the spread on the model "
        "that is released.",
        module="irfil_weights",
        lines=Lines(
            "Spread of η by round", ("round", "round"), "standard deviation of η over its mean",
            {"spread": "done right", "spread_other": "weights left out", "spread_believed": "as the mistake believes"},
            log_y=True,
        ),
    ),
)  # fmt: skip
BY_NAME: dict[str, Mode] = {mode.name: mode for mode in FAILURES}
