"""watch: a page that follows runs while they train, are killed and resumed, for this machine and
the holder of the token alone."""
import http.client
import os
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

from browser import CHROMIUM, Browser
from extras import need_for
from support import (
    ENVIRONMENT,
    IO,
    USAGE,
    ProgramTest,
    command_line,
    kill_tree,
    read_metrics,
    run,
    start,
    wait_until,
)

TOKEN = re.compile(r"http://127\.0\.0\.1:(\d+)/([0-9a-f]{32})/\n")
# Of the table of the page: the cells of a run under a head.
CELL = (
    "(function(run,head){var t=document.querySelector('.table table');"
    "var c=[...t.tHead.rows[0].cells].findIndex(h=>h.textContent===head);"
    "var r=[...t.tBodies[0].rows].find(r=>r.cells[0].textContent.endsWith(run));"
    "return r.cells[c].textContent})"
)


class Watch:
    """A running `hourglass watch`."""

    def __init__(self, test, *words):
        self.process = subprocess.Popen(
            command_line(["watch", *words]),
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        test.addCleanup(self.end)
        self.address = self.process.stdout.readline()
        test.assertRegex(self.address, TOKEN)
        self.port, self.token = TOKEN.fullmatch(self.address).groups()
        self.address = self.address.strip()

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)
        self.process.stdout.close()
        return self.process.returncode

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=60)

    def get(self, path, connection=None, **headers):
        """Status and body; `path` is below the token."""
        own = None if connection else self.connect()
        used = connection or own
        used.request("GET", urllib.parse.urlsplit(self.address).path + path, headers=headers)
        answer = used.getresponse()
        body = answer.read().decode()
        if own:
            own.close()
        return answer.status, body

    def held(self):
        """Open files, and resident KiB."""
        folder = f"/proc/{self.process.pid}"
        with open(f"{folder}/status", encoding="ascii") as status:
            memory = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
        return len(os.listdir(f"{folder}/fd")), memory


