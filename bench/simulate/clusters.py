"""The clusters that are simulated, and their description for SimGrid."""

# Links: bandwidth of a port in bytes a second, latency of one link in seconds. `efficiency` is what
# protocols leave of it.
CLUSTERS = {
    "10gbe": {
        "title": "10 GbE, two-level tree, 2:1 oversubscribed",
        "bandwidth": 1.25e9,
        "latency": 6e-6,
        "efficiency": 0.94,
        "topology": 'topology="FAT_TREE" topo_parameters="2;32,32;1,16;1,1"',
        "nodes": 1024,
        "overhead": 2e-6,
    },
    "fat-tree-100g": {
        "title": "100 Gb/s fat-tree, full bisection",
        "bandwidth": 12.5e9,
        "latency": 4e-7,
        "efficiency": 0.94,
        "topology": 'topology="FAT_TREE" topo_parameters="2;32,32;1,32;1,1"',
        "nodes": 1024,
        "overhead": 3e-7,
    },
    "dragonfly-200g": {
        "title": "200 Gb/s dragonfly, 8 groups",
        "bandwidth": 25e9,
        "latency": 4e-7,
        "efficiency": 0.94,
        "topology": 'topology="DRAGONFLY" topo_parameters="8,4;4,4;8,4;4"',
        "nodes": 1024,
        "overhead": 3e-7,
    },
    # A network in which ports alone limit: the fluid model solves groups of eight ranks that
    # exchange separately, so that a simulation of many ranks takes a part of the time.
    "ideal-100g": {
        "title": "100 Gb/s, an ideal network of full bisection",
        "bandwidth": 12.5e9,
        "latency": 8e-7,
        "efficiency": 0.94,
        "topology": "",
        "nodes": 16384,
        "overhead": 3e-7,
    },
    "ideal-200g": {
        "title": "200 Gb/s, an ideal network of full bisection",
        "bandwidth": 25e9,
        "latency": 1e-6,
        "efficiency": 0.94,
        "topology": "",
        "nodes": 16384,
        "overhead": 3e-7,
    },
    # What measurements on one machine are compared with.
    "netns-1g": {
        "title": "1 Gb/s, one switch",
        "bandwidth": 0.125e9,
        "latency": 3e-6,
        "efficiency": 0.957,
        "topology": "",
        "nodes": 16,
        "overhead": 1e-6,
    },
    "shared-memory": {
        "title": "one node",
        "bandwidth": 8e9,
        "latency": 1.5e-7,
        "efficiency": 1.0,
        "topology": "",
        "nodes": 16,
        "overhead": 2e-7,
    },
}


def platform_text(c, ranks, ranks_per_node):
    """A cluster as SimGrid reads it."""
    nodes = c["nodes"]
    if not c["topology"]:
        # No more than are used.
        nodes = -(-ranks // ranks_per_node)
    return (
        "<?xml version='1.0'?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
        '<platform version="4.1">'
        f"<zone id=\"w\" routing=\"Full\"><cluster id=\"c\" {c['topology']} prefix=\"n\" "
        f'suffix="" radical="0-{nodes - 1}" speed="1Gf" '
        f"core=\"{max(ranks_per_node, 1)}\" bw=\"{c['bandwidth']}Bps\" lat=\"{c['latency']}s\" "
        'loopback_bw="8GBps" loopback_lat="300ns"/>'
        "</zone></platform>\n"
    )
