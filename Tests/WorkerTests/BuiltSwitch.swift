import Layers
import Model
import OpamSwitch
import RunnerInterface
import TestSupport

@testable import Worker

/// Packages of the quickstart, built by jobs, and their layers.
struct BuiltSwitch {
    let fixture: QuickstartFixture
    let endings: [String: QuickstartFixture.Ending]
    /// Unpacked, dependencies first.
    let layers: [String]
    /// Names of the packages, in the order of their layers.
    let order: [String]

    init(_ names: [String], in fixture: QuickstartFixture) async throws {
        self.fixture = fixture
        // As with opam: packages that are not requested are not in the switch, not even as optional dependencies.
        let wanted = Set(fixture.repository.closure(of: names, on: fixture.target, among: Set(names)))
            .union(fixture.repository.requirements(of: names, on: fixture.target))
        endings = try await fixture.build(names, among: wanted)
        order = fixture.repository.closure(of: names, on: fixture.target, among: wanted)
        var layers: [String] = []
        for name in order {
            guard let layer = endings[name]?.report.layer else { continue }
            layers.append(try await fixture.layers.unpacked(layer))
        }
        self.layers = layers
    }

    var failures: [String] {
        endings.values.filter { $0.report.outcome != .success }
            .map { "\($0.request.job.package): \($0.report.reason ?? "")\n\(fixture.logs[$0.report.log])" }.sorted()
    }

    var systemPackages: [String] {
        Set(endings.values.flatMap(\.request.job.systemPackages)).sorted()
    }

    /// The layers over opam's state of the switch that they make together, written to `directory`.
    ///
    /// - Parameter left: a package that is omitted.
    func withState(in directory: String, leavingOut left: String? = nil) async throws -> [String] {
        let target = try await TargetEnvironments(
            fixture.directories.environmentStore, catalog: fixture.catalog, variables: .ofTests
        )
        .environment(of: fixture.target) { _ in }
        let built = order.compactMap { endings[$0] }.filter { $0.report.layer != nil }
        let kept = zip(built, layers).filter { $0.0.request.job.package.name != left }
        let inputs = kept.compactMap { ending, _ in
            ending.report.layer.map { layer in
                JobRequest.Input(
                    id: ending.request.id, job: ending.request.job, layer: layer, files: ending.request.files)
            }
        }
        let layers = kept.map(\.1)
        guard var request = endings.values.first?.request else { return layers }
        request.job.package = PackageVersion(name: "none", version: "0")
        request.inputs = inputs
        let assembled = try AssembledSwitch(request, layers: layers, in: target, jobs: 1)
        let roots = Set(inputs.map(\.job.package))
        try StateLayer(directory, over: target.base, owner: target.buildUser).write(assembled.state(roots: roots))
        return [directory] + layers
    }
}
