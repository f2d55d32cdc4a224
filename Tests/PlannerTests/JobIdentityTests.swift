import Core
import Model
import Testing

@testable import Planner

/// The table of `docs/planner.md`: the values that a job's id contains, and those that it does not contain.
@Suite struct JobIdentityTests {
    static let cell = "debian-12/5.3.0/zarith.1.14"

    /// The id of zarith's build job in a plan with the given change.
    private func id(_ change: (inout SmallPlan) -> Void = { _ in }) async throws -> Digest {
        var small = SmallPlan()
        small.rest = "packages: [zarith]"
        change(&small)
        let plan = try await small.planning().plan
        return try #require(
            plan.cells.first { $0.cell.package.name == "zarith" }.flatMap { cell in
                if case .jobs(let build, _) = cell.basis { build } else { nil }
            })
    }

    // MARK: What goes in

    @Test func theOpamFile() async throws {
        #expect(try await id() != id { $0.opamFiles["zarith.1.14"]? += "\nsynopsis: \"another\"" })
    }

    @Test func theInputs() async throws {
        #expect(try await id() != id { $0.opamFiles["conf-gmp.5"]? += "\nsynopsis: \"another\"" })
    }

    @Test func theVersion() async throws {
        #expect(
            try await id()
                != id { small in
                    small.opamFiles["zarith.1.15"] = small.opamFiles["zarith.1.14"]
                })
    }

    @Test func theCompiler() async throws {
        #expect(try await id() != id { $0.compilers = "[4.14.2]" })
        #expect(try await id() != id { $0.compilers = "[{version: 5.3.0, name: mine}]" })
    }

    @Test func theEnvironment() async throws {
        #expect(try await id() != id { $0.environment = Digest(of: "another") })
    }

    @Test(arguments: [
        Job.Plugin(name: "other", version: "1", digest: Digest(of: "plugin")),
        Job.Plugin(name: "debian", version: "2", digest: Digest(of: "plugin")),
        Job.Plugin(name: "debian", version: "1", digest: Digest(of: "another")),
    ])
    func thePlugin(plugin: Job.Plugin) async throws {
        #expect(try await id() != id { $0.plugin = plugin })
    }

    @Test func theSystemPackages() async throws {
        let conf = { (change: @escaping (inout SmallPlan) -> Void) async throws -> Job? in
            var small = SmallPlan()
            small.rest = "packages: [conf-gmp]"
            change(&small)
            return try await small.planning().plan.jobs.values.first
        }
        #expect(try await conf { _ in }?.systemPackages == ["libgmp-dev"])
        #expect(
            try await conf {
                $0.variables["os"] = "freebsd"
                $0.variables["os-family"] = "bsd"
            }?.systemPackages == ["gmp"])
    }

    @Test func limitsThatTheMatrixSets() async throws {
        #expect(try await id() != id { $0.rest += "\nlimits: {time: 2h}" })
        #expect(try await id() == id { $0.rest += "\nlimits: {packages: {lwt: {time: 2h}}}" })
    }

    @Test func whetherItIsATestOrMakesDocumentation() async throws {
        var small = SmallPlan()
        small.rest = "packages: [zarith]\nwith-test: true"
        let plan = try await small.planning().plan
        #expect(plan.test(Self.cell) != plan.build(Self.cell))
        #expect(try await id() != id { $0.rest += "\nwith-doc: true" })
        #expect(try await id() == id { $0.rest += "\nwith-test: true" }, "the build job is the same")
    }

    @Test func whoCarriesOutTheRecipe() async throws {
        #expect(try await id() != id { $0.rest += "\nengine: opam" })
        #expect(try await id() != id { $0.targets = "[{name: debian-12, engine: opam}]" })
        #expect(try await id() == id { $0.rest += "\nengine: recipe" }, "the usual one")
    }

    // MARK: Values outside of the id

    @Test func notTheTargetsName() async throws {
        #expect(try await id() == id { $0.targets = "[{name: other, plugin: debian}]" })
    }

    @Test func notPackagesThatItDoesNotNeed() async throws {
        #expect(try await id() == id { $0.opamFiles["fmt.0.9.0"]? += "\nsynopsis: \"another\"" })
        #expect(try await id() == id { $0.rest = "packages: all" })
    }

    @Test func propertiesOfTheCellDoNotMatter() async throws {
        #expect(
            try await id()
                == id {
                    $0.rest += """

                        description: another
                        accept-failures: [{cells: "*/*/zarith", reason: known}]
                        schedule: [{cells: "*/*/*", priority: 7}]
                        """
                })
        #expect(try await id() == id { $0.today = "2030-01-01" })
        #expect(try await id() == id { $0.targets = "[{name: debian-12, required: false}]" })
    }
}
