"""The points of the studies that simulate.py makes, one dictionary each."""
import json
import math

from clusters import CLUSTERS
from dictionaries import DICTIONARIES


def read_results(path):
    if not path.exists():
        return []
    # A line that a kill has cut has no end.
    return [
        json.loads(line)
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]


WIDTHS = "784,1000,500,250,30,250,500,1000,784"
# One core: a pass over a micro-batch of so many samples, and Adam on the whole model
# (docs/scaling.md says where from).
PASS_MS = {128: 15.7, 32: 5.2}
UPDATE_MS = 1.7
COMBINE_MS = 0.3
# Rounds among 8 ranks. The program's are among 16, which differs on slow networks alone and takes
# ten times as long to simulate: a rank has 15 messages under way that share its port.
FEW_BITS = 3
STANDARD_BITS = 4


def point(
    study,
    cluster,
    ranks,
    micro_batch=128,
    micro_batches=1,
    reduction="tree",
    overlap=1,
    wire=4,
    node=1,
    bucket=4 << 20,
    hide_gather=1,
    round_bits=FEW_BITS,
    **more,
):
    return {
        "study": study,
        "cluster": cluster,
        "ranks": ranks,
        "ranks_per_node": node,
        "micro_batch": micro_batch,
        "micro_batches": micro_batches,
        "reduction": reduction,
        "overlap": overlap,
        "wire_bytes": wire,
        "bucket_bytes": bucket,
        "hide_gather": hide_gather,
        "round_bits": round_bits,
        "pass_ms": PASS_MS.get(micro_batch),
        "update_ms": UPDATE_MS,
        "combine_ms": COMBINE_MS,
        "widths": WIDTHS,
        **more,
    }


# What a simulation adds to its point.
RESULTS = ["step_ms", "simulator_seconds"]

FEW = [1, 4, 16, 64, 256, 1024]
MANY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
MAIN = "fat-tree-100g"
ALL = [MAIN, "10gbe", "dragonfly-200g"]


def few(cluster):
    # Where messages get into each other's way, a point of 1024 ranks takes minutes instead of half
    # a minute.
    return FEW if cluster == MAIN else FEW[:-1]


def weak():
    """One micro-batch of 128 a rank, by the tree; half the bytes; nothing overlapped; 16 ranks a
    node; 512 samples a rank."""
    for cluster in ALL:
        for ranks in MANY:
            yield point("weak", cluster, ranks)
    for cluster in ALL:
        for ranks in few(cluster):
            yield point("weak", cluster, ranks, wire=2)
            yield point("weak", cluster, ranks, overlap=0)
            if ranks >= 16:
                yield point("weak", cluster, ranks, node=16)
        for ranks in few(cluster) if cluster == "10gbe" else []:
            yield point("weak", cluster, ranks, micro_batches=4)
    # Ranks that are no power of two: the owner of a slice completes the tree.
    for ranks in [3, 6, 12, 24, 48]:
        yield point("weak", MAIN, ranks)
    for bucket in [1 << 20, 2 << 20, 8 << 20, 16 << 20]:
        yield point("weak", MAIN, 64, bucket=bucket)


