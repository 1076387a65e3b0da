#!/usr/bin/env python3
"""Tables (Markdown, on standard output) and curves (SVG files) of simulated studies: curves.py
RESULTS.jsonl... --images FOLDER."""
import argparse
import json
import math
from pathlib import Path
from xml.sax.saxutils import escape

from clusters import CLUSTERS
from studies import MAIN, read_results

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#444444"]
DASHES = ["", "7 4", "2 3", "10 3 2 3", "4 2", "1 4"]


def marker(look, x, y):
    shapes = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"',
        f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"',
        f'<path d="M{x:.1f} {y - 6:.1f}l5.5 10h-11z"',
        f'<path d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6-6z"',
        f'<path d="M{x:.1f} {y + 6:.1f}l5.5-10h-11z"',
        f'<path d="M{x - 5:.1f} {y - 1.5:.1f}h10v3h-10z"',
    ]
    return f'{shapes[look % 6]} fill="{COLOURS[look % 6]}"/>'


def chart(title, label, curves):
    """curves: name -> {ranks: per cent}."""
    width, height, left, right, top, bottom = (
        560,
        380,
        58,
        540,
        62 + 18 * ((len(curves) - 1) // 3),
        332,
    )
    last = max(math.log2(x) for points in curves.values() for x in points)
    highest = max(
        105, math.ceil(max(y for points in curves.values() for y in points.values()) / 10) * 10
    )

    def place(x, y):
        return (
            left + 12 + (right - left - 24) * math.log2(x) / last,
            bottom - (bottom - top) * y / highest,
        )

    def text(x, y, words, anchor="start", more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-size="13" fill="#222" '
        'font-family="system-ui,Helvetica,Arial,sans-serif">'
        f'<title>{escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>',
        text(10, 20, title, more='font-size="15" font-weight="600"'),
    ]
    for y in range(0, highest + 1, 20):
        out.append(
            f'<path d="M{left} {place(1, y)[1]:.1f}H{right}" stroke="#ddd"/>'
            + text(left - 6, place(1, y)[1] + 4.5, str(y), "end")
        )
    for power in range(int(last) + 1):
        x = place(2**power, 0)[0]
        out.append(
            f'<path d="M{x:.1f} {bottom}v5" stroke="#444"/>'
            + text(x, bottom + 19, str(2**power), "middle")
        )
    out.append(
        f'<path d="M{left} {top}V{bottom}H{right}" stroke="#444" fill="none"/>'
        + text((left + right) / 2, bottom + 38, "ranks", "middle")
        + text(
            17,
            (top + bottom) / 2,
            label,
            "middle",
            f'transform="rotate(-90 17 {(top + bottom) / 2})"',
        )
    )
    for look, (name, points) in enumerate(curves.items()):
        x, y = 10 + 180 * (look % 3), 41 + 18 * (look // 3)
        line = (
            f'fill="none" stroke="{COLOURS[look % 6]}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[look % 6]}"'
        )
        out.append(
            f'<path d="M{x} {y - 4}h30" {line}/>'
            + marker(look, x + 15, y - 4)
            + text(x + 36, y, name)
        )
        spots = [place(*point) for point in sorted(points.items())]
        out.append(
            '<path d="M'
            + "L".join(f"{px:.1f} {py:.1f}" for px, py in spots)
            + f'" {line}/>'
            + "".join(marker(look, *spot) for spot in spots)
        )
    return "\n".join(out) + "\n</svg>\n"


def variant(r):
    names = [r["reduction"]]
    if not r["overlap"]:
        names.append("no overlap")
    if r["wire_bytes"] == 2:
        names.append("bf16 wire")
    if r["study"] == "weak" and r["micro_batches"] > 1:
        names.append(f"{r['micro_batches'] * r['micro_batch']} samples per rank")
    if r["ranks_per_node"] > 1:
        names.append(f"{r['ranks_per_node']} ranks per node")
    return ", ".join(names)


def efficiencies(results, study, cluster, keep=lambda r: True):
    """variant -> {ranks: per cent}, and the same in milliseconds. One rank has no exchange, so any
    variant's serves."""
    mine = [
        r
        for r in results
        if r["study"] == study
        and r["cluster"] == cluster
        and r["bucket_bytes"] == 4 << 20
        and keep(r)
    ]

    # Strong points differ in their micro-batches per rank by design, weak ones are compared with
    # one rank that has as many.
    def work(r):
        return r["micro_batches"] if study == "weak" else 0

    alone = {(r["reduction"], work(r)): r["step_ms"] for r in mine if r["ranks"] == 1}
    table, times = {}, {}
    for r in sorted(mine, key=lambda r: r["ranks"]):
        base = alone.get((r["reduction"], work(r)), alone.get(("tree", work(r))))
        ratio = base / r["step_ms"] / (r["ranks"] if study == "strong" else 1)
        table.setdefault(variant(r), {})[r["ranks"]] = 100 * ratio
        times.setdefault(variant(r), {})[r["ranks"]] = r["step_ms"]
    for rows in (table, times):
        for name in rows:
            if 1 not in rows[name] and "tree" in rows:
                rows[name][1] = rows["tree"][1]
    return table, times


def power_of_two(r):
    return r["ranks"] & (r["ranks"] - 1) == 0


def print_table(head, times, table):
    counts = sorted({ranks for row in times.values() for ranks in row})
    print(f"\n{head}\n\n| | " + " | ".join(map(str, counts)) + " |\n|---|" + "---:|" * len(counts))
    for name, row in times.items():
        print(
            f"| {name} | "
            + " | ".join(
                f"{row[n]:.2f} ({table[name][n]:.0f} %)" if n in row else "" for n in counts
            )
            + " |"
        )


def print_validation(results):
    rows = [r for r in results if r["study"] == "validate"]
    if not rows:
        return
    print(
        "\nSimulated and measured\n\n| hosts | ranks | study | reduction | overlap | pass (ms) "
        "| exposed exchange | measured (ms per step) | simulated | simulated / measured |\n"
        "|---|---:|---|---|---|---:|---:|---:|---:|---:|"
    )
    for r in rows:
        print(
            f"| {CLUSTERS[r['cluster']]['title']} | {r['ranks']} | {r['mode']} | {r['reduction']} "
            f"| {'yes' if r['overlap'] else 'no'} | {r['pass_ms']:.1f} | "
            f"{r['measured_exchange_ms']:.1f} | {r['measured_ms']:.1f} | {r['step_ms']:.1f} | "
            f"{r['step_ms'] / r['measured_ms']:.2f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    results = {}
    for path in arguments.results:
        for r in read_results(path):
            results[json.dumps({k: v for k, v in r.items() if k != "step_ms"})] = r
    results = list(results.values())
    arguments.images.mkdir(parents=True, exist_ok=True)
    for study in ["weak", "strong"]:
        by_cluster = {}
        for cluster in ["fat-tree-100g", "10gbe", "dragonfly-200g"]:
            table, times = efficiencies(results, study, cluster, power_of_two)
            if not table:
                continue
            title = CLUSTERS[cluster]["title"]
            print_table(
                f"{study.capitalize()} scaling, {title}: ms per step (efficiency) by ranks",
                times,
                table,
            )
            (arguments.images / f"{study}-{cluster}.svg").write_text(
                chart(f"{study.capitalize()} scaling: {title}", "efficiency (%)", table)
            )
            by_cluster[cluster] = table.get("tree", {})
        if by_cluster:
            (arguments.images / f"{study}.svg").write_text(
                chart(f"{study.capitalize()} scaling by the tree", "efficiency (%)", by_cluster)
            )
    print_validation(results)
    odd, odd_times = efficiencies(
        results, "weak", MAIN, lambda r: r["ranks"] == 1 or not power_of_two(r)
    )
    if "tree" in odd and len(odd["tree"]) > 1:
        odd, odd_times = {"tree": odd["tree"]}, {"tree": odd_times["tree"]}
        print_table(
            "Numbers of ranks that are not powers of two, 100 Gb/s fat-tree", odd_times, odd
        )
    buckets = sorted(
        (r["bucket_bytes"], r["step_ms"])
        for r in results
        if r["study"] == "weak"
        and r["cluster"] == MAIN
        and r["ranks"] == 64
        and r["reduction"] == "tree"
        and r["overlap"]
        and r["wire_bytes"] == 4
        and r["ranks_per_node"] == 1
    )
    if len(buckets) > 1:
        print(
            "\nBucket size, 64 ranks, 100 Gb/s fat-tree\n\n| MiB | "
            + " | ".join(str(b >> 20) for b, _ in buckets)
            + " |\n|---|"
            + "---:|" * len(buckets)
        )
        print("| ms per step | " + " | ".join(f"{ms:.2f}" for _, ms in buckets) + " |")


if __name__ == "__main__":
    main()
