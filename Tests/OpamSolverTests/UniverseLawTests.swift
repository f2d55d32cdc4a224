import OpamFormat
import TestSupport
import Testing

@testable import OpamSolver

/// Properties of every universe, tested on random ones.
@Suite("Laws of universes")
struct UniverseLawTests {
    static let names = ["a", "b", "c", "d", "e"]

    /// The opam files of a small repository; every name has versions 1 to 3 at most.
    static func randomFiles(_ generator: inout SeededGenerator) -> [(String, String)] {
        var files: [(String, String)] = []
        for name in names {
            for version in 1...Int.random(in: 1...3, using: &generator) {
                files.append(("\(name).\(version)", randomFields(&generator)))
            }
        }
        return files
    }

    private static func randomFields(_ generator: inout SeededGenerator) -> String {
        func atom() -> String {
            let name = names.randomElement(using: &generator) ?? "a"
            let relation = ["=", "!=", "<", "<=", ">", ">="].randomElement(using: &generator) ?? "="
            let bound = "\(relation) \"\(Int.random(in: 1...3, using: &generator))\""
            let filters = ["os = \"linux\"", "os = \"win32\"", "with-test", "!with-test", "unknown"]
            let filter = filters.randomElement(using: &generator) ?? ""
            return switch Int.random(in: 0..<5, using: &generator) {
            case 0: "\"\(name)\""
            case 1: "\"\(name)\" {\(filter)}"
            case 2: "\"\(name)\" {\(bound) & \(filter)}"
            case 3: "\"\(name)\" {\(bound) | \(filter)}"
            default: "\"\(name)\" {\(bound)}"
            }
        }
        var fields = ""
        let needs = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
            Int.random(in: 0..<3, using: &generator) == 0 ? "(\(atom()) | \(atom()) & \(atom()))" : atom()
        }
        fields += "depends: [\(needs.joined(separator: " "))]\n"
        if Int.random(in: 0..<4, using: &generator) == 0 { fields += "conflicts: \(atom())\n" }
        if Int.random(in: 0..<6, using: &generator) == 0 { fields += "conflict-class: \"k\"\n" }
        return fields
    }

    /// Whether selected packages together satisfy their files, by the formulas themselves.
    private func isSound(_ selection: [Package], _ files: [(String, String)]) throws -> Bool {
        let environment: Environment = { $0 == Variable("os") ? .string("linux") : nil }
        func holds(_ constraint: PackageConstraint) -> Bool {
            selection.contains { $0.name == constraint.name && constraint.versions.allows($0.version) }
        }
        var classes = 0
        for package in selection {
            let fields = try #require(files.first { $0.0 == package.description }).1
            let file = try OpamFile(parsing: fields, file: package.description)
            let scope = DependencyScope()
            guard file.depends.filtered(in: environment, scope: scope).evaluate(holds) else { return false }
            // To opam, a package does not conflict with itself.
            let conflicts = file.conflicts.filtered(in: environment, scope: scope).atoms
            if conflicts.contains(where: { $0.name != package.name && holds($0) }) { return false }
            classes += file.conflictClasses.count
        }
        return classes <= 1 && Set(selection.map(\.name)).count == selection.count
    }

    @Test func aSelectionSatisfiesEveryFormulaAndWhatIsNotInItDoesNotMatter() throws {
        var solved = 0
        for seed in 0..<400 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let files = Self.randomFiles(&generator)
            let small = try SmallUniverse(files)
            var solver = Solver(small.target())
            for name in Self.names {
                let resolution = solver.solve(Request(name))
                let words = resolution.selection?.map { small.universe.text(of: $0) }
                if let words {
                    solved += 1
                    #expect(try isSound(words.compactMap { Package($0) }, files), "seed \(seed), \(name): \(words)")
                    // Without a version that is not used, the selection is the same.
                    let unused = try #require(files.filter { !words.contains($0.0) }.randomElement(using: &generator))
                    let left = try SmallUniverse(files.filter { $0.0 != unused.0 })
                    #expect(
                        left.selection(Request(name)) == words.joined(separator: " "),
                        "seed \(seed), \(name), without \(unused.0)")
                } else {
                    #expect(solver.explain(Request(name)) != nil, "seed \(seed), \(name)")
                }
                // Names that were not examined may be removed or completely different.
                let examined = Set(resolution.examined.map { small.universe.name($0) })
                let kept = files.filter { file in examined.contains(String(file.0.prefix(1))) }
                let other = try SmallUniverse(kept + [("zz.1", "conflicts: \"a\"")])
                #expect(
                    other.selection(Request(name)) == words?.joined(separator: " "), "seed \(seed), \(name), examined")
            }
        }
        #expect(solved > 400, "the generator should give solutions: \(solved)")
    }

    /// Two roots have the same answer as a package that depends on both; a prefix shared with earlier requests changes
    /// nothing.
    @Test func rootsAreNeeds() throws {
        for seed in 1_000..<1_150 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let files = Self.randomFiles(&generator)
            let pairs = Self.names.flatMap { first in Self.names.filter { $0 != first }.map { (first, $0) } }
            let parents = pairs.map { ("\($0)\($1).1", "depends: [\"\($0)\" \"\($1)\"]") }
            let small = try SmallUniverse(files + parents)
            var solver = Solver(small.target())
            for (first, second) in pairs {
                let roots = solver.solve(Request(first, second)).selection?.map { small.universe.text(of: $0) }
                let parent = solver.solve(Request(first + second)).selection?.map { small.universe.text(of: $0) }
                #expect(
                    roots == parent?.filter { $0 != "\(first)\(second).1" }, "seed \(seed), \(first) and \(second)")
            }
        }
    }

    @Test func answersDoNotDependOnThreadsOrOnWhatWasSolvedBefore() throws {
        var generator = SeededGenerator(seed: 7)
        let target = try SmallUniverse(Self.randomFiles(&generator)).target()
        var requests = Self.names.map { Request($0) }
        for name in Self.names {
            var request = Request(name)
            request.withTest = [PackageName(unchecked: name)]
            request.preference = .oldest
            requests.append(request)
        }
        requests += requests.reversed()
        let expected = requests.map { request in
            var solver = Solver(target)
            return solver.solve(request)
        }
        for threads in [1, 2, 7, 100] {
            #expect(target.solve(requests, threads: threads) == expected, "\(threads) threads")
        }
    }

    @Test func aUniverseReadsBackAndHalfAOneDoesNot() throws {
        var generator = SeededGenerator(seed: 3)
        let universe = try SmallUniverse(Self.randomFiles(&generator)).universe
        let bytes = universe.encoded()
        #expect(bytes.withUnsafeBytes { Universe(decoding: $0) } == universe)
        for count in 0..<bytes.count {
            #expect(bytes[..<count].withUnsafeBytes { Universe(decoding: $0) } == nil, "\(count) bytes")
        }
        #expect((bytes + [0]).withUnsafeBytes { Universe(decoding: $0) } == nil)
    }
}