def strong():
    """32768 samples a step in micro-batches of 32: 1024 shards."""
    shards = 1024
    for cluster in ALL:
        for ranks in MANY:
            yield point("strong", cluster, ranks, micro_batch=32, micro_batches=shards // ranks)
        for ranks in few(cluster):
            yield point(
                "strong", cluster, ranks, micro_batch=32, micro_batches=shards // ranks, wire=2
            )
            yield point(
                "strong", cluster, ranks, micro_batch=32, micro_batches=shards // ranks, overlap=0
            )


def gather():
    """What hiding the gather and fewer rounds gain: the exchange as it was in version 0.1.0
    (recursive halving, the gather at the end of a step), rounds among 8 alone, and both."""
    for cluster, ranks, micro_batch, wire in [
        ("fat-tree-100g", 64, 128, 4),
        ("fat-tree-100g", 64, 32, 4),
        ("10gbe", 64, 128, 4),
        ("10gbe", 64, 128, 2),
        ("fat-tree-100g", 256, 128, 4),
        ("fat-tree-100g", 256, 32, 4),
        ("10gbe", 256, 128, 2),
        ("fat-tree-100g", 1024, 128, 4),
        ("fat-tree-100g", 1024, 32, 4),
    ]:
        for hide, bits in [(0, 1), (0, 3), (1, 3)]:
            yield point(
                "gather",
                cluster,
                ranks,
                micro_batch,
                wire=wire,
                hide_gather=hide,
                round_bits=bits,
            )


def large():
    """The exchange as it is, at the ends of the curves, with 64 ranks a node, and beyond 1024
    ranks."""
    for bits in [FEW_BITS, STANDARD_BITS]:
        yield point("large", "10gbe", 256, wire=2, round_bits=bits)
    for cluster in [MAIN, "dragonfly-200g"]:
        for ranks in [256, 1024]:
            for micro_batch in [128, 32]:
                yield point("large", cluster, ranks, micro_batch)
    for cluster in ["ideal-100g", "ideal-200g"]:
        for ranks in [256, 1024, 4096, 16384]:
            yield point("large", cluster, ranks)
    yield point("large", "ideal-100g", 1024, node=64)


def allreduce():
    """The classic scheme. Rings of messages by the hundred thousand: minutes of computing for the
    last points."""
    for cluster in ALL:
        for ranks in [1, 4, 16, 64, 256]:
            for overlap in [1, 0]:
                yield point("weak", cluster, ranks, reduction="allreduce", overlap=overlap)


def active_shares(units, activations):
    """Shares of the units that a step uses: equally often, and as often as 1/1, 1/2, 1/3 ..."""
    harmonic = sum(1 / rank for rank in range(1, units + 1))
    rare = sum(math.exp(-activations / harmonic / rank) for rank in range(1, units + 1))
    return {"equal": 1 - math.exp(-activations / units), "power law": 1 - rare / units}


def sparse():
    """Dictionaries, 128 samples a rank: everything sent, the gradients of active units alone, and
    their updates alone too, for units that are used equally often and by a power law. From 64 ranks
    on an ideal network takes the place of the fat-tree."""
    for name, (features, units, k, scale, pass_ms, update_ms, combine_ms) in DICTIONARIES.items():
        for cluster, ranks in [
            *((MAIN, ranks) for ranks in [4, 16]),
            *(("ideal-100g", ranks) for ranks in [64, 256, 1024]),
            *(("10gbe", ranks) for ranks in [4, 16, 64]),
        ]:
            # Few of them on many ranks: all are ready at once, and a simulation takes as long as
            # the square of the messages under way.
            bucket = 1 << 20 if ranks < 64 else 8 << 20 if ranks < 1024 else 16 << 20
            everything = point("sparse", cluster, ranks, hide_gather=0, bucket=bucket) | {
                "dictionary": name,
                "widths": f"{features},{units // scale},{features}",
                "bandwidth": CLUSTERS[cluster]["bandwidth"] / scale,
                "pass_ms": pass_ms,
                "update_ms": update_ms,
                "combine_ms": combine_ms,
            }
            yield everything | {"active": 1, "sparse_update": 0}
            for share in active_shares(units, 128 * ranks * k).values():
                for sparse_update in [0, 1] if share < 0.6 else []:
                    yield everything | {"active": round(share, 4), "sparse_update": sparse_update}


def validate(files):
    """The points of measured studies (files of hourglass scale), with the times of a pass and an
    update measured in the same jobs."""
    for file in files:
        lines = read_results(file)
        options = lines[0]["train_options"]
        given = dict(zip(options[::2], options[1::2]))
        bucket = {"1MiB": 1 << 20, "4MiB": 4 << 20}[given["--bucket-bytes"]]
        points = {}
        for line in lines:
            if line["kind"] == "repetition":
                points.setdefault(
                    (line["ranks"], line["reduction"], line["micro_batch"], line["batch"]), []
                ).append(line)
        largest = max(
            (line for line in lines if line["kind"] == "network"), key=lambda line: line["ranks"]
        )["point_to_point"][-1]
        for (ranks, reduction, micro_batch, batch), jobs in sorted(points.items()):
            if ranks == 1:
                continue
            # All of one job, so that its parts belong together: the one with the median step.
            job = sorted(jobs, key=lambda job: job["step_seconds"])[(len(jobs) - 1) // 2]
            phase_ms = {name: phase["mean"] * 1e3 for name, phase in job["phases"].items()}
            hosts = len(job["hosts"])
            passes = batch // micro_batch // ranks
            link = (
                {}
                if hosts > 1
                else {"bandwidth": float(f"{largest['bytes'] / largest['seconds']:.3g}")}
            )
            yield point(
                "validate",
                "netns-1g" if hosts > 1 else "shared-memory",
                ranks,
                micro_batch,
                passes,
                reduction,
                int(given["--overlap"] == "true"),
                bucket=bucket,
                **link,
            ) | {
                "mode": lines[0]["mode"],
                "pass_ms": round((phase_ms["compute"] + phase_ms["input"]) / passes, 3),
                "update_ms": round(phase_ms["update"] * (ranks if reduction == "tree" else 1), 3),
                "measured_ms": round(job["step_seconds"] * 1e3, 3),
                "measured_exchange_ms": round(phase_ms["exchange"], 3),
            }


def tiny():
    for way in ["tree", "allreduce"]:
        for ranks in [1, 8]:
            yield point("tiny", MAIN, ranks, reduction=way)
    yield point("tiny", "10gbe", 6)
    yield point("tiny", "dragonfly-200g", 8, node=4, wire=2, overlap=0)


STUDIES = {
    "weak": weak,
    "strong": strong,
    "gather": gather,
    "large": large,
    "sparse": sparse,
    "allreduce": allreduce,
    "tiny": tiny,
    "validate": validate,
}
