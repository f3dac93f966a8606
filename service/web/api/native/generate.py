"""`/generate/<name>`: seeds in, images out; the same seed is the same image, alone or among others."""

import hashlib
import secrets
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from werkzeug.http import parse_etags, quote_etag

from service.catalog import Version
from service.errors import BadRequest, RequestTooLarge
from service.web.body import parse
from service.web.codecs.image_formats import FORMATS, encode
from service.web.dataplane import answered, run
from service.web.request import Asked, Reply, Target

MAX_SEED = (1 << 63) - 1
ANY = -1

Label = int | str


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    """`labels` by name or by index, one for all or one a sample, -1 for any; without a seed one is drawn."""

    count: int | None = None
    seed: int | None = None
    seeds: list[int] | None = None
    labels: list[Label] | Label | None = None
    truncation: float = 1.0
    format: str = "png"

    @property
    def repeatable(self) -> bool:
        return self.seed is not None or self.seeds is not None


def generate(asked: Asked, target: Target) -> Reply:
    return answered(asked, "generator", target, _generate)


def _generate(asked: Asked, target: Target, found: Version) -> Reply:
    assert found.manifest is not None
    name, most = target.name, asked.here.settings.max_images
    ask = _from_query(asked.args()) if asked.method != "POST" else parse(asked.body() or b"{}", Ask)
    seeds = _seeds(ask, most)
    _check(ask, len(seeds))
    labels = _labels(ask.labels, found.manifest.labels, len(seeds))
    tag = _tag(name, found, ask, seeds, labels)
    if ask.repeatable and tag in parse_etags(asked.header("If-None-Match")):
        return _dressed(Reply(status=304), ask, tag)
    inputs: dict[str, NDArray] = {
        "seeds": np.array(seeds, np.int64),
        "labels": np.array(labels, np.int32),
        "truncation": np.full(len(seeds), ask.truncation, np.float32),
    }
    images = run(asked, name, found, inputs)["images"]
    said = ["any" if each == ANY else found.manifest.labels[each] for each in labels]
    facts = {"model": name, "version": found.number, "seeds": seeds, "labels": said, "truncation": ask.truncation}
    names = [f"{at:03}-{name}-{which}-{seed}" for at, (which, seed) in enumerate(zip(said, seeds, strict=True))]
    reply = Reply(encode(images, ask.format, facts, names), content_type=FORMATS[ask.format])
    reply.headers |= {"Inkpaw-Seeds": _brief(seeds), "Inkpaw-Version": str(found.number)}
    return _dressed(reply, ask, tag)


def _from_query(query: dict[str, str]) -> Ask:
    """The same asked in a query string; `label` and `labels` may hold several, with commas."""
    fields: dict[str, object] = dict(query)
    texts = fields.pop("label", fields.pop("labels", None))
    if isinstance(texts, str):
        fields["labels"] = texts.split(",")
    if isinstance(fields.get("seeds"), str):
        fields["seeds"] = str(fields["seeds"]).split(",")
    try:
        return msgspec.convert(fields, Ask, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The query is not what this path takes: {error}.") from None


def _seeds(ask: Ask, most: int) -> list[int]:
    """One a sample: those given, or as many as asked for, counting up from the first."""
    if ask.seeds is not None:
        if ask.seed is not None or ask.count not in (None, len(ask.seeds)):
            raise BadRequest("Give either seeds, or seed and count.")
        seeds = ask.seeds
    else:
        count = 1 if ask.count is None else ask.count
        if count > most:
            raise RequestTooLarge(f"{count} samples are asked for; at most {most} are made at once.")
        first = secrets.randbits(31) if ask.seed is None else ask.seed
        seeds = list(range(first, first + count))
    if not seeds:
        raise BadRequest("At least one sample must be asked for.")
    if len(seeds) > most:
        raise RequestTooLarge(f"{len(seeds)} samples are asked for; at most {most} are made at once.")
    if min(seeds) < 0 or max(seeds) > MAX_SEED:
        raise BadRequest(f"A seed must be from 0 to {MAX_SEED}.")
    return seeds


def _check(ask: Ask, count: int) -> None:
    if ask.format not in FORMATS:
        raise BadRequest(f"There is no format '{ask.format}'. There are: {', '.join(FORMATS)}.")
    if ask.format == "png" and count > 1:
        raise BadRequest(f"A png holds one sample; for {count} ask for grid, zip, npy or json.")
    if not 0 < ask.truncation <= 1:
        raise BadRequest("truncation must be over 0 and at most 1.")


def _labels(asked: list[Label] | Label | None, names: Sequence[str], count: int) -> list[int]:
    """Class indices, one a sample. Raises BadRequest."""
    listed = [ANY] if asked is None else asked if isinstance(asked, list) else [asked]
    if len(listed) not in (1, count):
        raise BadRequest(f"There are {len(listed)} labels for {count} samples; give one, or one for each.")
    return [_index(each, names) for each in listed] * (count if len(listed) == 1 else 1)


def _index(label: Label, names: Sequence[str]) -> int:
    if str(label) in names:
        return names.index(str(label))
    if str(label) in ("any", "-1"):
        return ANY
    if isinstance(label, int) and 0 <= label < len(names):
        return label
    raise BadRequest(f"There is no label '{label}'. There are: {', '.join(names)}, and any.")


def _tag(name: str, found: Version, ask: Ask, seeds: list[int], labels: list[int]) -> str:
    facts = repr((name, found.number, seeds, labels, ask.truncation, ask.format))
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def _dressed(reply: Reply, ask: Ask, tag: str) -> Reply:
    """With the headers that say whether, and how, it may be kept; asked again, an unchanged answer costs no run."""
    if ask.repeatable:
        reply.headers |= {"ETag": quote_etag(tag), "Cache-Control": "public, no-cache"}
    else:
        reply.headers["Cache-Control"] = "no-store"
    return reply


def _brief(seeds: list[int]) -> str:
    """`7..22` for seeds that count up, else all of them."""
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}..{seeds[-1]}"
    return ",".join(map(str, seeds))
