"""Chromium, driven by its own protocol over a pipe."""
import base64
import json
import os
import subprocess
import time


class Browser:
    """Chromium, its commands and its events."""

    def __init__(self, directory):
        to_browser, own_writing = os.pipe()
        own_reading, from_browser = os.pipe()
        # The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        words = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--remote-debugging-pipe", "--user-data-dir=" + directory, "about:blank"]
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_browser, from_browser), "sh"] + words,
            pass_fds=[to_browser, from_browser], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.writing, self.reading = own_writing, own_reading
        self.buffer, self.number, self.events = b"", 0, []

    def receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.reading, 1 << 16)
            if not piece:
                raise SystemExit("the browser ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def command(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writing, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def wait(self, holds):
        """Waits for an event of which `holds` is true."""
        while not any(holds(event) for event in self.events):
            self.events.append(self.receive())


class Tab:
    """A page of a site.

    `check` is called with whether something holds, and what it is.
    """

    def __init__(self, browser, address, check):
        self.browser, self.address, self.check = browser, address, check
        target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(domain + ".enable")
        self.command("Page.setBypassCSP", enabled=False)
        self.command("Page.setLifecycleEventsEnabled", enabled=True)

    def command(self, method, **parameters):
        return self.browser.command(method, self.session, **parameters)

    def size(self, width, height=900, dark=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 500)
        self.command("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, path):
        self.browser.events = []
        answer = self.command("Page.navigate", url=self.address + path)
        self.check("errorText" not in answer, "%s opens: %s" % (path, answer.get("errorText")))
        # A navigation within the page has no loader. The same page with another fragment is one.
        if "loaderId" in answer:
            self.browser.wait(lambda event: event["method"] == "Page.lifecycleEvent" and event["params"]["name"] == "load"
                              and event["params"]["loaderId"] == answer["loaderId"])

    def value(self, expression):
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError("%s: %s" % (expression, json.dumps(answer["exceptionDetails"])[:600]))
        return answer["result"].get("value")

    def until(self, expression, text, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.value(expression):
                return True
            time.sleep(0.02)
        self.check(False, text)
        return False

    def key(self, name, code=None, text=None):
        for kind in ("keyDown", "keyUp"):
            fields = {"type": kind, "key": name, "code": code or name}
            if text and kind == "keyDown":
                fields["text"] = text
            numbers = {"Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
                       "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}
            fields["windowsVirtualKeyCode"] = numbers.get(name, 0)
            self.command("Input.dispatchKeyEvent", **fields)

    def picture(self, path):
        """Writes what the page looks like as a file."""
        data = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def complaints(self):
        """What the page wrote to the console as an error, and what it could not load or was forbidden."""
        self.value("1")
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, data = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                found.append(data["exceptionDetails"].get("text", "") + json.dumps(data)[:300])
            if method == "Runtime.consoleAPICalled" and data["type"] in ("error", "warning"):
                found.append(json.dumps(data["args"])[:300])
            if method == "Log.entryAdded" and data["entry"]["level"] in ("error", "warning"):
                # A browser requests an icon that no page names.
                if "favicon.ico" not in data["entry"].get("url", ""):
                    found.append(data["entry"]["text"][:300] + " " + data["entry"].get("url", ""))
        return found
