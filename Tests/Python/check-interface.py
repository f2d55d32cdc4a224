"""Asks a `ci serve` for every document of its OpenAPI description and checks the answers against it.

usage: check-interface.py ADDRESS
"""
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

import jsonschema

address = sys.argv[1]
problems = 0


def get(path):
    try:
        with urllib.request.urlopen(address + path, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def problem(text):
    global problems
    problems += 1
    print(text)


description = json.loads(get("/api/v1/openapi.json")[2])
components = {"components": description["components"]}
# Something of every kind, by the names of the parameters.
start = json.loads(get("/api/v1/start")[2])
causes = json.loads(get("/api/v1/causes")[2])
packages = [entry["name"] for entry in json.loads(get("/api/v1/packages")[2])]
cells = [cell["state"] for name in packages for cell in json.loads(get("/api/v1/packages/" + name)[2])["cells"]]
logs = [cell["log"] for cell in cells if cell["state"] == "failure" and "log" in cell]
examples = {
    "/causes/{id}": ["/causes/" + cause["id"] for cause in causes],
    "/packages/{name}": ["/packages/" + name for name in packages],
    "/targets/{name}": ["/targets/" + entry["name"] for entry in json.loads(get("/api/v1/targets")[2])],
    "/maintainers/{id}": ["/maintainers/" + entry["id"] for entry in json.loads(get("/api/v1/maintainers")[2])],
    "/runs/{number}": ["/runs/%d" % run["number"] for run in json.loads(get("/api/v1/runs")[2])],
    "/diff/{before}/{after}": ["/diff/1/2", "/diff/2/1"],
    "/cells/{target}/{compiler}/{package}": ["/cells/" + cell["cell"] for cell in cells],
    "/logs/{digest}": ["/logs/" + log for log in logs],
}
asked = 0
for path, operations in description["paths"].items():
    if "get" not in operations:
        continue
    schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    addresses = examples[path] if "{" in path else [path]
    if not addresses and path != "/logs/{digest}":
        problem(path + ": nothing to ask for")
    for one in addresses:
        status, headers, body = get("/api/v1" + one)
        asked += 1
        if status != 200 or headers["Content-Type"] != "application/json" or not headers["ETag"]:
            problem("%s: %d, %s" % (one, status, headers["Content-Type"]))
            continue
        validator = jsonschema.Draft202012Validator(dict(schema, **components))
        for error in validator.iter_errors(json.loads(body)):
            problem("%s: %s: %s" % (one, list(error.absolute_path), error.message[:300]))
    if "{" in path:
        status, _, body = get("/api/v1" + path.replace("{", "no-").replace("}", ""))
        asked += 1
        if status != 404 or "error" not in json.loads(body):
            problem("%s: what is not there is answered by %d" % (path, status))
for path in ["/retry", "/cancel"]:
    if "post" not in description["paths"][path]:
        problem(path + " is not described")
# Feeds and badges are well-formed, and feeds have what Atom demands.
atom = "{http://www.w3.org/2005/Atom}"
feeds = ["/feeds/packages/" + name for name in packages] + ["/feeds/causes/" + cause["id"] for cause in causes]
feeds += ["/feeds" + one for key in ("/targets/{name}", "/maintainers/{id}") for one in examples[key]]
entries = 0
for feed in feeds:
    status, headers, body = get(feed + ".xml")
    asked += 1
    if status != 200 or not headers["Content-Type"].startswith("application/atom+xml"):
        problem("%s: %d" % (feed, status))
        continue
    root = xml.fromstring(body)
    for element in [root] + root.findall(atom + "entry"):
        for name in ("id", "title", "updated"):
            if not element.findtext(atom + name):
                problem("%s: no %s" % (feed, name))
    ids = [entry.findtext(atom + "id") for entry in root.findall(atom + "entry")]
    entries += len(ids)
    if len(set(ids)) != len(ids):
        problem(feed + ": an id twice")
    for link in root.iter(atom + "link"):
        if get(urllib.parse.urljoin(feed + ".xml", link.get("href")))[0] != 200:
            problem("%s: %s leads nowhere" % (feed, link.get("href")))
if causes and entries == 0:
    problem("no feed has an entry")
for badge in ["/badges/packages/" + name for name in packages] + ["/badges" + one for one in examples["/targets/{name}"]]:
    status, headers, body = get(badge + ".svg")
    asked += 1
    if status != 200 or xml.fromstring(body).tag != "{http://www.w3.org/2000/svg}svg":
        problem("%s: %d" % (badge, status))
print("\n%d problems in %d answers" % (problems, asked))
sys.exit(problems > 0)
