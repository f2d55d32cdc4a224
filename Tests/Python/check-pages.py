"""Opens the pages of a `ci serve` in a real browser and checks what a reader can do with them.

usage: check-pages.py ADDRESS [AXE.JS]

The browser is Debian's chromium, driven by its own protocol over a pipe. Prints a line for each check that fails, and at the end
how many did.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

address = sys.argv[1]
axe = open(sys.argv[2], encoding="utf-8").read() if len(sys.argv) > 2 else None
problems, checks = [], 0


def check(holds, text):
    global checks
    checks += 1
    if not holds:
        problems.append(text)
        print("FAILED: " + text, flush=True)


class Browser:
    """Chromium, its commands and its events."""

    def __init__(self, folder):
        to_browser, own_writing = os.pipe()
        own_reading, from_browser = os.pipe()
        # The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        words = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--remote-debugging-pipe", "--user-data-dir=" + folder, "about:blank"]
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


class Tab:
    def __init__(self, browser):
        self.browser = browser
        target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(domain + ".enable")
        self.command("Page.setBypassCSP", enabled=False)

    def command(self, method, **parameters):
        return self.browser.command(method, self.session, **parameters)

    def size(self, width, height=900, dark=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 500)
        self.command("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, path):
        self.browser.events = []
        answer = self.command("Page.navigate", url=address + path)
        check("errorText" not in answer, "%s opens: %s" % (path, answer.get("errorText")))
        self.until("document.readyState === 'complete'", path + " is loaded")

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
        check(False, text)
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
                # A browser asks for an icon that no page names.
                if "favicon.ico" not in data["entry"].get("url", ""):
                    found.append(data["entry"]["text"][:300] + " " + data["entry"].get("url", ""))
        return found


def links():
    """All pages that can be reached by links from the first one."""
    known, open_ = {"/index.html"}, ["/index.html"]
    while open_:
        page = open_.pop()
        with urllib.request.urlopen(address + page, timeout=120) as answer:
            text = answer.read().decode()
        for link in re.findall(r'<a [^>]*href="([^"#]+\.html)', text):
            target = urllib.parse.urlparse(urllib.parse.urljoin(address + page, link)).path
            if target not in known:
                known.add(target)
                open_.append(target)
    return sorted(known)


def accessible(tab, page):
    result = tab.value(
        axe + "; axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map(v =>"
        " ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))}))))")
    for violation in json.loads(result):
        check(violation["impact"] not in ("serious", "critical"),
              "%s: axe: %s: %s" % (page, violation["id"], violation["nodes"]))


def pages(tab, all_pages):
    for page in all_pages:
        tab.size(1600)
        tab.open(page)
        check(tab.value("document.querySelectorAll('h1').length") == 1, page + " has one heading")
        for width in (360, 1600):
            tab.size(width)
            check(tab.value("document.documentElement.scrollWidth <= innerWidth"),
                  "%s at %d px scrolls sideways: %s" % (page, width, tab.value(
                      "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth"
                      " && !e.closest('.scroll')).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' ')")))
        check(not tab.complaints(), "%s: %s" % (page, tab.complaints()))
        if axe:
            for dark in (False, True):
                tab.size(1200, dark=dark)
                accessible(tab, page)


def grid(tab):
    tab.size(1600)
    tab.open("/grid.html")
    tab.until("document.getElementById('count').textContent !== ''", "the grid counts its cells")
    whole = tab.value("document.getElementById('count').textContent")
    drawn = "(() => { const c = document.getElementById('grid'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;" \
            " let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i]) n++; return n; })()"
    check(tab.value(drawn) > 0, "the grid draws something")
    tab.key("/", text="/")
    check(tab.value("document.activeElement.id") == "filter", "/ goes to the filter")
    for word, expected in [("outcome:failure", "failure"), ("maintainer:ann", "ann"), ("!one", "one")]:
        tab.value("(() => { const f = document.getElementById('filter'); f.value = ''; f.focus(); })()")
        tab.command("Input.insertText", text=word)
        tab.until("document.getElementById('count').textContent !== %s" % json.dumps(whole),
                  "the filter '%s' leaves fewer cells than %s" % (word, whole))
        tab.until("new URLSearchParams(location.hash.slice(1)).get('q') === %s" % json.dumps(word),
                  "the filter '%s' is in the address" % word)
    tab.value("history.back()")
    tab.until("document.getElementById('filter').value === 'maintainer:ann'", "back restores the filter before")
    tab.value("(() => { const s = document.getElementById('sort'); s.value = 'changed'; s.dispatchEvent(new Event('change')); })()")
    tab.until("location.hash.includes('sort=changed')", "the order is in the address")
    tab.open("/index.html")
    tab.open("/grid.html#q=outcome:failure&colour=duration")
    tab.until("document.getElementById('filter').value === 'outcome:failure'", "a deep link sets the filter")
    check(tab.value("document.getElementById('colour').value") == "duration", "a deep link sets the colours")
    tab.value("document.getElementById('grid').focus()")
    for name in ("Home", "ArrowDown", "ArrowUp", "End", "Home"):
        tab.key(name)
    tab.until("document.getElementById('spoken').textContent !== ''", "the keyboard reads a cell aloud")
    check(not tab.value("document.getElementById('card').hidden"), "the keyboard shows a cell")
    tab.key("Enter", text="\r")
    tab.until("!location.pathname.endsWith('grid.html') && document.readyState === 'complete'", "Enter opens the cell")
    check(not tab.complaints(), "the grid: %s" % tab.complaints())


def scriptless(tab, all_pages):
    tab.command("Emulation.setScriptExecutionDisabled", value=True)
    for page in ["/index.html", "/grid.html", "/packages.html"]:
        tab.command("Page.navigate", url=address + page)
        time.sleep(0.5)
        root = tab.command("DOM.getDocument")["root"]["nodeId"]
        html = tab.command("DOM.getOuterHTML", nodeId=root)["outerHTML"]
        check("<h1" in html and 'href="packages.html"' in html, page + " can be read without scripts")
        check("packages.html" in html, page + " leads on without scripts")
    tab.command("Emulation.setScriptExecutionDisabled", value=False)


def hostile(tab, all_pages):
    """Nothing that a build printed or an opam file says has become an element, a link or a script."""
    for page in all_pages:
        tab.open(page)
        check(tab.value("globalThis.hostile === undefined"), page + " runs what a build printed")
        check(tab.value("document.querySelectorAll('img, iframe, object, embed, form, script:not([src]):not([type])').length") == 0,
              page + " has elements that no template has")
        check(tab.value("[...document.querySelectorAll('a')].every(a => a.protocol === location.protocol)"),
              page + " has links that lead elsewhere")
        check(tab.value("!/[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]/.test("
                        "document.documentElement.textContent)"), page + " has characters that act on a reader")


def live(tab):
    """Follows the server until it says that there are newer results: the caller records one."""
    tab.size(1200)
    tab.open("/index.html")
    tab.until("document.documentElement.dataset.live === 'connected'", "the page follows the server")
    before = tab.value("document.getElementById('main').textContent")
    print("following", flush=True)
    if sys.stdin.readline():
        tab.until("document.documentElement.dataset.generation !== undefined", "the page learns of a new result", 900)
        tab.until("document.getElementById('main').textContent !== %s" % json.dumps(before),
                  "the page shows the new result", 900)
    check(not tab.complaints(), "the page that follows: %s" % tab.complaints())


folder = tempfile.mkdtemp(prefix="ciso-browser-")
browser = Browser(folder)
try:
    tab = Tab(browser)
    all_pages = links()
    print("%d pages" % len(all_pages), flush=True)
    pages(tab, all_pages)
    grid(tab)
    hostile(tab, all_pages)
    scriptless(tab, all_pages)
    live(tab)
finally:
    browser.process.kill()
    browser.process.wait()
    shutil.rmtree(folder, ignore_errors=True)
print("\n%d of %d checks failed" % (len(problems), checks))
sys.exit(len(problems) > 0)
