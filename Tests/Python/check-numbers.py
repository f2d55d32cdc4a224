"""Compares the numbers on the pages of a report with each other and with those of commands.

usage: check-numbers.py CI REPORT

REPORT is a directory written by `ci report --output`; the store is that of CISO_STORE. Prints a line for each number that differs,
and at the end how many were compared.
"""
import collections
import fcntl
import glob
import html.parser
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

program, report = sys.argv[1:3]
problems, compared = 0, 0


def equal(found, expected, text):
    global problems, compared
    compared += 1
    if found != expected:
        problems += 1
        if problems <= 100:
            print("FAILED: %s: %s, expected %s" % (text, found, expected), flush=True)


def ci(*words):
    """What a command prints as JSON."""
    return json.loads(subprocess.run([program, *words, "--format", "json"], stdout=subprocess.PIPE).stdout)


def printed_on_terminal(*words):
    """What a command prints on a wide terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
    process = subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=theirs, env={**os.environ, "NO_COLOR": "1", "PAGER": "cat"})
    os.close(theirs)
    output = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # the end of a terminal
            piece = b""
        if not piece:
            break
        output += piece
    process.wait()
    os.close(ours)
    return output.decode().replace("\r\n", "\n")


class Page(html.parser.HTMLParser):
    """The heading of a page, its figures by label, its facts by label, and its tables: for each its caption, the words of its head
    and its rows, which are the texts of their cells and the first link."""

    def __init__(self, path):
        super().__init__()
        self.path, self.heading, self.headings, self.figures, self.facts, self.tables = path, "", [], {}, {}, []
        self.open, self.text, self.link, self.figure, self.fact = [], "", None, None, None
        with open(os.path.join(report, path), encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("h1", "h2", "caption", "th", "td", "dt", "dd", "b", "span"):
            if tag in ("b", "span") and not (self.open and self.open[-1] == "figure"):
                return
            self.text = ""
        if tag == "div":
            self.open.append("figure" if self.open and self.open[-1] == "figures" else attributes.get("class", ""))
        if tag == "table":
            self.tables.append({"caption": "", "head": [], "rows": []})
        if tag == "tr":
            self.row, self.link = [], None
        if tag == "a" and self.link is None:
            self.link = attributes.get("href")

    def handle_endtag(self, tag):
        text = " ".join(self.text.split())
        if tag == "h1":
            self.heading = text
        if tag == "h2":
            self.headings.append(text)
        if tag == "caption":
            self.tables[-1]["caption"] = text
        if tag in ("th", "td"):
            self.row.append(text)
        if tag == "tr":
            if self.tables[-1]["head"]:
                self.tables[-1]["rows"].append((self.row, self.link))
            else:
                self.tables[-1]["head"] = self.row
        if tag == "dt":
            self.fact = text
        if tag == "dd":
            self.facts[self.fact] = text
        if self.open and self.open[-1] == "figure":
            if tag == "b":
                self.figure = number(text)
            if tag == "span":
                self.figures[text] = self.figure
        if tag == "div" and self.open:
            self.open.pop()

    def handle_data(self, data):
        self.text += data

    def table(self, *head):
        """The table whose head begins with these words; one without rows if the page has none."""
        return next((t for t in self.tables if t["head"][:len(head)] == list(head)), {"head": list(head), "rows": []})

    def numbers(self, of=1):
        """The rows of the table of standings as numbers by name, and by the words of the head."""
        table = self.table(*["target", "compiler"][-of:], "cells")
        return {tuple(row[:of]): dict(zip(table["head"][of:], map(number, row[of:]))) for row, _ in table["rows"]}


def number(text):
    return int(text.replace(",", "")) if re.fullmatch(r"[0-9][0-9,]*", text) else text


def counted(text, noun="cell"):
    """The number before a noun."""
    found = re.search(r"([0-9][0-9,]*) %ss?\b" % noun, text)
    return number(found.group(1)) if found else 0


def column(cell):
    return tuple(cell.split("/")[:2])


def name(cell):
    """The package of a cell without its version."""
    return cell.split("/")[2].split(".")[0]


def added(dictionaries):
    total = collections.Counter()
    for dictionary in dictionaries:
        total.update(dictionary)
    return {key: value for key, value in total.items() if value}


def nonzero(dictionary):
    return {key: value for key, value in dictionary.items() if value}


cells = {entry["cell"]: entry for entry in ci("results")}
outcomes = collections.Counter(entry["state"] for entry in cells.values())
causes = {cause["id"]: cause for cause in ci("show", "causes")}
affected = collections.Counter(cell for cause in causes.values() for cell in cause["cells"] + cause["blocks"])
bad = collections.Counter(column(cell) for cell in affected)
without_result = collections.Counter(column(cell) for cell, entry in cells.items() if entry["state"] in ("pending", "excluded"))

# The start page: all cells, each in one state, and the same by column.
start = Page("index.html")
rows = start.numbers(of=2)
equal(sum(start.figures.values()), len(cells), "index.html: the sum of the figures")
equal(added(dict((k, v) for k, v in row.items() if k != "cells") for row in rows.values()), nonzero(start.figures),
      "index.html: the columns together")
for key, row in rows.items():
    equal(sum(value for word, value in row.items() if word != "cells"), row["cells"], "index.html: the sum of %s" % "/".join(key))
    equal(row["cells"], sum(column(cell) == key for cell in cells), "index.html: the cells of %s" % "/".join(key))
    good = row.get("ok", 0) + row.get("fixed", 0)
    equal(good, sum(column(cell) == key and entry["state"] == "success" for cell, entry in cells.items()),
          "index.html: the good cells of %s" % "/".join(key))
gate = ci("gate")
equal(start.figures.get("ok", 0) + start.figures.get("fixed", 0), gate["good"], "index.html and 'ci gate': good cells")
text = printed_on_terminal("results")
lines = text.split("\n\n")[0].splitlines()
head = re.split(r"  +", lines[1].strip())
words = {"infra": "infrastructure", "own bound": "own OCaml bound", "new": "newly failing"}
printed = {}
for line in lines[2:]:
    row = re.split(r"  +", line.strip())
    printed[tuple(row[:2])] = {words.get(h, h): int(v) for h, v in zip(head[2:], row[2:])}
equal({key: {k: v for k, v in row.items() if k != "cells" and v} for key, row in rows.items()},
      {key: nonzero(row) for key, row in printed.items()}, "index.html and 'ci results'")
deployment = next(d for d in ci("status") if d["deployment"] == start.heading.split()[0])
equal(added(target["states"] for target in deployment["targets"]), nonzero(outcomes), "'ci status' and 'ci results'")

# The grid.
grid = json.loads(re.search(r'id="cells">(.*?)</script>', open(os.path.join(report, "grid.html"), encoding="utf-8").read(),
                            re.S).group(1))
letters = {"S": ["ok"], "X": ["fixed"], "B": ["broken", "newly failing"], "F": ["still failing"], "Y": ["flaky"], "K": ["blocked"],
           "I": ["infrastructure"], "U": ["unsolvable", "own OCaml bound"], "C": ["cancelled"], "P": ["pending"]}
drawn = collections.Counter(grid["states"])
if "A" not in drawn:
    for letter, standings in letters.items():
        equal(drawn.get(letter, 0), sum(start.figures.get(s, 0) for s in standings), "grid.html: the cells that are %s" % standings)

# Targets.
for row, link in Page("targets.html").table("target", "cells")["rows"]:
    target = Page(link)
    own = {key[1]: value for key, value in rows.items() if key[0] == row[0]}
    equal({key[0]: value for key, value in target.numbers().items()}, own, link)
    equal(number(row[1]), sum(r["cells"] for r in own.values()), "targets.html: the cells of " + row[0])
    equal(number(row[3]), sum(count for key, count in bad.items() if key[0] == row[0]), "targets.html: the bad cells of " + row[0])
    open_cells = sum(count for key, count in without_result.items() if key[0] == row[0])
    badge = open(os.path.join(report, "badges/targets/%s.svg" % row[0]), encoding="utf-8").read()
    equal("%s of %s good" % (number(row[2]), number(row[1]) - open_cells) in badge.replace(",", ""), True, "the badge of " + row[0])

# Causes: each bad cell has one.
equal(set(affected.values()) <= {1}, True, "'ci show causes': no cell has two causes")
listed = {}
for page in ("causes.html", "unsolvable.html"):
    table = Page(page).table("cells", "blocks")
    for row, link in table["rows"]:
        listed[os.path.basename(link).removesuffix(".html")] = (number(row[0]), number(row[1]))
equal(listed, {key: (len(c["cells"]), len(c["blocks"])) for key, c in causes.items()}, "causes.html, unsolvable.html and 'ci show causes'")
found = re.search(r"([0-9]+) causes? of ([0-9]+) bad cells?", text)
equal((int(found.group(1)), int(found.group(2))) if found else (0, 0), (len(causes), len(affected)), "'ci results' and 'ci show causes'")
for key, cause in causes.items():
    page = Page("causes/%s.html" % key)
    spoils = page.facts["Spoils"]
    equal(counted(spoils), len(cause["cells"]) + len(cause["blocks"]), "causes/%s.html: cells" % key)
    equal(counted(spoils, "column"), len({column(cell) for cell in cause["cells"] + cause["blocks"]}), "causes/%s.html: columns" % key)
unsolvable = ("unsolvable", "own-ocaml")
note = re.search(r">([0-9,]+) cells? ha(?:s|ve) no solution: ([0-9,]+) cause", open(os.path.join(report, "index.html"), encoding="utf-8").read())
equal((number(note.group(1)), number(note.group(2))) if note else (0, 0),
      (sum(len(c["cells"]) + len(c["blocks"]) for c in causes.values() if c["kind"] in unsolvable),
       sum(c["kind"] in unsolvable for c in causes.values())), "index.html: unsolvable cells and their causes")

# Packages and maintainers.
packages = collections.defaultdict(list)
for cell, entry in cells.items():
    packages[name(cell)].append(entry)
for package, entries in packages.items():
    page = Page("packages/%s.html" % package)
    good = sum(entry["state"] == "success" for entry in entries)
    stated = re.search(r"([0-9,]+) of ([0-9,]+) cells? good", " ".join(page.headings))
    equal((number(stated.group(1)), number(stated.group(2))) if stated else None, (good, len(entries)), "packages/%s.html" % package)
    equal(len(page.table("target", "compiler")["rows"]), len(entries), "packages/%s.html: rows" % package)
tables, versions = 0, {cell.split("/")[2].split("@")[0] for cell in cells}
for path in glob.glob(os.path.join(report, "tables/*.html")):
    page = Page(os.path.relpath(path, report))
    tables += len(page.table("package")["rows"])
    stated = re.search(r": ([0-9,]+) of ([0-9,]+) package versions?", page.heading)
    equal([number(n) for n in stated.groups()] if stated else None, [len(page.table("package")["rows"]), len(versions)], page.path)
equal(tables, len(versions), "tables/: the rows together")
for row, link in Page("maintainers.html").table("maintainer", "packages")["rows"]:
    page = Page(link)
    stated = re.search(r"([0-9,]+) packages?, ([0-9,]+) of ([0-9,]+) cells? good", page.heading)
    equal([number(n) for n in stated.groups()] if stated else None, [number(row[1]), number(row[3]), number(row[2])], link)
    entries = [(number(r[1]), number(r[2]), number(r[3])) for r, _ in page.table("package", "cells")["rows"]]
    equal(tuple(map(sum, zip(*entries))), (number(row[2]), number(row[3]), number(row[4])), link + ": the rows together")
    # Spellings with one address are one maintainer. A name selects those with an address, too, in commands.
    key = (re.findall(r"<([^>]*\S[^>]*)>", row[0]) or [row[0]])[-1]
    if "@" in key and row[0].count("@") == 1:
        mine = ci("mine", key)["packages"]
        names = {entry["package"].split(".")[0] for entry in mine}
        equal((len(names), sum(sum(entry["cells"].values()) for entry in mine), sum(entry["bad"] for entry in mine)),
              (number(row[1]), number(row[2]), number(row[4])), "maintainers.html and 'ci mine %s'" % key)

# Runs and their comparisons.
for path in sorted(glob.glob(os.path.join(report, "diff/*/*.html"))):
    before, after = re.findall(r"[0-9]+", os.path.relpath(path, report))
    page = Page(os.path.relpath(path, report))
    changes = ci("diff", "run:" + before, "run:" + after)
    kinds = collections.Counter(change["verdict"] for change in changes)
    equal({re.sub("^still bad.*", "still bad", k): v for k, v in page.figures.items()},
          {re.sub("^still bad.*", "still bad", k): v for k, v in kinds.items()}, page.path + " and 'ci diff'")
    if not any("largest groups" in heading for heading in page.headings):
        equal(sum(number(row[0]) for table in page.tables for row, _ in table["rows"]), len(changes), page.path + ": the rows together")
since = collections.Counter()
for path in glob.glob(os.path.join(report, "runs/*.html")):
    page = Page(os.path.relpath(path, report))
    for heading in page.headings:
        stated = re.fullmatch(r"(.+?) ([0-9,]+)(?:,.*)?", heading)
        if stated:
            since[stated.group(1)] += number(stated.group(2))
for standing in ("broken", "newly failing", "still failing", "blocked", "flaky", "infrastructure", "fixed"):
    known = {w.split(" (")[0]: c for w, c in since.items()}.get(standing, 0)
    equal(known <= start.figures.get(standing, 0), True, "runs: %d cells are %s since a run, %d in all"
          % (known, standing, start.figures.get(standing, 0)))

# The files for programs.
document = json.load(open(os.path.join(report, "report.json"), encoding="utf-8"))
equal({entry["cell"]: entry["state"] for entry in document["cells"]}, {cell: entry["state"] for cell, entry in cells.items()},
      "report.json and 'ci results'")
suites = open(os.path.join(report, "junit.xml"), encoding="utf-8").read()
equal(sum(map(int, re.findall(r'<testsuite [^>]*\btests="([0-9]+)"', suites))), len(cells), "junit.xml: tests")

print("%d of %d numbers differ" % (problems, compared))
sys.exit(problems > 0)
