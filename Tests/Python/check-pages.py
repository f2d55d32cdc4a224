"""Opens the pages of a `ci serve` in a real browser and checks what a reader can do with them.

usage: check-pages.py ADDRESS [AXE.JS]

The browser is Debian's chromium, driven by its own protocol over a pipe. Prints a line for each check that fails, and at the end
how many did.
"""
import json
import math
import os
import re
import shutil
import socket
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
from browser import Browser, Tab  # noqa: E402

address = sys.argv[1]
axe = open(sys.argv[2], encoding="utf-8").read() if len(sys.argv) > 2 else None
problems, checks = [], 0


def check(holds, text):
    global checks
    checks += 1
    if not holds:
        problems.append(text)
        print("FAILED: " + text, flush=True)


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
        check(tab.value("[...document.querySelectorAll('.log li span')].every(s => s.getBoundingClientRect().left >="
                        " s.closest('li').querySelector('a').getBoundingClientRect().right)"),
              page + " has text among the numbers of lines")
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
    check(tab.value("document.querySelector(':target')?.matches('tr')"), "the row of the cell is marked: " + tab.value("location.href"))
    check(not tab.complaints(), "the grid: %s" % tab.complaints())


def tall_grid(tab):
    """The grid of 4,500 packages on a phone: taller than a canvas with all of its pixels can be."""
    tab.command("Emulation.setDeviceMetricsOverride", width=360, height=700, deviceScaleFactor=3, mobile=True)
    tab.open("/grid.html")
    tab.value("""(async () => {
        const text = await (await fetch('grid.html')).text(), rows = 4500;
        const data = JSON.parse(document.getElementById('cells').textContent);
        data.rows = Array.from({ length: rows }, (_, row) => `package-of-ordinary-length-${row}.1`).join('\\n');
        data.states = 'S'.repeat(rows * data.columns.length);
        [data.causeOf, data.causes] = ['', []];
        document.open();
        document.write(text.replace(/(id="cells">)[^]*?(<.script>)/, (_, begin, end) => begin + JSON.stringify(data) + end));
        document.close();
    })()""")
    tab.until("document.getElementById('count')?.textContent.endsWith('4,500 of 4,500 packages')", "the tall grid is drawn")
    canvas = "document.getElementById('grid')"
    check(tab.value("Math.abs(%s.width / %s.clientWidth - 3) < 0.02" % (canvas, canvas)), "the tall grid has all pixels")
    # The whole screen is drawn, and a pointer finds the package that is there.
    for share in (0, 0.4, 1, 0.1):
        tab.value("scrollTo(0, %s * document.documentElement.scrollHeight)" % share)
        tab.until("(() => { const box = %s.getBoundingClientRect(), frame = %s.parentElement.getBoundingClientRect();"
                  " return box.top <= Math.max(0, frame.top) + 1 && box.bottom >= Math.min(innerHeight, frame.bottom) - 1; })()"
                  % (canvas, canvas), "the screen shows the grid at %s" % share)
        found = tab.value("""(() => {
            const canvas = %s, box = canvas.getBoundingClientRect(), frame = canvas.parentElement.getBoundingClientRect();
            const y = Math.min(innerHeight, frame.bottom) - 4;
            canvas.dispatchEvent(new MouseEvent('mousemove', { clientX: box.left + 5, clientY: y }));
            const copy = new OffscreenCanvas(canvas.width, 36).getContext('2d', { willReadFrequently: true });
            copy.drawImage(canvas, 0, 36 - Math.round((y - box.top + 4) * 3));
            const pixels = copy.getImageData(0, 0, canvas.width, 36).data;
            return { name: document.querySelector('#card b')?.textContent, drawn: pixels.some(value => value > 0),
                     row: Math.floor((y - frame.bottom) / 12) + 4500 };
        })()""" % canvas)
        check(found["drawn"], "the end of the screen is drawn at %s" % share)
        check((found["name"] or "").endswith("/package-of-ordinary-length-%d.1" % found["row"]), "the pointer finds the package at %s: %s" % (share, found))
    tab.value(canvas + ".focus()")
    for name, row in (("Home", 0), ("End", 4499), ("ArrowUp", 4498), ("Home", 0)):
        tab.key(name)
        tab.until("document.getElementById('spoken').textContent.includes('/package-of-ordinary-length-%d.1:')" % row, "%s goes to row %d" % (name, row))
        check(tab.value("(() => { const card = document.getElementById('card').getBoundingClientRect();"
                        " return card.top >= 0 && card.bottom <= innerHeight; })()"), "%s shows the cell" % name)
        end = "frame.bottom <= innerHeight + 60" if row > 0 else "frame.top >= 0"
        check(tab.value("(() => { const frame = %s.parentElement.getBoundingClientRect(); return %s; })()" % (canvas, end)),
              "%s scrolls to the cell" % name)
    check(not tab.complaints(), "the tall grid: %s" % tab.complaints())


