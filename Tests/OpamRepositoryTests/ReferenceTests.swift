import Core
import Foundation
import OpamFormat
import TestSupport
import Testing

@testable import OpamRepository
@testable import OpamSolver

/// The answers of the reference solver, byte for byte. `CISO_TEST_FULL=1` compares every line.
@Suite(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
struct ReferenceTests {

    /// The whole repository, read once for all tests.
    private static let universe = Result {
        let fixture = try RepositoryFixture()
        try fixture.run("/usr/bin/env", ["tar", "-xf", SharedRepository.archive.path])
        var diagnostics: [Diagnostic] = []
        return try RepositorySet([fixture.path("opam-repository.git")])
            .universe(cache: nil, threads: 2, &diagnostics)
    }

    private func target(_ name: String, _ compiler: String = "5.3.0") throws -> TargetUniverse {
        var variables = try #require(TargetVariables(target: name))
        variables.set(compiler: try #require(Compiler(compiler)))
        return TargetUniverse(try Self.universe.get(), variables: variables.values)
    }

    private func lines(_ target: TargetUniverse, _ packages: [Universe.PackageID]) throws -> [String] {
        let compiler = try #require(Compiler("5.3.0"))
        let requests = try packages.map { package in
            Request(try #require(Package(target.universe.text(of: package))), compiler: compiler.root)
        }
        return zip(packages, target.solve(requests, threads: 2)).map { package, resolution in
            let selection = resolution.selection.map { $0.map { target.universe.text(of: $0) } }
            return target.universe.text(of: package)
                + (selection.map { ",SAT,\"\($0.joined(separator: " "))\"" } ?? ",UNSAT,")
        }
    }

    private func reference(_ file: String) throws -> [String] {
        let directory = SharedRepository.archive.deletingLastPathComponent()
        let text = try String(contentsOf: directory.appending(path: "reference-solutions/\(file)"), encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    private func every(_ step: Int, of count: Int, from first: Int = 0) -> [Int] {
        Array(stride(from: first, to: count, by: step))
    }

    @Test func debian12() throws {
        let expected = try reference("debian-12-5.3.0.csv")
        let target = try target("debian-12")
        let packages = target.newestAvailable
        #expect(packages.count == expected.count)
        let chosen = every(LongForm.isWanted ? 1 : 12, of: packages.count)
        #expect(try lines(target, chosen.map { packages[$0] }) == chosen.map { expected[$0] })
    }

    @Test func freebsd14() throws {
        let expected = try reference("freebsd-14-5.3.0-every-5th.csv")
        let target = try target("freebsd-14")
        let packages = every(5, of: target.newestAvailable.count, from: 4).map { target.newestAvailable[$0] }
        #expect(packages.count == expected.count)
        let chosen = every(LongForm.isWanted ? 1 : 4, of: packages.count)
        #expect(try lines(target, chosen.map { packages[$0] }) == chosen.map { expected[$0] })
    }

    /// Requests answered from a compiler that was decided once have the same answers as those searched whole.
    @Test func residualProblemsHaveTheAnswersOfWholeOnes() throws {
        for (name, compiler) in [
            ("debian-12", "5.3.0"), ("freebsd-14", "5.3.0"), ("archlinux", "4.14.2"), ("debian-12", "4.14.2"),
        ] {
            let target = try target(name, compiler)
            let root = try #require(Compiler(compiler)).root
            let requests = try every(LongForm.isWanted ? 1 : 40, of: target.newestAvailable.count).map { index in
                Request(
                    try #require(Package(target.universe.text(of: target.newestAvailable[index]))), compiler: root)
            }
            let resolutions = target.solve(requests, threads: 2)
            var alone = Solver(target)
            for (request, resolution) in zip(requests, resolutions) {
                #expect(
                    resolution.status == alone.solveWhole(request, nil, spent: 0).status,
                    "\(name), \(compiler): \(request.roots)")
            }
        }
    }

    /// Every unsolvable request of the slice has an explanation of at most a screen.
    @Test func explanationsAreShort() throws {
        let target = try target("debian-12")
        let compiler = try #require(Compiler("5.3.0"))
        var solver = Solver(target)
        for index in every(LongForm.isWanted ? 1 : 40, of: target.newestAvailable.count) {
            let package = try #require(Package(target.universe.text(of: target.newestAvailable[index])))
            let request = Request(package, compiler: compiler.root)
            let isSolvable = solver.solve(request).selection != nil
            let facts = solver.explain(request)?.facts
            #expect((facts == nil) == isSolvable, "\(package)")
            #expect((1...24).contains(facts?.count ?? 1), "\(package): \(facts?.count ?? 0) facts")
        }
    }

    /// The compiled dependencies of a version equal those in its file, read by `OpamFormat` alone.
    @Test func compiledFormulasAreThoseOfTheFiles() throws {
        let fixture = try RepositoryFixture()
        try fixture.run("/usr/bin/env", ["tar", "-xf", SharedRepository.archive.path])
        let reader = try RepositorySet([fixture.path("opam-repository.git")]).reader()
        let target = try target("openbsd-7.7")
        var diagnostics: [Diagnostic] = []
        for (index, name) in try reader.names(&diagnostics).enumerated() where index % (LongForm.isWanted ? 1 : 30) == 0
        {
            for entry in try reader.versions(of: name, &diagnostics) {
                try check(entry.package, try reader.opamFile(of: entry), target)
            }
        }
    }

    private func check(_ package: Package, _ file: OpamFile, _ target: TargetUniverse) throws {
        let universe = target.universe
        let name = try #require(universe.nameID(package.name.text))
        let id = try #require(universe.package(name, version: package.version.text))
        var variables = target.variables
        variables[Variable("version")] = .string(package.version.text)
        let environment: Environment = { variables[$0] }
        #expect(file.available.holds(in: environment) == target.isAvailable(id), "\(package)")
        guard target.isAvailable(id) else { return }
        let formula = file.depends.filtered(in: environment, scope: DependencyScope())
        let parts: [Formula<PackageConstraint>] = if case .all(let parts) = formula { parts } else { [formula] }
        let needs = target.problem.dependencies.range(id).map { describe($0, target) }
        #expect(needs == parts.map { describe($0, universe) }, "\(package)")
    }

    /// A formula with the numbers of the versions that it allows.
    private func describe(_ formula: Formula<PackageConstraint>, _ universe: Universe) -> String {
        switch formula {
        case .atom(let constraint):
            let versions = universe.nameID(constraint.name.text).map { name in
                universe.versions(of: name).filter {
                    constraint.versions.allows(Version(unchecked: universe.version(of: $0)))
                }
            }
            return "\(constraint.name)\(versions ?? [])"
        case .all(let parts): return parts.map { describe($0, universe) }.joined(separator: " & ")
        case .any(let parts): return "(\(parts.map { describe($0, universe) }.joined(separator: " | ")))"
        }
    }

    private func describe(_ need: Int, _ target: TargetUniverse) -> String {
        let (slot, set) = (target.problem.dependencies.slot(need), target.problem.dependencies.set(need))
        guard slot.index < target.universe.nameCount else {
            let alternatives = target.problem.order[slot].map { alternative in
                target.problem.dependencies.range(alternative).map { describe($0, target) }.joined(separator: " & ")
            }
            return "(\(alternatives.joined(separator: " | ")))"
        }
        let versions = target.universe.versions(of: slot).filter { target.problem.sets.contains($0, in: set) }
        return "\(target.universe.name(slot))\(versions)"
    }
}
