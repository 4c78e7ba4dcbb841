"""What an entry says about a kind of request, and what its functions are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fil_core.dataset import Dataset
from fil_core.errors import FilError
from fil_core.result import Result
from fil_core.specs import Request
from fil_core.specs.late import Late

if TYPE_CHECKING:
    import torch

    from fil_core.data.outside import Outside
    from fil_core.models import Fitted
    from fil_core.models.extractor import Extractor

Need = Literal["data", "optimum"]
Answer = Result | FilError
Answers = Mapping[Request, Answer]
Reveals = Literal["nothing", "label", "value", "weight", "change"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an analysis's table.

    Attributes:
        name: as the table calls it; a final `*` stands for any ending.
        title: in words, for axes and menus.
        unit: of its values; empty for none.
        says: what it is, in a sentence, for the data dictionary.
        more: +1 where a larger value means more exposed, -1 where less, 0 where neither.
        reveals: what of an example follows from it and redaction must hide: its label, an attribute's value, its
            training weight, or how weights changed its leakage. Each column has to say it, if only "nothing".
        always: whether every table has it.
        names_examples: whether its values are ids of training examples, -1 for nobody.
        targets: whether its values are targets: names without an order where these are classes.
        is_id: whether it is what rows are called that are no training examples; then the table is shown under it.
    """

    name: str
    title: str
    says: str
    unit: str = ""
    more: int = 0
    reveals: Reveals = field(kw_only=True)
    always: bool = True
    names_examples: bool = False
    targets: bool = False
    is_id: bool = False

    def names(self, column: str) -> bool:
        """Whether a column of a table is this one."""
        return column.startswith(self.name[:-1]) if self.name.endswith("*") else column == self.name


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the engine prepares before an analysis runs.

    Attributes:
        dataset: the examples.
        device: where to compute.
        parts: the answers to its parts, by request.
        uploads: what the request names by its content, by digest.
        optimum: the trained model, where the analysis needs one.
        outside: the examples that no model was trained on, where the request is about some.
        features: the stored result of `features` that made the examples, where they are features of a network.
    """

    dataset: Dataset
    device: torch.device
    parts: Answers = field(default_factory=dict)
    uploads: Mapping[str, Result] = field(default_factory=dict)
    optimum: Fitted | None = None
    outside: Outside | None = None
    features: Result | None = None

    @property
    def extractor(self) -> Extractor | None:
        """The frozen network, float64 and on the device, that made the features; None where they are no features."""
        from fil_core.models.extractor import restored

        return None if self.features is None else restored(self.features, device=self.device)

    @property
    def fitted(self) -> Fitted:
        """The trained model.

        Raises:
            TypeError: the analysis does not say that it needs one.
        """
        if self.optimum is None:
            raise TypeError('inputs: expected an analysis with needs="optimum"; this one has no trained model.')
        return self.optimum

    def part(self, request: Request) -> Result:
        """The answer to a part that has one.

        Raises:
            FilError: why it has none.
        """
        answer = self.parts[request]
        if isinstance(answer, FilError):
            raise answer
        return answer


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the cost of a request follows from.

    Attributes:
        n, d: training examples and features.
        classes: number of classes; 0 for a real-valued target.
        levels: (attribute, bins) to the number of its values.
        vocabulary: number of tokens, of sequences; else 0.
        pixels: numbers of a picture, of features that a network makes of pictures; else 0.
    """

    n: int
    d: int
    classes: int
    levels: Callable[[str, int | None], int]
    vocabulary: int = 0
    pixels: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Work and memory of one analysis, besides the data and the trained model.

    Attributes:
        operations: multiply-adds.
        values: float64 numbers that it holds at its peak.
    """

    operations: float = 0.0
    values: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.operations + other.operations, self.values + other.values)

    def times(self, k: float) -> Cost:
        """So many of them one after the other."""
        return Cost(k * self.operations, self.values)


@dataclass(frozen=True, slots=True)
class Parts:
    """Other requests whose stored answers make an answer.

    Attributes:
        of: (request, dataset, answers so far) to the requests that are needed as far as they can be told; asked again
            with more answers until it names no new ones.
        may_fail: whether an answer can be made where a part has none but an error.
    """

    of: Callable[[Any, Dataset, Answers], Sequence[Request]]
    may_fail: bool = False


def no_parts(request: Any, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """Of an analysis that is one piece."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything about one kind of request.

    Attributes:
        name: as pages, reports and the command line call it; the command is the same with dashes unless `command` says.
        version: raised whenever the meaning or the layout of the result changes; old results are then not found.
        request: the type that asks.
        needs: what the engine prepares before `run`: the data alone, or the model at its optimum too.
        check: (request, dataset), which raises BadRequest or BadData for what the data cannot answer.
        run: (request, inputs, progress) to a Result without provenance.
        cost: (request, sizes) to a Cost.
        parts: requests whose stored answers make this answer.
        columns: of its table.
        title: of its section, in words.
        sentence: (subject, quote) to what the result says in one sentence.
        figures: (subject) to the figures that a report shows.
        section: (subject) to the section of a report as HTML.
        command: name of the command that asks it.
        row: what a row of its table is; empty where it has no table.
        printed: (subject) to what the command reports, for --json and in words; None reports `wanted`, and says the
            sentence.
        wanted: names of the summary's entries that the command reports.
        only_part: whether others ask it rather than a person, so that lists leave it out at first.
        files: (subject) to the content of a file that the command writes beside tables, by the end of its name.
        limit: bytes of arrays beyond which a result is computed again rather than kept; None keeps all.
    """

    name: str
    version: int
    request: type[Request]
    needs: Need
    check: Callable[[Any, Dataset], object]
    run: Callable[..., Result]
    cost: Callable[[Any, Sizes], Cost]
    parts: Parts = field(default_factory=lambda: Parts(no_parts))
    columns: tuple[Column, ...]
    title: str
    sentence: Callable[..., str]
    figures: Callable[..., Any]
    section: Callable[..., str]
    command: str
    row: str = "one row per training example"
    printed: Callable[[Any], tuple[dict[str, Any], str]] | None = None
    wanted: tuple[str, ...] = ()
    only_part: bool = False
    files: Mapping[str, Callable[[Any], bytes]] = field(default_factory=dict)
    limit: int | None = None

    def column(self, name: str) -> Column | None:
        """What is known of a column of its table; None for one that is not its own."""
        exact = next((column for column in self.columns if column.name == name), None)
        return exact or next((column for column in self.columns if column.names(name)), None)

    def revealing(self, table_columns: Sequence[str], *reveals: Reveals) -> list[str]:
        """The columns of a table from which such things of an example follow."""
        known = ((name, self.column(name)) for name in table_columns)
        return [name for name, column in known if column is not None and column.reveals in reveals]


def late(package: str) -> Callable[[str, str], Late]:
    """Names functions of a folder's modules: `late(__name__)("run", "run_fil")`."""
    return lambda module, name: Late(f"{package}.{module}", name)
