import Core
import Foundation
import Model
import TestSupport
import Testing

/// The numbers of pages and commands, compared by `Tests/Python/check-numbers.py`.
@Suite(.enabled(if: Program.areInstalled("python3"), "needs python3"))
struct NumbersTests {
    private static func package(_ maintainers: String, _ depends: String, build: Int = 0) -> String {
        "depends: \(depends) maintainer: [\(maintainers)] build: [\"\(build)\"]"
    }

    /// Cells in most states; a package with a former maintainer, and two maintainers with one address.
    @Test func pagesAndCommandsAgree() async throws {
        let (ann, again, bob) = ("\"Ann <ann@example.org>\"", "\"A. <ann@example.org>\"", "\"Bob\"")
        let history = try RunHistory(
            [
                "bad.1": Self.package(ann, "\"ocaml\""), "good.1": Self.package(bob, "\"ocaml\""),
                "top.1": Self.package("\(again) \(bob)", "\"bad\""), "gone.1": Self.package(ann, "\"nowhere\""),
                "old.1": Self.package(ann, "\"ocaml\""), "old.2": Self.package(bob, "\"ocaml\""),
                "unstable.1": Self.package(bob, "\"ocaml\""), "disk.1": Self.package(bob, "\"ocaml\""),
            ], asked: "bad, good, top, gone, old, unstable, disk")
        let outcomes: [[String: Outcome]] = [
            ["bad": .success, "good": .failure, "top": .success, "old": .success, "unstable": .success],
            ["bad": .failure, "good": .failure, "top": .blocked, "unstable": .failure, "disk": .infrastructure],
            ["bad": .failure, "good": .success, "top": .blocked, "old": .failure, "unstable": .success],
        ]
        for (number, outcomes) in outcomes.enumerated() {
            try history.commit(
                "change \(number)",
                [
                    "bad.1": Self.package(ann, "\"ocaml\"", build: number),
                    "good.1": Self.package(bob, "\"ocaml\"", build: number),
                ])
            try await history.run(outcomes) { result in
                if result.outcome == .blocked { result.blockedBy = PackageVersion(name: "bad", version: "1") }
            }
            #expect(try history.ci("report", "--output", "site").status == 0)
            let check = try Program(
                [
                    "python3", PackageDirectory.url.appending(path: "Tests/Python/check-numbers.py").path,
                    BuiltProgram.path(of: "ci"), history.directory("site"),
                ],
                environment: [
                    "CISO_CACHE": history.directory("cache"), "CISO_STORE": history.path, "PATH": "/usr/bin:/bin",
                ]
            ).run()
            #expect(check.status == 0, "after run \(number + 1): \(check.output)\(check.messages)")
        }
    }
}
