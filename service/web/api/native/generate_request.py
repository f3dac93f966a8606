"""What a client asks of a generator: in JSON or in the query, checked against the model's labels and the limits."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

import msgspec

from service.errors import BadRequest, RequestTooLarge
from service.web.body import parse_json
from service.web.codecs.image_formats import MEDIA_TYPES
from service.web.request import Request

MAX_SEED = (1 << 63) - 1
ANY = -1  # the index of "any label"

_SMALL_BODY = 1 << 16  # bytes; more than a request for few samples needs
_BYTES_PER_SAMPLE = 64  # of JSON, indented: a seed of 19 digits and a label
_MAX_SAMPLES = 1 << 16  # the most that the setting of images per request may be

Label = int | str
_T = TypeVar("_T")
_Samples = Annotated[list[_T], msgspec.Meta(max_length=_MAX_SAMPLES)]


_Count = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1})]  # of the schema alone: `check` says it better
Seed = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": MAX_SEED})]
Truncation = Annotated[float, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 1})]
_Format = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(MEDIA_TYPES)})]


class GenerateRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`labels` by name or by index, one for all samples or one per sample; -1 is any. Without a seed one is drawn."""

    count: _Count | None = None
    seed: Seed | None = None
    seeds: _Samples[Seed] | None = None
    labels: _Samples[Label] | Label | None = None
    truncation: Truncation = 1.0
    format: _Format = "png"

    @property
    def repeatable(self) -> bool:
        """Whether the same request gives the same images."""
        return self.seed is not None or self.seeds is not None

    def check(self) -> None:
        """Raises BadRequest if one of the fields makes no sense by itself."""
        if self.format not in MEDIA_TYPES:
            raise BadRequest(f"There is no format '{self.format}'. There are: {', '.join(MEDIA_TYPES)}.")
        check_truncation(self.truncation)
        if self.seed is not None:
            check_seeds([self.seed])
        check_seeds(self.seeds or [])

    def check_format(self, count: int) -> None:
        """Raises BadRequest if the format cannot hold that many samples."""
        if self.format == "png" and count > 1:
            raise BadRequest(f"A png holds one sample; for {count} ask for grid, zip, npy or json.")

    def choose_seeds(self, limit: int) -> list[int]:
        """One seed per sample: those given, or `count` from the first one up. Raises BadRequest, RequestTooLarge."""
        if self.seeds is not None:
            if self.seed is not None or self.count not in (None, len(self.seeds)):
                raise BadRequest("Give either seeds, or seed and count.")
            _check_count(len(self.seeds), limit)
            seeds = self.seeds
        else:
            count = 1 if self.count is None else self.count
            _check_count(count, limit)
            first = secrets.randbits(31) if self.seed is None else self.seed
            seeds = list(range(first, first + count))
        check_seeds(seeds)
        return seeds

    def choose_labels(self, names: Sequence[str], count: int) -> list[int]:
        """The class index per sample, ANY for any. Raises BadRequest."""
        if self.labels is None:
            labels: list[Label] = [ANY]
        else:
            labels = self.labels if isinstance(self.labels, list) else [self.labels]
        if len(labels) not in (1, count):
            raise BadRequest(f"There are {len(labels)} labels for {count} samples; give one, or one per sample.")
        return [to_index(label, names) for label in labels] * (count if len(labels) == 1 else 1)


def read_generate_request(request: Request) -> GenerateRequest:
    """From the body of a POST, else from the query. Raises BadRequest, RequestTooLarge, RequestTimeout."""
    if request.method == "POST":
        limit = max(_SMALL_BODY, _BYTES_PER_SAMPLE * request.context.settings.max_images)
        return parse_json(request.body(limit) or b"{}", GenerateRequest)
    return _from_query(request.args())


def _from_query(query: dict[str, str]) -> GenerateRequest:
    """`label` or `labels`, and `seeds`, may hold several values, separated by commas."""
    fields: dict[str, object] = dict(query)
    labels = fields.pop("label", fields.pop("labels", None))
    if isinstance(labels, str):
        fields["labels"] = labels.split(",")
    if isinstance(fields.get("seeds"), str):
        fields["seeds"] = str(fields["seeds"]).split(",")
    return convert_query(fields, GenerateRequest)


def convert_query(fields: Mapping[str, object], form: type[_T]) -> _T:
    """The fields of a query as that type. Raises BadRequest."""
    try:
        return msgspec.convert(fields, form, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The query is not what this path takes: {error}.") from None


def check_truncation(truncation: float) -> None:
    """Raises BadRequest."""
    if not 0 < truncation <= 1:
        raise BadRequest("truncation must be over 0 and at most 1.")


def check_seeds(seeds: Sequence[int]) -> None:
    """Raises BadRequest."""
    if seeds and (min(seeds) < 0 or max(seeds) > MAX_SEED):
        raise BadRequest(f"A seed must be from 0 to {MAX_SEED}.")


def _check_count(count: int, limit: int) -> None:
    if count < 1:
        raise BadRequest("At least one sample must be asked for.")
    if count > limit:
        raise RequestTooLarge(f"{count} samples are asked for; at most {limit} are made at once.")


def to_index(label: Label, names: Sequence[str]) -> int:
    """The class index of a name or an index, ANY for any. Raises BadRequest."""
    if str(label) in names:
        return names.index(str(label))
    if str(label) in ("any", "-1"):
        return ANY
    if isinstance(label, int) and 0 <= label < len(names):
        return label
    raise BadRequest(f"There is no label '{label}'. There are: {', '.join(names)}, and any.")
