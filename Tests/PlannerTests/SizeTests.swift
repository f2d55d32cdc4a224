import Core
import Foundation
import Matrix
import Model
import Testing

@testable import Planner

/// Matrices far beyond any useful size.
@Suite struct SizeTests {
    private func failure(of small: SmallPlan, limit: Int) async throws -> Failure? {
        var planner = Planner(try small.inputs())
        planner.cellLimit = limit
        let guarded = planner
        return await #expect(throws: Failure.self) { try await guarded.plan() }
    }

    @Test func tooManyCellsAreRefusedWithTheirNumberAndTheAxis() async throws {
        var small = SmallPlan()
        small.rest = "packages: [{name: all, versions: all}]"
        let versions = try await small.planning().plan.cells.count
        small.targets = "[\((0..<40).map { "{name: d\($0), plugin: debian}" }.joined(separator: ", "))]"
        small.compilers = "[5.3.0, 4.14.2]"
        let targets = try await failure(of: small, limit: 1_000)
        #expect(targets?.category == .input)
        #expect(
            targets?.description.contains(
                "m.yaml:1:13: error: the matrix has about \(80 * versions) cells "
                    + "(40 targets × 2 compilers × \(versions) packages), more than 1000") == true,
            "\(String(describing: targets))")
        #expect(targets?.description.contains("'targets' contributes most") == true)

        small.targets = "[debian-12, debian-13]"
        small.compilers = "[\((0..<40).map { "{version: 5.3.0, name: c\($0)}" }.joined(separator: ", "))]"
        let compilers = try await failure(of: small, limit: 1_000)
        #expect(compilers?.description.contains("'compilers' contributes most") == true)
    }

    @Test func partialSelectionsAreCountedInTheirColumns() async throws {
        var small = SmallPlan()
        small.targets = "[\((0..<40).map { "{name: d\($0), plugin: debian}" }.joined(separator: ", "))]"
        small.rest = "packages: [{name: all, versions: all, targets: d0}]"
        var planner = Planner(try small.inputs())
        planner.cellLimit = 100
        #expect(try await planner.plan().plan.cells.count < 100)
    }
}
