"""A headless Chromium that tests talk to through a pipe, in the protocol of its developer tools."""

import json
import os
import shutil
import subprocess
from base64 import b64decode

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe")


class Browser:
    """Opens one page at a time; `errors` holds what it complained about."""

    def __init__(self, folder, width=1000, height=800):
        own_in, its_out = os.pipe()
        its_in, own_out = os.pipe()

        def connect():
            # Chromium reads at 3 and writes at 4; first out of the way of both.
            read, write = os.dup(its_in), os.dup(its_out)
            os.dup2(read, 3)
            os.dup2(write, 4)

        command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, close_fds=False, preexec_fn=connect, **quiet)
        os.close(its_in)
        os.close(its_out)
        self._read, self._write = os.fdopen(own_in, "rb", 0), os.fdopen(own_out, "wb", 0)
        self._left, self._number, self._session, self.errors, self.requests = b"", 0, None, [], []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._ask("Emulation.setDeviceMetricsOverride", **size, mobile=width < 600)

    def open(self, url):
        """Load a page and wait until it has loaded."""
        self.errors.clear()
        self.requests.clear()
        self._ask("Page.navigate", url=url)
        while self.evaluate("document.readyState") != "complete":
            pass

    def evaluate(self, expression):
        """Evaluate JavaScript in the page."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code):
        """Press a key, where the focus is."""
        for kind in ("rawKeyDown", "keyUp"):
            settings = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
            self._ask("Input.dispatchKeyEvent", **settings)

    def picture(self, path):
        """Draw the whole page into a PNG file."""
        answer = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(b64decode(answer["data"]))

    def close(self):
        self._session = None
        self._ask("Browser.close")
        self.process.wait(timeout=20)
        self._read.close()
        self._write.close()

    def _ask(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while (answer := self._hear()).get("id") != self._number:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _hear(self):
        while b"\0" not in self._left:
            piece = self._read.read(1 << 16)
            assert piece, "the browser ended"
            self._left += piece
        first, _, self._left = self._left.partition(b"\0")
        return json.loads(first)

    def _note(self, event):
        params = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["text"])
        if event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.errors.append(str(params["args"]))
        if event["method"] == "Log.entryAdded":
            self.errors.append(params["entry"]["text"])
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
