import Core
import Foundation
import TestSupport
import Testing

/// Sources whose checksum only the plan determines: a directory of the user, whose contents may change.
@Suite struct PlannedSourceTests {
    let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: ["ocaml.5.3.0": "", "a.1": ""])
        try fixture.write("src/a.opam", "opam-version: \"2.0\"\n")
        try fixture.write(
            "matrix.yaml",
            """
            deployment: d
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [5.3.0]
            packages: [a]
            pins: {a: ./src}
            """)
    }

    private func ci(_ words: String...) throws -> Program.Ending {
        let ending = try fixture.run(words + ["--store", "store"], environment: ["PATH": "/usr/bin:/bin"])
        #expect(ending.status == 0, "\(ending.messages)")
        return ending
    }

    /// The objects of the store that the plan refers to, and all.
    private func objects() throws -> (planned: String, all: [String]) {
        let plan = try ci("store", "show", "d", "plan.json").output
        let planned = try #require(plan.firstMatch(of: /sha256=([0-9a-f]{64})/)).1
        let files = FileManager.default.enumerator(atPath: fixture.directory("store/ciso/objects"))
        let names = files?.compactMap { ($0 as? String)?.split(separator: "/").last.map(String.init) } ?? []
        return (String(planned), names.filter { $0.count == 64 })
    }

    @Test func theStoreKeepsThemAsLongAsAPlanRefersToThem() throws {
        _ = try ci("plan", "matrix.yaml")
        let (first, all) = try objects()
        #expect(all == [first])
        let bytes = try Data(
            contentsOf: URL(filePath: fixture.directory("store/ciso/objects/\(first.prefix(2))/\(first)")))
        #expect("\(Digest(of: Array(bytes)))" == first)
        #expect(try ci("store", "gc", "--dry-run", "--grace", "0").output.contains("keeps 0 and 1;"))

        try fixture.write("src/more", "more")
        _ = try ci("plan", "matrix.yaml")
        let (second, both) = try objects()
        #expect(second != first && Set(both) == [first, second], "an earlier plan refers to the first")
        _ = try ci("store", "gc", "--grace", "0")
        #expect(try Set(objects().all) == [first, second], "three versions of a plan are kept")
        _ = try ci("store", "gc", "--versions", "1", "--grace", "0")
        #expect(try objects().all == [second], "jobs of the older plan do not keep their sources")
        #expect(try ci("store", "verify").output.hasSuffix(": 0 findings\n"))
    }
}