def scriptless(tab, all_pages):
    tab.command("Emulation.setScriptExecutionDisabled", value=True)
    for page in ["/index.html", "/grid.html", "/packages.html"]:
        tab.open(page)
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


def pictures(tab, all_pages):
    """Keeps pictures of the pages for people, in the directory of the build."""
    directory = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/screenshots")
    kinds = {}
    for page in all_pages:
        kinds.setdefault(page.strip("/").split("/")[0].removesuffix(".html"), page)
    for kind, page in sorted(kinds.items()):
        for name, width, dark in (("wide", 1600, False), ("dark", 1600, True), ("phone", 360, False)):
            tab.size(width, dark=dark)
            tab.open(page)
            tab.picture(os.path.join(directory, "%s-%s.png" % (kind, name)))


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


def event_stream():
    """A new event stream; None if the server has too many."""
    port = urllib.parse.urlparse(address).port
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    if b" 200 " in stream.recv(1 << 12).split(b"\r\n")[0]:
        return stream
    stream.close()
    return None


def crowded(tab):
    """A page for which there is no event stream follows the server once there is one again, without asking all the time."""
    streams = []
    while True:
        stream = event_stream()
        if not stream:
            break
        streams.append(stream)
    check(len(streams) > 1000, "the server has %d event streams" % len(streams))
    tab.size(1200)
    tab.open("/index.html")
    tab.until("document.documentElement.dataset.live === 'waiting'", "a page without an event stream waits")

    def requests():
        return sum(event["method"] == "Network.requestWillBeSent" and event["params"]["request"]["url"].endswith("/events")
                   for event in tab.browser.events)

    begin = time.monotonic()
    while requests() < 2 and time.monotonic() < begin + 120:
        tab.value("1")
        time.sleep(0.05)
    for stream in streams:
        stream.close()
    tab.until("document.documentElement.dataset.live === 'connected'", "the page follows the server when there is room again")
    # The first pause takes two seconds at least, and each takes at least as long as all before it.
    most = 2 + max(0, math.log2((time.monotonic() - begin) / 2))
    check(2 <= requests() <= most, "the pauses between requests double: %d requests, expected at most %.1f" % (requests(), most))


directory = tempfile.mkdtemp(prefix="ciso-browser-")
browser = Browser(directory)
try:
    tab = Tab(browser, address, check)
    all_pages = links()
    print("%d pages" % len(all_pages), flush=True)
    pages(tab, all_pages)
    grid(tab)
    tall_grid(tab)
    hostile(tab, all_pages)
    scriptless(tab, all_pages)
    pictures(tab, all_pages)
    crowded(tab)
    live(tab)
finally:
    browser.process.kill()
    browser.process.wait()
    shutil.rmtree(directory, ignore_errors=True)
print("\n%d of %d checks failed" % (len(problems), checks))
sys.exit(len(problems) > 0)
