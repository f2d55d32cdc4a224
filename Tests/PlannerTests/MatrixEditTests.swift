import Core
import Foundation
import Git
import Matrix
import Model
import OpamRepository
import TestSupport
import Testing

@testable import PlanSession
@testable import Planner

/// After an edit of the matrix, only the cells that the edit can reach are computed, and the plan equals a full plan.
@Suite struct MatrixEditTests {
    /// Parts of a matrix, each in several forms.
    private static let targets = [
        "[debian-12]", "[debian-12, debian-11]", "[debian-11, {name: debian-12, required: false}]",
    ]
    private static let compilers = [
        "[5.3.0]", "[4.14.2, 5.3.0]", "[{version: 5.3.0, name: five}, 5.3.0]",
        "[5.3.0, {version: 4.14.2, targets: debian-12}]",
    ]
    private static let packages = [
        "all", "[\"*\", {except: fmt}]", "[{set: some}, zarith]", "[{name: cmdliner, versions: all}, \"a*\"]",
        "[{reverse-dependencies: cmdliner}]",
    ]
    private static let rules: [String: [String]] = [
        "description": ["one", "another"], "with-test": ["true", "[astring]", "[logs, \"a*\"]"],
        "with-doc": ["true", "[astring]"], "lower-bounds": ["true", "[alcotest]"],
        "pins": [
            "{cmdliner: 1.0.0}", "{cmdliner: 1.3.0}", "{fmt: 0.9.0}", "{fmt: 0.9.0, cmdliner: 1.0.0}",
            "{ocaml-config: 3}",
        ],
        "limits": ["{time: 1h}", "{packages: {fmt: {time: 1h}}}", "{targets: {debian-11: {memory: 1GiB}}}"],
        "exclude": [
            "[{cells: \"*/*/zarith\", reason: one}]", "[{cells: \"*/*/zarith\", reason: another}]",
            "[{cells: \"debian-12/*/*\", reason: all}]",
        ],
        "include": ["[{cells: \"debian-12/5.3.0/cmdliner.1.0.0\", reason: old}]"],
        "accept-failures": [
            "[{cells: \"*/*/o*\", reason: old}]",
            "[{cells: \"*/*/o*\", reason: very old}, {cells: \"*/*/*\", reason: rest}]",
            "[{cells: \"*/*/fmt.0.9.0\", reason: x, expires: 2026-11-21}]",
        ],
        "schedule": [
            "[{cells: \"*/*/fmt\", priority: 1}]",
            "[{cells: \"*/*/*\", priority: 2}, {cells: \"*/*/fmt\", priority: 1}]",
            "[{cells: \"*/*/fmt\", priority: 1}, {cells: \"*/*/*\", priority: 2}]",
        ],
        "allow-overwrites": ["{fmt: [lib/x]}", "{\"*\": [lib/x]}"],
        "sets": ["{some: [fmt, logs]}", "{some: [fmt]}"],
    ]

    private static func matrix(_ parts: [String: String]) -> SmallPlan {
        var small = SmallPlan()
        small.targets = parts["targets"] ?? targets[0]
        small.compilers = parts["compilers"] ?? compilers[0]
        var lines = ["# \(parts["comment"] ?? "")", "packages: \(parts["packages"] ?? "all")"]
        for key in rules.keys.sorted() {
            if let value = parts[key] ?? (key == "sets" ? rules[key]?[0] : nil) { lines.append("\(key): \(value)") }
        }
        small.rest = lines.joined(separator: "\n")
        return small
    }

