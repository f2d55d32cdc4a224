import Core
import Foundation
import Glibc
import Model
import Records
import Store
import TestSupport
import Testing

/// The pages of a deployment from a server, requested by curl.
@Suite(.enabled(if: WebServer.isBuilt, "needs ciso-serve beside ci (scripts/build-server debug) and curl"))
struct ServeTests {
    private func server(_ fixture: RecordedStore, _ words: String...) async throws -> WebServer {
        try await WebServer(
            words,
            environment: [
                "CISO_CACHE": fixture.directory("cache"), "CISO_STORE": fixture.path, "PATH": "/usr/bin:/bin",
            ],
            in: fixture.directory.path)
    }

    private func server(_ history: RunHistory) async throws -> WebServer {
        try await WebServer(
            [],
            environment: [
                "CISO_CACHE": history.directory("cache"), "CISO_STORE": history.path, "PATH": "/usr/bin:/bin",
            ],
            in: history.directory.path)
    }

    /// Every page of the report is served, the same but for what follows new results.
    @Test func thePagesAreThoseOfTheReport() async throws {
        let fixture = try await RecordedStore.shared()
        #expect(try fixture.run("report", "--output", "served").status == 0)
        let server = try await server(fixture)
        let live =
            /<script src="[^"]*live\.js[^"]*"[^>]*><\/script>\n|<span id="live"[^>]*><\/span>\n|<a href="[^"]*queue\.html">Queue<\/a>\n| data-live="replace"/
        for file in try fixture.directory.files(below: "served") where !["report.json", "junit.xml"].contains(file) {
            let written = fixture.directory.read("served/\(file)") ?? ""
            let answer = try server.request(
                "/" + (file.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? ""))
            #expect(answer.status == 200, "\(file)")
            guard file != "grid.js", !file.hasSuffix(".txt") else { continue }
            let text = answer.body.replacing(live, with: "")
            #expect(text.filter { !$0.isWhitespace } == written.filter { !$0.isWhitespace }, "\(file)")
        }
        #expect(try server.request("/").body == server.request("/index.html").body)
        #expect(try server.request("/queue.html").status == 200)
    }

    @Test func anUnchangedPageIsNotSentAgain() async throws {
        let server = try await server(RecordedStore.shared())
        let page = try server.request("/index.html")
        let tag = try #require(page.headers["etag"])
        let again = try server.request("/index.html", "-H", "If-None-Match: \"other\", \(tag)")
        #expect(again.status == 304 && again.body.isEmpty)
        #expect(try server.request("/index.html", "-H", "If-None-Match: \"other\"").status == 200)
        let packed = try server.request("/index.html", "--compressed")
        #expect(packed.headers["content-encoding"] == "gzip" && packed.body == page.body)
        #expect(packed.headers["vary"] == "Accept-Encoding" && packed.headers["etag"] == tag)
        let head = try server.request("/index.html", "--head")
        #expect(head.status == 200 && head.headers["content-length"] == "\(page.body.utf8.count)")
    }

    /// A weight of zero, however it is written, forbids a coding.
    @Test(arguments: [
        ("gzip", true), ("br, GZIP;q=0.5", true), ("gzip; q=1.000", true), ("gzip;q=0", false), ("gzip;q=0.000", false),
        ("gzip ; q=0.00 , identity", false), ("gzip;q=none", false), ("gzipped", false), ("", false),
    ])
    func pagesAreCompressedForClientsThatAcceptIt(_ accepted: String, _ isCompressed: Bool) async throws {
        let server = try await server(RecordedStore.shared())
        let page = try server.request("/index.html", "-H", "Accept-Encoding: \(accepted)", "--head")
        #expect(page.status == 200 && (page.headers["content-encoding"] == "gzip") == isCompressed)
    }

    /// The server keeps the deployment that it began with, which was the only one then.
    @Test func aDeploymentPlannedLaterChangesNothing() async throws {
        let history = try RunHistory(["one.1": #"depends: "ocaml""#], asked: "one")
        try await history.run(["one": .success])
        let server = try await server(history)
        let matrix = history.directory.read("matrix.yaml") ?? ""
        try history.directory.write(matrix.replacing("deployment: small", with: "deployment: other"), to: "other.yaml")
        #expect(try history.ci("plan", "other.yaml", "-q").status == 0)
        try history.commit("changed", ["one.1": "depends: \"ocaml\"\nbuild: \"false\""])
        try await history.run(["one": .failure])
        try await waitUntil("the pages follow") {
            try server.request("/packages/one.html").body.contains("failure in build")
        }
        let refused = try history.ci("serve", "--listen", "127.0.0.1:0")
        #expect(refused.status == 2)
        #expect(refused.messages.contains("other, small") && refused.messages.contains("--deployment"))
    }

    @Test func everyAnswerForbidsWhatPagesDoNotNeed() async throws {
        let server = try await server(RecordedStore.shared())
        for path in ["/", "/grid.html", "/nothing.html", "/api/v1/start", "/metrics", "/badges/targets/debian-12.svg"] {
            let headers = try server.request(path).headers
            #expect(headers["content-security-policy"]?.hasPrefix("default-src 'none'; ") == true, "\(path)")
            #expect(headers["content-security-policy"]?.contains("unsafe") == false, "\(path)")
            #expect(headers["x-content-type-options"] == "nosniff", "\(path)")
        }
    }

    @Test func unknownPagesAndUnsafePathsAreRejected() async throws {
        let server = try await server(RecordedStore.shared())
        for path in [
            "/nothing.html", "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/packages/..%2f..%2fciso%2ftokens.json",
            "/cells/debian-12/4.13.1/..html", "/logs/0.txt", "/diff/1/2.html", "/api/v1/nothing",
            "/api/v1/packages/%00",
            "/feeds/packages/none.xml", "/style.css/", "//index.html", "/packages//one.html",
        ] {
            #expect(try server.request(path, "--path-as-is").status == 404, "\(path)")
        }
        for path in ["/%ff", "/%", "/%zz"] { #expect(try server.request(path).status == 400, "\(path)") }
        #expect(try server.request("/" + String(repeating: "a", count: 2000)).status == 414)
        #expect(try server.request("/", "-X", "DELETE").status == 405)
        #expect(try server.request("/", "-X", "POST").status == 404)
        // The server continues after oversized heads.
        _ = try? server.request("/", "-H", "X-Large: " + String(repeating: "a", count: 60_000))
        #expect(try server.request("/healthz").body == "ok\n")
    }

    /// - Parameter limits: the soft and the hard limit, separated by a colon.
    private func server(openFiles limits: String) async throws -> WebServer {
        let fixture = try await RecordedStore.shared()
        return try await WebServer(
            [], by: ["prlimit", "--nofile=\(limits)"],
            environment: [
                "CISO_CACHE": fixture.directory("cache"), "CISO_STORE": fixture.path, "PATH": "/usr/bin:/bin",
            ],
            in: fixture.directory.path)
    }

    /// The default limit on open files is lower than that on connections.
    @Test(.enabled(if: Program.areInstalled("prlimit"), "needs prlimit"))
    func theLimitOnOpenFilesIsRaised() async throws {
        let server = try await server(openFiles: "256:10000")
        let limits = try String(contentsOfFile: "/proc/\(server.identifier)/limits", encoding: .utf8)
        let words = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }?.split(separator: " ")
        #expect(words?.dropFirst(3).prefix(2) == ["8192", "10000"], "\(limits)")
    }

    /// Where few files may be open, there are fewer connections, and streams leave half of them to other requests.
    @Test(.enabled(if: Program.areInstalled("prlimit", "python3"), "needs prlimit and python3"))
    func connectionsAreLimitedByOpenFiles() async throws {
        let server = try await server(openFiles: "320:320")
        let script = """
            import socket, sys
            def connect(request):
                client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                client.sendall(request.encode() + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
                return client
            streams = []
            while True:
                stream = connect("GET /events")
                if b" 200 " not in stream.recv(4096).split(b"\\r\\n")[0]:
                    break
                streams.append(stream)
            page = connect("GET /healthz").recv(4096)
            print(len(streams), b" 200 " in page.split(b"\\r\\n")[0])
            """
        let port = server.address.split(separator: ":").last.map(String.init) ?? ""
        let found = try Program(["python3", "-c", script, port]).output()
        #expect(found == "32 True\n")
    }

    /// Sends bytes and returns all that the server sends until it closes the connection.
    private func exchange(_ requests: String, with server: WebServer) throws -> String {
        let port = server.address.split(separator: ":").last ?? ""
        let script = "exec 3<>/dev/tcp/127.0.0.1/\(port) && printf \"$1\" >&3 && exec cat <&3"
        return try Program(["/bin/bash", "-c", script, "bash", requests]).run().output
    }

    /// Clients of HTTP 1.0 read until the connection ends, unless they asked to keep it and the response agrees.
    @Test func connectionsEndAsTheClientsVersionRequires() async throws {
        let server = try await server(RecordedStore.shared())
        let once = try exchange("GET /healthz HTTP/1.0\\r\\n\\r\\n", with: server)
        #expect(once.hasPrefix("HTTP/1.0 200 ") && once.lowercased().contains("connection: close"), "\(once)")
        let kept = "GET /healthz HTTP/1.0\\r\\nConnection: Keep-Alive\\r\\n\\r\\n"
        let twice = try exchange("\(kept)GET /metrics HTTP/1.0\\r\\n\\r\\n", with: server)
        let parts = twice.components(separatedBy: "HTTP/1.0 200 ")
        #expect(parts.count == 3 && parts[1].lowercased().contains("connection: keep-alive"), "\(twice)")
        #expect(parts.last?.lowercased().contains("connection: close") == true, "\(twice)")
        for word in ["close", "Close", "TE, close"] {
            let answer = try exchange(
                "GET /healthz HTTP/1.1\\r\\nHost: x\\r\\nConnection: \(word)\\r\\n\\r\\n", with: server)
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.lowercased().contains("connection: close"), "\(word)")
        }
        // A stream of events has no length, so that its end is that of the connection, and no chunks.
        let stream = try Program(["curl", "-sS", "-N", "-i", "--raw", "--http1.0", server.address + "/events"]).start()
        defer { stream.kill(SIGKILL) }
        try await waitUntil("the stream begins") { stream.output.contains("\n\n") && stream.output.contains("data: ") }
        #expect(stream.output.lowercased().contains("connection: close"), "\(stream.output)")
        #expect(!stream.output.lowercased().contains("chunked"), "\(stream.output)")
    }

    /// A client that sends a request slowly, or does not read its responses, does not keep its connection.
    @Test(.enabled(if: Program.areInstalled("python3"), "needs python3")) func idleClientsAreDisconnected() async throws
    {
        let server = try await server(RecordedStore.shared())
        let port = server.address.split(separator: ":").last.map(String.init) ?? ""
        let script = PackageDirectory.url.appending(path: "Tests/Python/idle-clients.py").path
        let ending = try Program(["/usr/bin/python3", script, port], isJoined: true).run()
        #expect(ending.status == 0, "\(ending.output)")
        #expect(try server.request("/healthz").body == "ok\n")
    }

    /// Browsers compare the generation when they reconnect: after a restart it is another one.
    @Test func aRestartedServerHasAnotherGeneration() async throws {
        let fixture = try await RecordedStore.shared()
        func generation() async throws -> Substring {
            let server = try await server(fixture)
            let stream = try Program(["curl", "-sS", "-N", server.address + "/events"]).start()
            defer { stream.kill(SIGKILL) }
            try await waitUntil("the stream begins") { stream.output.contains("}\n") }
            return try #require(stream.output.firstMatch(of: /"generation":(\d+)/)).1
        }
        let first = try await generation()
        #expect(try await generation() != first)
    }

    @Test func metricsAndAccessLogCountRequests() async throws {
        let server = try await server(RecordedStore.shared())
        _ = try server.request("/no-such%22page.html", "-A", "a \"client\" \\ é", "-e", "http://from/")
        _ = try server.request("/index.html", "-H", "X-Forwarded-For: 10.0.0.1, 192.0.2.7")
        let metrics = try server.request("/metrics")
        #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(metrics.body.contains("ciso_http_requests_total{code=\"404\"} 1\n"))
        #expect(metrics.body.contains("ciso_cells{state=\"failure\"} 2\n"))
        try await waitUntil("the log is written") { server.accessLog.contains("GET /index.html") }
        let lines = server.accessLog.split(separator: "\n").map(String.init)
        let form =
            /[0-9.]+ - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "[A-Z]+ [!-~]+ HTTP\/1\.1" \d{3} \d+ "[ -~]*" "[ -~]*"/
        for line in lines { #expect(line.wholeMatch(of: form) != nil, "\(line)") }
        #expect(lines[0].contains("GET /no-such%22page.html HTTP/1.1\" 404 "), "\(lines[0])")
        #expect(lines[0].hasSuffix(" \"http://from/\" \"a \\x22client\\x22 \\x5C \\xC3\\xA9\""), "\(lines[0])")
        #expect(lines.contains { $0.hasPrefix("192.0.2.7 - ") })
    }

    @Test func newResultsReachReadersAndPages() async throws {
        let history = try RunHistory(["one.1": #"depends: "ocaml""#], asked: "one")
        try await history.run(["one": .success])
        let server = try await server(history)
        #expect(try server.request("/packages/one.html").body.contains("success"))
        let stream = try Program(["curl", "-sS", "-N", "--max-time", "1800", server.address + "/events"]).start()
        defer { stream.kill(SIGKILL) }
        try await waitUntil("the stream begins") { stream.output.contains("event: hello\n") }
        // Another execution: the plan alone would not change the result.
        try history.commit("changed", ["one.1": "depends: \"ocaml\"\nbuild: \"false\""])
        try await history.run(["one": .failure])
        try await waitUntil("the result is announced") {
            stream.output.contains("\"cell\":\"debian-12/4.13.1/one.1\"") && stream.output.contains("failure in build")
        }
        try await waitUntil("the pages follow") {
            let page = try server.request("/packages/one.html").body
            return page.contains("failure in build")
        }
        try await waitUntil("readers learn of it") { stream.output.contains("event: pages\n") }
        #expect(try server.request("/diff/1/2.html").body.contains("success → failure"))
        let ending = try await server.stop()
        #expect(ending.status == 0)
        #expect(ending.messages.split(separator: "\n").count == 1, "\(ending.messages)")
        #expect(try await stream.end().status == 0, "the stream ends with the server")
    }

    @Test func onlyATokenAllowsChanges() async throws {
        let fixture = try await RecordedStore()
        let secret = try fixture.run("token", "new", "alice", "--allow", "retry").output.trimmingCharacters(
            in: .newlines)
        #expect(secret.count == 64)
        let server = try await server(fixture)
        let body = #"{"selectors": ["debian-12/4.13.1/bad.1"]}"#
        func post(_ path: String, _ body: String, _ token: String?) throws -> WebServer.Answer {
            let header = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? ["-H", "X: y"]
            return try server.request(path, header[0], header[1], "-d", body)
        }
        #expect(try post("/api/v1/retry", body, nil).status == 401)
        #expect(try post("/api/v1/retry", body, String(secret.reversed())).status == 401)
        #expect(try post("/api/v1/cancel", body, secret).status == 403)
        #expect(try post("/api/v1/retry", "{}", secret).status == 400)
        #expect(try post("/api/v1/retry", #"{"selectors": ["no-such/thing/here"]}"#, secret).status == 400)
        #expect(try post("/api/v1/retry", String(repeating: "x", count: 100_000), secret).status == 413)
        #expect(try !fixture.run("status").output.contains("retry pending"))
        let answer = try post("/api/v1/retry", body, secret)
        #expect(answer.status == 200 && answer.body.contains("debian-12/4.13.1/bad.1"), "\(answer.body)")
        #expect(try fixture.run("status").output.contains("retry pending"))
        try await waitUntil("the page shows it") {
            let page = try server.request("/packages/bad.html").body
            return page.contains("retry pending")
        }
        try await waitUntil("the log names who did it") { server.accessLog.contains(" - alice [") }
        // The secret is nowhere in the store, and the file is its owner's alone.
        let found = try Program(["grep", "-rlF", secret, fixture.path]).run()
        #expect(found.output.isEmpty)
        let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path + "/ciso/tokens.json")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try fixture.run("token", "list").output.hasPrefix("alice\tretry\t"))
        #expect(try fixture.run("token", "remove", "alice").status == 0)
        #expect(try post("/api/v1/retry", body, secret).status == 401)
        #expect(try fixture.run("token", "remove", "alice").status == 2)
    }

    /// The server's answers conform to its description.
    @Test(.enabled(if: Program.areInstalled("python3"), "needs python3-jsonschema"))
    func documentsFitTheirDescription() async throws {
        let history = try RunHistory(
            [
                "one.1": "depends: \"ocaml\"\nmaintainer: \"Ann <ann@example.org>\"\ntags: [\"org:mirage\"]",
                "two.1": #"depends: "one""#, "gone.1": #"depends: "nowhere""#,
            ], asked: "one, two, gone")
        try await history.run(["one": .success, "two": .success])
        try history.commit(
            "changed", ["one.1": "depends: \"ocaml\"\nbuild: \"false\"\nmaintainer: \"Ann <ann@example.org>\""])
        try await history.run(["one": .failure, "two": .blocked]) { result in
            if result.outcome == .blocked { result.blockedBy = PackageVersion(name: "one", version: "1") }
        }
        let server = try await server(history)
        let script = PackageDirectory.url.appending(path: "Tests/Python/check-interface.py").path
        let ending = try Program(["/usr/bin/python3", script, server.address], isJoined: true).run()
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.contains("\n0 problems in "), "\(ending.output)")
    }

    /// With an etcd, the running jobs and their workers are shown, as in `ci status`.
    @Test(.enabled(if: EtcdCluster.isInstalled, "needs etcd")) func theQueueIsThatOfTheEtcd() async throws {
        let etcd = try await EtcdCluster()
        let history = try RunHistory(["one.1": "depends: \"ocaml\""], asked: "one")
        try await history.run(["one": .success])
        let plain = [
            "CISO_CACHE": history.directory("cache"), "CISO_STORE": history.path,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        let coordinated = plain.merging(["CISO_COORDINATION": etcd.endpoints.joined(separator: ",")]) { $1 }
        let worker = try Program(
            [BuiltProgram.path(of: "ci"), "worker", "--jobs", "3", "--labels", "big tape", "--store", history.path],
            in: history.directory.path, environment: coordinated
        ).start()
        defer { worker.kill(SIGKILL) }
        let server = try await WebServer([], environment: coordinated, in: history.directory.path)
        try await waitUntil("the page has the worker") {
            try server.request("/queue.html").body.contains("<td>0 of 3</td>")
        }
        #expect(try server.request("/queue.html").body.contains("<td>big tape</td>"))
        #expect(try server.request("/api/v1/queue").body.contains("\"slots\" : 3"))
        let apart = try await WebServer([], environment: plain, in: history.directory.path)
        #expect(try apart.request("/queue.html").body.contains("No worker is registered."))
    }

    @Test func startupErrorsOfTheServerAreReported() async throws {
        let fixture = try await RecordedStore.shared()
        #expect(try fixture.run("serve", "--deployment", "none").status == 2)
        #expect(try fixture.run("serve", "--listen", "nowhere").status == 64)
        #expect(try fixture.run("serve", "--store", "none").status == 2)
        let first = try await server(fixture)
        let port = first.address.split(separator: ":").last.map(String.init) ?? ""
        let second = try fixture.run("serve", "--listen", "127.0.0.1:\(port)")
        #expect(second.status == 3 && second.messages.contains("cannot listen on 127.0.0.1:\(port)"), "\(second)")
    }
}
