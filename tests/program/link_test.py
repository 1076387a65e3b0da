"""Two hosts whose network fails: network namespaces with a link between them, as root. A cut of 5 s
is waited out; one for good ends the job with a message, on every host."""
import os
import shutil
import subprocess
import time
import unittest

from extras import need_extra
from support import (
    ENVIRONMENT,
    PROGRAM,
    ProgramTest,
    checkpoints,
    kill_tree,
    read_metrics,
    run,
    wait_until,
)

RANK = 69
LONG = [
    "--layers",
    "20,160,80,4",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "100000",
    "--log-every",
    "1",
]
KEEPALIVE = [
    "--mca",
    "oob_tcp_keepalive_time",
    "3",
    "--mca",
    "oob_tcp_keepalive_intvl",
    "1",
    "--mca",
    "oob_tcp_keepalive_probes",
    "3",
]


def sh(*words, check=True):
    return subprocess.run(
        words, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).returncode


def has_hosts():
    """Whether network namespaces can be made here, with a link between two: root, iproute2 and a
    kernel that lets us."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    name = f"hg{os.getpid() % 10000}try"
    made = (
        sh("ip", "netns", "add", name, check=False) == 0
        and sh(
            "ip", "-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1", check=False
        )
        == 0
    )
    bridged = (
        made and sh("ip", "-n", name, "link", "add", "br0", "type", "bridge", check=False) == 0
    )
    sh("ip", "netns", "del", name, check=False)
    return bridged and sh("unshare", "-um", "true", check=False) == 0


def processes_on(host):
    found = subprocess.run(
        ["ip", "netns", "pids", host],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return [int(pid) for pid in found.stdout.split()]


class LinkTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.mark = f"hg{os.getpid() % 10000}"
        self.hosts = [f"{self.mark}h{i}" for i in range(2)]
        self.switch = f"{self.mark}sw"
        self.addCleanup(self.remove_hosts)
        sh("ip", "netns", "add", self.switch)
        sh("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge")
        sh("ip", "-n", self.switch, "link", "set", "br0", "up")
        for i, host in enumerate(self.hosts):
            sh("ip", "netns", "add", host)
            sh("ip", "-n", host, "link", "set", "lo", "up")
            sh(
                "ip",
                "-n",
                self.switch,
                "link",
                "add",
                f"p{i}",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                host,
            )
            sh("ip", "-n", self.switch, "link", "set", f"p{i}", "master", "br0", "up")
            sh("ip", "-n", host, "addr", "add", f"10.78.0.{i + 1}/24", "dev", "eth0")
            sh("ip", "-n", host, "link", "set", "eth0", "up")
        (self.folder / "hosts").write_text(
            "127.0.0.1 localhost\n"
            + "".join(f"10.78.0.{i + 1} {host}\n" for i, host in enumerate(self.hosts))
        )
        on = self.folder / "on"
        on.write_text(
            "#!/bin/sh\nh=$1; shift\n"
            "exec ip netns exec $h unshare -um sh -c 'hostname '$h'; mount -t tmpfs tmpfs "
            "/dev/shm; "
            f'mount --bind {self.folder}/hosts /etc/hosts; exec sh -c "$*"\' x "$@"\n'
        )
        agent = self.folder / "agent"
        agent.write_text(
            f'#!/bin/sh\nwhile [ "${{1#-}}" != "$1" ]; do shift; done\nexec {on} "$@"\n'
        )
        for script in (on, agent):
            script.chmod(0o755)
        self.data = self.make_data()
        self.output = self.folder / "run"

    def remove_hosts(self):
        for name in (*self.hosts, self.switch):
            for pid in processes_on(name):
                kill_tree(pid)
            sh("ip", "netns", "del", name, check=False)

    def begin(self, *arguments, mca=()):
        words = [
            "mpirun",
            "--bind-to",
            "none",
            "--mca",
            "plm",
            "rsh",
            "--mca",
            "plm_rsh_agent",
            str(self.folder / "agent"),
            "--mca",
            "btl",
            "tcp,self",
            "--mca",
            "btl_tcp_if_include",
            "10.78.0.0/24",
            "--mca",
            "oob_tcp_if_include",
            "10.78.0.0/24",
            "--mca",
            "mpi_yield_when_idle",
            "1",
            *mca,
            "-H",
            ",".join(f"{host}:1" for host in self.hosts),
            "-np",
            "2",
            PROGRAM,
            "train",
            "--data",
            f"{self.data}:/train/samples",
            *LONG,
            "--output",
            str(self.output),
            *arguments,
        ]
        process = subprocess.Popen(
            [str(self.folder / "on"), self.hosts[0], *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(self.remove_hosts)
        wait_until(
            lambda: len(read_metrics(self.output, "step")) > 20 or process.poll() is not None,
            what="training on two hosts",
        )
        self.assertIsNone(process.poll(), "the job on two hosts did not start")
        return process

    def cut(self, down):
        sh("ip", "-n", self.switch, "link", "set", "p1", "down" if down else "up")

    def test_cut_for_five_seconds(self):
        process = self.begin("--watchdog", "60s")
        self.cut(True)
        time.sleep(5)
        before = len(read_metrics(self.output, "step"))
        began = time.monotonic()
        self.cut(False)
        wait_until(
            lambda: len(read_metrics(self.output, "step")) > before + 20
            or process.poll() is not None,
            timeout=60,
            what="going on",
        )
        self.assertIsNone(process.poll(), "the job ended")
        print(f"link cut for 5 s: goes on {time.monotonic() - began:.1f} s after it is back")

    def ends(self, process, limit):
        """The job ends on both hosts, in bounded time; returns what it wrote to standard error."""
        began = time.monotonic()
        self.cut(True)
        _, text = process.communicate(timeout=limit)
        seconds = time.monotonic() - began
        wait_until(
            lambda: not any(map(processes_on, self.hosts)),
            what="the end of the job on the host that was cut off",
        )
        print(
            f"link cut for good: ended after {seconds:.1f} s with code {process.returncode}, "
            f"on the other host after {time.monotonic() - began:.1f} s"
        )
        self.assertNotEqual(process.returncode, 0)
        self.assertGreaterEqual(max(checkpoints(self.output)), 0)
        return text

    def test_cut_for_good(self):
        """The watchdog alone: it names the network, and ends mpirun too, which would wait for the
        lost host's daemon for ever."""
        text = self.ends(self.begin("--watchdog", "4s", "--checkpoint-every", "10steps"), 60)
        lines = [line for line in text.splitlines() if line.startswith("hourglass: ")]
        self.assertEqual(len(lines), 1, text)
        self.assertIn("watchdog", lines[0])
        self.assertIn("network", lines[0])
        self.resumes()

    @unittest.skipUnless(
        "HOURGLASS_FAULT_KILLS" in os.environ, "the long form only: scripts/faults.sh"
    )
    def test_cut_for_good_with_keepalive(self):
        """Open MPI notices by itself when it is told to look."""
        self.ends(self.begin("--checkpoint-every", "10steps", mca=KEEPALIVE), 60)
        self.resumes()

    def resumes(self):
        """On one host, from the last checkpoint."""
        before = max(checkpoints(self.output))
        result = run("train", "--resume", self.output, "--time-limit", "3s")
        self.assertEqual(result.code, 75, str(result))
        self.assertGreaterEqual(max(checkpoints(self.output)), before)


if __name__ == "__main__":
    need_extra(has_hosts(), "network namespaces (root, iproute2)")
    unittest.main()
