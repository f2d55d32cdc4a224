import Matrix
import Model
import Records
import TestSupport
import Testing

@testable import Planner

/// Why cells have no solution, in classes.
@Suite struct UnsolvableCauseTests {
    private func cause(_ opam: [String: String], of name: String) async throws -> UnsolvableCause? {
        var small = SmallPlan()
        for (package, text) in opam { small.opamFiles[package] = text }
        return try await small.planning().plan.cells.first { $0.cell.package.name == name }?.cause
    }

    @Test func compilerRequirementsOfThePackage() async throws {
        let cause = try #require(try await cause([:], of: "old"))
        #expect(cause == UnsolvableCause(.ownOCaml, package: "old", sentence: "old 1.0 needs ocaml < 5.0"))
    }

    @Test func compilerVariantsCountAsCompilers() async throws {
        let cause = try await cause(["x.1": #"depends: [ "ocaml-variants" {= "5.1"} ]"#], of: "x")
        #expect(cause?.class == .ownOCaml)
    }

    @Test func otherRequirementsOfThePackage() async throws {
        let missing = try await cause(["x.1": #"depends: [ "nowhere" ]"#], of: "x")
        #expect(missing?.class == .own)
        #expect(missing?.sentence == "x 1 needs nowhere, but there is no such package")
        let newer = try await cause(["x.1": #"depends: [ "fmt" {>= "9"} ]"#], of: "x")
        #expect(newer?.class == .own && newer?.package == "x")
    }

    @Test func requirementsOfADependencyAreTheRoot() async throws {
        let packages = ["x.1": #"depends: [ "y" ]"#, "y.1": #"depends: [ "old" ]"#]
        let cause = try await cause(packages, of: "x")
        #expect(cause == UnsolvableCause(.dependency, package: "old", sentence: "old 1.0 needs ocaml < 5.0"))
    }

    @Test func aConflict() async throws {
        let cause = try #require(try await cause([:], of: "clash"))
        #expect(cause == UnsolvableCause(.conflict, package: "clash", sentence: "clash 1.0 conflicts with fmt"))
    }

    @Test func packagesThatNeedEachOther() async throws {
        let cause = try await cause(["x.1": #"depends: [ "y" ]"#, "y.1": #"depends: [ "x" ]"#], of: "x")
        #expect(cause?.class == .dependency)
    }

    @Test func theHeaderCountsTheClasses() async throws {
        var small = SmallPlan()
        small.rest = "packages: [clash, old, fmt]"
        let header = try await small.planning().header
        #expect(header.columns.map(\.cells.causes) == [["own-ocaml": 1, "conflict": 1]])
        #expect(try await SmallPlan().planning().plan.cells.allSatisfy { ($0.cause == nil) == ($0.basis.jobs != []) })
    }
}

/// The metadata of planned packages.
@Suite struct PlannedMetadataTests {
    @Test func everyPlannedPackageHasItWithASolutionOrWithout() async throws {
        var small = SmallPlan()
        small.opamFiles["fmt.0.9.0"]? += """

            maintainer: ["A <a@example.org>" "b@example.org"]
            tags: "org:x"
            bug-reports: "https://example.org/issues"
            dev-repo: "git+https://example.org/fmt.git"
            """
        small.opamFiles["old.1.0"]? += "\nmaintainer: \"old@example.org\""
        small.rest = "packages: [fmt, old, zarith]\nexclude: [{cells: '*/*/zarith', reason: no}]"
        let metadata = try await small.planning().documents.metadata()
        #expect(
            metadata == [
                PackageMetadata(
                    package: PackageVersion(name: "fmt", version: "0.9.0"),
                    maintainers: ["A <a@example.org>", "b@example.org"], tags: ["org:x"],
                    bugReports: ["https://example.org/issues"], devRepo: "git+https://example.org/fmt.git"),
                PackageMetadata(
                    package: PackageVersion(name: "old", version: "1.0"), maintainers: ["old@example.org"]),
            ])
    }

    @Test func fastReadingReturnsWhatWasWritten() throws {
        let packages = [
            PackageMetadata(package: PackageVersion(name: "a", version: "1")),
            PackageMetadata(
                package: PackageVersion(name: "b", version: "2"), maintainers: ["é \"x\""], tags: ["a", "b"],
                bugReports: ["c"], devRepo: "d"),
        ]
        let document = PackageMetadata.document(packages.reversed())
        #expect(PackageMetadata.read(document) == packages)
        #expect(PackageMetadata.read(PackageMetadata.document([])) == [])
    }
}