class WatchTest(ProgramTest):
    def begin(self, *words):
        """A training that goes on until it is killed."""
        process = start(*words)
        self.addCleanup(process.wait)
        self.addCleanup(kill_tree, process.pid)
        return process

    def make_runs(self):
        """A finished run and one in progress, which has recorded epochs."""
        data = self.make_data(2000) + ":/train/samples"
        settings = ["--data", data, "--layers", "20,64,4", "--batch", 50, "--micro-batch", 25]
        self.train("done", *settings, "--epochs", 2)
        words = ["train", *settings, "--epochs", 100000, "--learning-rate", "1e-4"]
        words += ["--checkpoint-every", "5epochs", "--output", self.folder / "live"]
        process = self.begin(*words)
        wait_until(lambda: len(read_metrics(self.folder / "live", "epoch")) > 5)
        return process

    def test_two_runs_in_a_browser(self):
        need_for(self, CHROMIUM, "chromium")
        training = self.make_runs()
        watch = Watch(self, self.folder / "done", self.folder / "live/")
        browser = Browser()
        self.addCleanup(browser.close)
        page = browser.open(watch.address)
        wait_until(lambda: page("!!document.querySelector('th button')"))
        self.assertEqual(page(f"{CELL}('done','state')"), "finished: 2 of 2 epochs")
        self.assertRegex(page(f"{CELL}('live','state')"), r"running: \d+ of 100000 epochs")
        self.assertEqual(page("document.querySelectorAll('figure svg').length"), 5)
        page(
            "window.mark=1;window.text=document.querySelector('figure svg').outerHTML;"
            "[...document.querySelectorAll('th button')].find(b=>b.textContent==='run').click();"
        )

        def epochs():
            return int(re.search(r"\d+", page(f"{CELL}('live','state')"))[0])

        before = epochs()
        wait_until(lambda: epochs() > before, what="the move of the page")
        self.assertNotEqual(page("window.text"), page("document.querySelector('svg').outerHTML"))
        self.assertEqual(page("document.querySelector('[aria-sort]').textContent"), "run")
        self.assertRegex(page("document.getElementById('said').textContent"), "Live, last change")
        # Every figure has got its buttons once.
        self.assertEqual(page("document.querySelectorAll('.save').length"), 10)
        kill_tree(training.pid)
        training.wait()
        killed = r"killed: \d+ of 100000 epochs"
        wait_until(lambda: re.match(killed, page(f"{CELL}('live','state')")), what="killed")
        self.begin("train", "--resume", self.folder / "live")
        wait_until(lambda: page(f"{CELL}('live','state')").startswith("running"), what="resumed")
        self.assertEqual(page("window.mark"), 1)
        single = Watch(self, self.folder / "live")
        linked = page("[...document.links].find(a=>a.textContent.endsWith('done')).href")
        one = browser.open(linked)
        wait_until(lambda: one("!!document.querySelector('.save')"))
        self.assertIn("finished: 2 of 2 epochs", one("document.body.textContent"))
        one = browser.open(single.address)
        wait_until(lambda: one("!!document.querySelector('.save')"))
        self.assertIn("Reconstruction error", one("document.body.textContent"))
        self.assertEqual(one("document.querySelectorAll('figure svg').length"), 5)
        self.assertEqual(watch.end(), 0)
        self.assertEqual(single.end(signal.SIGINT), 0)
        # Only the page in front asks.
        wait_until(lambda: "does not answer" in one("document.getElementById('said').textContent"))
        # The only complaints are those of a server that has ended.
        complaints = [e for e in browser.errors if "ERR_CONNECTION" not in e.get("text", "")]
        self.assertEqual(complaints, [])

    def test_others_get_nothing_and_load_leaves_nothing(self):
        data = self.make_data() + ":/train/samples"
        settings = ["--data", data, "--layers", "20,2", "--batch", 32, "--micro-batch", 16]
        self.train("run", *settings, "--epochs", 2)
        watch = Watch(self, self.folder / "run")
        silent = socket.create_connection(("127.0.0.1", int(watch.port)), 60)
        self.addCleanup(silent.close)
        status, page = watch.get("")
        self.assertEqual(status, 200)
        self.assertIn("finished: 2 of 2 epochs", page)
        status, content = watch.get("live")
        self.assertEqual(status, 200)
        self.assertIn(content, page)
        wrong = "0" * 32
        for path in ("/", f"/{watch.token}", f"/{wrong}/", f"/{watch.token}/config.cfg"):
            with self.subTest(path=path):
                connection = watch.connect()
                connection.request("GET", path)
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.read()), (404, b""))
                connection.close()
        self.assertEqual(watch.get("", Host="rebound.example"), (404, ""))
        self.assertEqual(watch.get("../../run/config.cfg"), (404, ""))
        # Only this machine's own address is listened on.
        with open(f"/proc/{watch.process.pid}/net/tcp", encoding="ascii") as table:
            self.assertIn(f" 0100007F:{int(watch.port):04X} 00000000:0000 0A", table.read())

        def load(seconds):
            """Requests of 8 connections, and others that are cut off, for that long."""
            connections = [watch.connect() for _ in range(8)]
            end, count = time.monotonic() + seconds, 0
            while count < 80 or time.monotonic() < end:
                for connection in connections:
                    path = "live" if count % 2 else ""
                    self.assertEqual(watch.get(path, connection)[0], 200)
                    count += 1
                with socket.create_connection(("127.0.0.1", int(watch.port))) as cut:
                    cut.sendall(f"GET /{watch.token}/ HTTP/1.1\r\nHost: loc".encode())
            for connection in connections:
                connection.close()

        load(0.3)
        files, memory = watch.held()
        load(1)
        wait_until(lambda: watch.held()[0] <= files, what="the end of its connections")
        # A sanitizer keeps what was freed.
        if not os.environ.get("HOURGLASS_SANITIZE"):
            self.assertLess(watch.held()[1] - memory, 2048)
        self.assertEqual(silent.recv(1), b"", "an idle connection is closed")
        self.assertEqual(watch.end(), 0)

    def test_bad_input_and_a_port_in_use(self):
        refused = run("watch")
        self.assert_refused(refused, USAGE, "name run folders: hourglass watch run1/ run2/")
        self.assert_refused(run("watch", self.folder / "none"), IO, "holds no run")
        begun = self.folder / "begun"
        begun.mkdir()
        (begun / "config.cfg").write_text("epochs = 3\n")
        self.assert_refused(run("watch", begun, "--port", 65536), USAGE, "ports end at 65535")
        watch = Watch(self, begun)
        self.assertIn("Nothing is recorded yet", watch.get("")[1])
        hint = "choose another --port, or 0 for a free one"
        self.assert_refused(run("watch", begun, "--port", watch.port), IO, hint)
        Watch(self, begun, "--port", 0)


if __name__ == "__main__":
    unittest.main()
