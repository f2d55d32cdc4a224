import Core
import Foundation
import Model
import Store
import TestSupport
import Testing

/// Reports in a directory that has an earlier one.
@Suite struct RepeatedReportTests {
    private static let names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]

    private static func package(_ name: String, maintainer: Int) -> [String: String] {
        [
            "\(name).1":
                "depends: \"ocaml\" maintainer: \"someone\(maintainer)@example.org\" tags: \"tag\(maintainer % 2)\""
        ]
    }

    private static func history() throws -> RunHistory {
        let packages = names.reduce(into: [:]) { $0.merge(package($1, maintainer: 0)) { $1 } }
        return try RunHistory(packages, asked: names.joined(separator: ", "))
    }

    /// The files of a report by name.
    private func files(_ directory: String, of history: RunHistory) throws -> [String: Data] {
        let names = try history.directory.files(below: directory)
        return try Dictionary(
            uniqueKeysWithValues: names.map { name in
                (name, try Data(contentsOf: URL(filePath: history.directory("\(directory)/\(name)"))))
            })
    }

    /// A report after other runs equals one that is made from nothing.
    @Test func aReportAfterOthersEqualsOneFromNothing() async throws {
        var random = SeededGenerator(printingSeedOf: "aReportAfterOthersEqualsOneFromNothing")
        let history = try Self.history()
        try history.plan()
        for step in 1...8 {
            if step > 1, Bool.random(using: &random), let name = Self.names.randomElement(using: &random) {
                try history.commit("step \(step)", Self.package(name, maintainer: .random(in: 0..<4, using: &random)))
            }
            // Some packages have no result of a run; a failure has one of three errors, and one of two logs or none.
            var outcomes: [String: Outcome] = [:]
            var errors: [String: Int] = [:]
            for name in Self.names {
                outcomes[name] =
                    [.success, .failure, .failure, .infrastructure, nil].randomElement(using: &random) ?? nil
                errors[name] = .random(in: 0..<3, using: &random)
            }
            let (store, chosen) = (try Store(opening: history.path), errors)
            try await history.run(outcomes) { result in
                guard result.outcome == .failure, let error = chosen[result.cell.package.name] else { return }
                (result.signature, result.reason) = ("Error: no \(error)", "Error: no \(error)")
                if error > 0 { result.log = try? store.logs.put(Array("a line\nError: no \(error)\nthe end\n".utf8)) }
            }
            #expect(try history.ci("report", "--output", "site").status == 0)
            #expect(
                try history.ci(
                    "report", "--output", "new-\(step)", environment: ["CISO_CACHE": history.directory("cache-\(step)")]
                ).status == 0)
            let (site, new) = (try files("site", of: history), try files("new-\(step)", of: history))
            #expect(site.keys.sorted() == new.keys.sorted(), "step \(step)")
            for (name, contents) in site { #expect(new[name] == contents, "step \(step): \(name)") }
        }
    }

    /// A file that somebody changed is made again, even if it has the same size; files of others stay.
    @Test func changedFilesAreMadeAgain() async throws {
        let history = try Self.history()
        try await history.run(["alpha": .success, "beta": .failure])
        #expect(try history.ci("report", "--output", "site").status == 0)
        let made = try files("site", of: history)
        for name in ["packages/alpha.html", "badges/packages/beta.svg", "report.json", "index.html"] {
            try history.directory.write(String(repeating: "x", count: made[name]?.count ?? 0), to: "site/\(name)")
        }
        try FileManager.default.removeItem(atPath: history.directory("site/feeds/packages/beta.xml"))
        try history.directory.write("mine", to: "site/notes.txt")
        let again = try history.ci("report", "--output", "site", "--verbose")
        #expect(again.messages.contains("5 files new, changed or removed"), "\(again.messages)")
        var found = try files("site", of: history)
        #expect(found.removeValue(forKey: "notes.txt") == Data("mine".utf8))
        #expect(found == made)
    }

    /// The page of a cell that no longer fails is removed with its directory; a run leaves pages alone that it does not
    /// concern.
    @Test func aRunChangesOnlyPagesThatItConcerns() async throws {
        let history = try Self.history()
        try await history.run(["alpha": .success, "beta": .failure, "gamma": .failure])
        #expect(try history.ci("report", "--output", "site").status == 0)
        let before = try files("site", of: history)
        #expect(before["cells/debian-12/4.13.1/beta.1.html"] != nil)
        // Without a change of the packages, the cells would be flaky.
        let repaired = #"depends: "ocaml" build: ["true"]"#
        try history.commit("repair them", ["beta.1": repaired, "gamma.1": repaired])
        try await history.run(["beta": .success, "gamma": .success])
        #expect(try history.ci("report", "--output", "site").status == 0)
        let after = try files("site", of: history)
        #expect(before["packages/alpha.html"] == after["packages/alpha.html"])
        #expect(before["feeds/packages/delta.xml"] == after["feeds/packages/delta.xml"])
        #expect(before["packages/beta.html"] != after["packages/beta.html"])
        #expect(before["run.css"] != after["run.css"])
        #expect(!FileManager.default.fileExists(atPath: history.directory("site/cells")))
    }

    /// A comparison of two earlier runs stays as it is, whatever becomes of its cells.
    @Test func comparisonsOfEarlierRunsStay() async throws {
        let history = try Self.history()
        var comparisons: [String] = []
        for (number, outcome) in [Outcome.success, .failure, .success, .failure].enumerated() {
            // Without a change of the package, the cell would be flaky.
            try history.commit("change \(number)", ["beta.1": "depends: \"ocaml\" build: [\"\(number)\"]"])
            try await history.run(["alpha": .success, "beta": outcome]) { result in
                guard result.outcome == .failure else { return }
                (result.signature, result.reason) = ("Error: no N", "Error: no \(number)")
            }
            #expect(try history.ci("report", "--output", "site").status == 0)
            comparisons.append(history.directory.read("site/diff/1/2.html") ?? "")
        }
        // The newest comparison shows the reason and leads to the page of the failing cell.
        #expect(comparisons[1].contains("cells/debian-12/4.13.1/beta.1.html") && comparisons[1].contains("no 1"))
        #expect(comparisons[2].contains("packages/beta.html#debian-12_4.13.1_beta.1"))
        #expect(comparisons[2].contains("no N") && comparisons[2] == comparisons[3])
    }
}
