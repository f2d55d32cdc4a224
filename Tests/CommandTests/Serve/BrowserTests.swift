import Core
import Foundation
import Model
import Store
import TestSupport
import Testing

/// The pages in a real browser: Debian's chromium, driven by `Tests/Python/check-pages.py`.
@Suite(
    .enabled(
        if: WebServer.isBuilt && Program.areInstalled("chromium", "python3"),
        "needs ciso-serve beside ci (scripts/build-server debug), chromium and python3"))
struct BrowserTests {
    /// Text in opam files and in the output of builds that becomes part of a page.
    private static let hostile =
        "<script>globalThis.hostile = 1</script><img src=x onerror='globalThis.hostile = 2'>"
        + "\u{1B}]8;;javascript:globalThis.hostile=3\u{07}click\u{1B}]8;;\u{07}\u{202E}drowssap\u{2066}"
        + "\u{1B}[31mred\u{1B}[0m </pre></script>\"'><a href=javascript:globalThis.hostile=4>x</a> {{{hostile}}}"

    /// The log of a build with a line of ten megabytes.
    private static var log: [UInt8] {
        var encoder = LogEncoder()
        var log = encoder.begin(.build, "build", "make")
        log += encoder.encode(Array("\(hostile)\n".utf8))
        log += encoder.encode([UInt8](repeating: UInt8(ascii: "x"), count: 10 << 20))
        log += encoder.encode(Array("\nError: \(hostile)\n".utf8))
        return log + encoder.end(.build, "build", "exit status 1")
    }

    private func history() async throws -> RunHistory {
        let quoted = Self.hostile.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\u{1B}", with: "").replacing("\u{07}", with: "")
        let people = """
            maintainer: ["Ann <ann@example.org>" "\(quoted)"]
            tags: ["org:mirage" "\(quoted)"]
            bug-reports: "javascript:globalThis.hostile=5"
            """
        let history = try RunHistory(
            [
                "one.1": "depends: \"ocaml\"\n\(people)", "two.1": "depends: \"one\"\n\(people)",
                "good.1": "depends: \"ocaml\"\nmaintainer: \"Bob <bob@example.org>\"", "gone.1": #"depends: "nowhere""#,
            ], asked: "one, two, good, gone")
        try await history.run(["one": .success, "two": .success, "good": .success])
        try history.commit("break", ["one.1": "depends: \"ocaml\"\nbuild: \"false\"\n\(people)"])
        let log = try Store(opening: history.path).logs.put(Self.log)
        try await history.run(["one": .failure, "two": .blocked]) { result in
            switch result.outcome {
            case .failure:
                (result.signature, result.reason) = ("Error: \(Self.hostile)", "Error: \(Self.hostile)")
                result.log = log
            case .blocked: result.blockedBy = PackageVersion(name: "one", version: "1")
            default: break
            }
        }
        return history
    }

    @Test func readersCanDoWhatThePagesOffer() async throws {
        let history = try await history()
        let server = try await WebServer(
            [],
            environment: [
                "CISO_CACHE": history.directory("cache"), "CISO_STORE": history.path, "PATH": "/usr/bin:/bin",
            ],
            in: history.directory.path)
        let axe = PackageDirectory.url.appending(path: ".build/axe-core/axe.min.js").path
        let hasAxe = FileManager.default.fileExists(atPath: axe)
        if !hasAxe { print("SKIPPED: accessibility: there is no axe-core (scripts/install-packages test)") }
        let script = PackageDirectory.url.appending(path: "Tests/Python/check-pages.py").path
        let browser = try Program(
            ["python3", script, server.address] + (hasAxe ? [axe] : []), input: "\n", isJoined: true
        ).start()
        try await waitUntil("the browser follows the server") {
            browser.output.contains("following\n") || !browser.isRunning
        }
        try history.commit("repair", ["one.1": "depends: \"ocaml\"\nbuild: \"true\""])
        try await history.run(["one": .success, "two": .success])
        let ending = try await browser.end()
        #expect(ending.status == 0, "\(ending.output.suffix(6000))")
    }
}
