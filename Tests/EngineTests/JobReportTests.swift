import Core
import Foundation
import Model
import RunnerInterface
import Testing

/// The report of a runner and the document that a worker makes of it.
@Suite struct JobReportTests {
    /// A report in which no field has its default.
    private var complete: JobReport {
        var report = JobReport(outcome: .failure, duration: 12.5)
        report.isPermanent = true
        report.phase = .build
        report.signature = "error: *"
        report.reason = "Error: x"
        report.error = .init(
            kind: "c-error", origin: "package", isWeak: false, failureClass: "C error", excerpt: "Error: x")
        report.log = Digest(of: "log")
        report.layer = Digest(of: "layer")
        report.overwrites = [.init(path: "lib/x", owner: "a.1")]
        report.durations = CellResult.Durations(queued: 0.5, environment: 73, phases: [.build: 1.25])
        report.machine = "h: Linux"
        report.systemPackages = ["m4 1.4.19"]
        report.confirmation = [.init(outcome: .failure, phase: .build, signature: "error: *")]
        report.pluginFile = Digest(of: "plugin")
        report.generated = "opam-version: 2.0"
        report.image = .init(
            backend: "spt", abi: 2, devices: ["net:service"], digest: Digest(of: "image"), path: "bin/x.spt", size: 7)
        return report
    }

    private func fields(of report: JobReport) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: Mirror(reflecting: report).children.map { ($0.label ?? "", "\($0.value)") })
    }

    /// Both types list the fields, so a new field of one of them must also be added to the other.
    @Test func everyFieldSurvivesTheDocument() throws {
        let complete = complete
        let defaults = fields(of: JobReport(outcome: .success, duration: 0))
        for (name, value) in fields(of: complete) {
            #expect(value != defaults[name], "\(name) has its default, so nothing is known of it")
        }
        let assignment = JobAssignment(
            attempt: 7, deployment: "d", request: Digest(of: "request"),
            cell: try #require(Cell("debian-12/5.3.0/x.1")), kind: .build, priority: 0)
        let document = try ExecutionReport(complete, of: assignment, worker: "w", base: nil, finished: 1e9)
            .document { Digest(of: $0) }
        let read = try #require(EphemeralDocument.decode(ExecutionReport.self, from: document))
        #expect(fields(of: JobReport(read) { _ in nil }) == fields(of: complete))
    }
}
