"""A headless Chromium that a test steers: pages that stay open while something happens to them."""
import json
import os
import shutil
import subprocess
import tempfile

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


class Browser:
    """Speaks the DevTools protocol through a pipe: JSON texts that end with a zero byte."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="hourglass-browser-")
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()
        command = [
            *["bash", "-c", f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}', CHROMIUM],
            *["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
            *["--disable-background-networking", "--disable-component-update", "--disable-sync"],
            *[f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_browser, from_browser),
        )
        os.close(to_browser)
        os.close(from_browser)
        self.number, self.rest, self.errors = 0, b"", []

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.answers, 1 << 16)
            if not more:
                raise AssertionError("the browser has ended")
            self.rest += more
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            # What pages complain of: exceptions, refused loads, errors of the console.
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(answer["params"]["exceptionDetails"])
            elif answer.get("method") == "Log.entryAdded":
                self.errors.append(answer["params"]["entry"])

    def open(self, address):
        """A page, as a function that evaluates JavaScript in it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable", session)
        self.call("Page.navigate", session, url=address)

        def evaluate(script):
            answer = self.call(
                "Runtime.evaluate",
                session,
                expression=script,
                returnByValue=True,
                awaitPromise=True,
            )
            if "exceptionDetails" in answer:
                raise AssertionError(f"{script}: {answer['exceptionDetails']}")
            return answer["result"].get("value")

        return evaluate
