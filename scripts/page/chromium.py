"""A headless Chromium, driven through its DevTools protocol over two pipes. Python's standard library only."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome"]
PATIENCE = 60.0


def find():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One browser with one tab. Events of the tab are kept in `events` as they come."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="page-check-")
        (theirs, ours) = os.pipe(), os.pipe()
        self.to, self.back = theirs[1], ours[0]
        flags = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "--no-first-run",
                 "--disable-gpu-sandbox", "--enable-unsafe-swiftshader", "--hide-scrollbars", "about:blank"]
        if os.geteuid() == 0:
            flags.insert(0, "--no-sandbox")
        # DevTools reads from descriptor 3 and writes to 4.
        command = f'exec "$0" "$@" 3<&{theirs[0]} 4>&{ours[1]}'
        self.process = subprocess.Popen(["bash", "-c", command, find(), *flags], pass_fds=[theirs[0], ours[1]],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs[0])
        os.close(ours[1])
        self.number, self.buffer, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility", "DOM"]:
            self.call(f"{domain}.enable")

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self):
        while b"\0" not in self.buffer:
            got = os.read(self.back, 1 << 20)
            if not got:
                raise RuntimeError("Chromium closed its pipe")
            self.buffer += got
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        """Calls a method of the protocol and gives its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def run(self, expression):
        """The value of a JavaScript expression, a promise's when it is kept."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression):
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(expression):
            if time.monotonic() > end:
                raise RuntimeError(f"still not true after {PATIENCE:.0f} s: {expression}")
            time.sleep(0.05)

    def open(self, path, width, height, scheme="light"):
        """Shows a file in a window of this size."""
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=f"file://{os.path.abspath(path)}")
        self.wait("document.readyState === 'complete'")
        self.wait("[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('.main-svg'))")
        self.settle()

    def settle(self):
        """Waits for two frames."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, element):
        """Clicks where an expression's element is, as a hand does."""
        self.run(f"({element}).scrollIntoView({{ block: 'center' }})")
        box = self.run(f"(b => [b.x + b.width / 2, b.y + b.height / 2])(({element}).getBoundingClientRect())")
        for kind in ["mousePressed", "mouseReleased"]:
            self.mouse(kind, *box, button="left", clickCount=1)
        self.settle()

    def key(self, name, code):
        text = {"text": "\r"} if name == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)
        self.settle()

    def picture(self, path, most=None):
        """Writes the page as PNG, at most so many pixels of its height."""
        [width, height] = self.run("[innerWidth, document.documentElement.scrollHeight]")
        clip = dict(x=0, y=0, width=width, height=min(height, most or height), scale=1)
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def complaints(self):
        """Errors and warnings of the console, exceptions, and requests that leave the page. A WebGL without a graphics card says that it
        is slow; that is no fault of the page."""
        found = []
        for event in self.events:
            params, method = event["params"], event["method"]
            if method == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"].get("exception", params)))
            elif method == "Runtime.consoleAPICalled" and params["type"] in ["error", "warning", "assert"]:
                found.append(str([argument.get("value", argument.get("description")) for argument in params["args"]]))
            elif method == "Log.entryAdded" and "GL Driver Message" not in params["entry"]["text"] and params["entry"]["level"] in ["error", "warning"]:
                found.append(params["entry"]["text"])
            elif method == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:///", "data:", "blob:", "about:")):
                    found.append(f"a request to {url}")
        return found