    @Test func editsByChance() async throws {
        var random = SeededGenerator()
        let planned = try PlannedStore()
        var parts: [String: String] = [:]
        var files = SmallRepository.usual
        var today = "2026-11-20"
        for round in 0..<(LongForm.isWanted ? 600 : 60) {
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                switch Int.random(in: 0..<8, using: &random) {
                case 0: parts["targets"] = Self.targets.randomElement(using: &random)
                case 1: parts["compilers"] = Self.compilers.randomElement(using: &random)
                case 2: parts["packages"] = Self.packages.randomElement(using: &random)
                case 3: parts["comment"] = "\(round)"
                case 4:
                    let change = IncrementalPlanTests.changes.randomElement(using: &random) ?? ("fmt.0.9.0", nil)
                    files[change.package] =
                        Bool.random(using: &random) ? change.opam : SmallRepository.usual[change.package]
                case 5: today = today == "2026-11-20" ? "2026-11-25" : "2026-11-20"
                default:
                    let key = Self.rules.keys.sorted().randomElement(using: &random) ?? "limits"
                    parts[key] = Bool.random(using: &random) ? Self.rules[key]?.randomElement(using: &random) : nil
                }
            }
            var small = Self.matrix(parts)
            small.opamFiles = files
            small.today = today
            let label = "round \(round) of seed \(random.seed): \(parts)"
            guard let inputs = try? small.inputs(), (try? await planned.plan(inputs)) != nil else {
                await #expect(throws: Failure.self, "\(label)") { try await small.planning() }
                continue
            }
            #expect(try await planned.isPlanned(inputs), "\(label)")
        }
    }

    @Test func onlyWhatAnEditCanReachIsMade() async throws {
        let planned = try PlannedStore()
        func made(_ parts: [String: String]) async throws -> Int {
            let inputs = try Self.matrix(parts).inputs()
            let made = try await planned.plan(inputs).solvedCells
            #expect(try await planned.isPlanned(inputs), "\(parts)")
            return made
        }
        let all = try await made([:])
        #expect(try await made(["comment": "new"]) == 0)
        #expect(try await made(["description": "new"]) == 0)
        #expect(try await made(["pins": "{fmt: 0.9.0}"]) == 3, "fmt, and logs and clash, which may use it")
        #expect(try await made(["pins": "{cmdliner: 1.0.0}"]) < all, "fmt's again, and cmdliner's")
        _ = try await made([:])
        #expect(try await made(["schedule": Self.rules["schedule"]![1]]) == 0)
        #expect(try await made(["accept-failures": Self.rules["accept-failures"]![1]]) == 0)
        #expect(try await made(["exclude": Self.rules["exclude"]![0]]) == 1, "zarith")
        #expect(try await made(["exclude": Self.rules["exclude"]![1]]) == 1, "zarith, for another reason")
        #expect(try await made(["packages": Self.packages[1]]) == 1, "zarith again, and fmt is gone")
        #expect(try await made([:]) == 1, "fmt")
        #expect(try await made(["with-test": "[astring]"]) == 1)
        #expect(try await made(["compilers": Self.compilers[1]]) == all + 1, "the other column, and astring")
        #expect(try await made([:]) == 0, "a column is gone")
        #expect(try await made(["compilers": Self.compilers[2]]) == all, "a column before the other")
        #expect(try await made(["limits": "{time: 1h}"]) == all, "they are a part of every job")
    }

    /// Consecutive commits of opam-repository, each named by the matrix.
    @Test(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
    func editsOfTheCommitPlanTheSame() async throws {
        let planned = try PlannedStore()
        try Program(["tar", "-xf", SharedRepository.archive.path, "-C", planned.path]).output()
        let repository = "\(planned.path)/opam-repository.git"
        var made: [Int] = []
        for age in [3, 2, 1] {
            let commit = try #require(try Repository("\(repository)@HEAD~\(age)").commit?.hex)
            var small = SmallPlan()
            small.rest = "# at \(commit)\npackages: [\"current*\", functory, lwt]\nwith-test: [lwt]"
            var warnings: [Diagnostic] = []
            var inputs = try small.inputs()
            inputs.sources = [
                [0]: try RepositorySource(
                    RepositorySet([Repository("\(repository)@\(commit)")]),
                    repositories: [Plan.Repository(location: "opam-repository", commit: commit)],
                    cache: UniverseDirectory("\(planned.path)/universes"), warnings: &warnings)
            ]
            made.append(try await planned.plan(inputs).solvedCells)
            #expect(try await planned.isPlanned(inputs), "at \(commit)")
        }
        #expect(made.dropFirst().allSatisfy { $0 < made[0] })
    }
}
