import Archive
import Core
import Foundation
import TestSupport
import Testing

@testable import Model

/// The documents by which dispatchers and workers work together.
@Suite struct DispatchDocumentTests {
    private func report(_ size: Int, _ random: inout SeededGenerator) -> ExecutionReport {
        func text() -> String {
            String(
                String.UnicodeScalarView(
                    (0..<size).map { _ in
                        ["a", "\"", "\\", "\u{1}", "é", "\u{1F600}", "\u{202E}"].randomElement(using: &random)!
                    }))
        }
        var report = ExecutionReport(
            attempt: .max, deployment: "opam", worker: "w", outcome: .failure, duration: 1.5, finished: 1e9 + 0.25)
        report.phase = .build
        report.isPermanent = true
        (report.signature, report.reason, report.machine) = (text(), text(), text())
        (report.log, report.layer, report.base) = (Digest(of: "log"), Digest(of: "layer"), Digest(of: "base"))
        report.pluginFile = Digest(of: "plugin")
        report.error = .init(
            kind: "c-error", origin: "package", isWeak: false, failureClass: "C error", excerpt: text())
        report.overwrites = (0..<size).map { .init(path: "lib/\($0)", owner: "a.\($0)") }
        report.durations = CellResult.Durations(queued: 0.5, environment: 73, phases: [.build: 1.25])
        report.details = .init(systemPackages: (0..<size).map { "package-\($0) 1.0" })
        return report
    }

    /// A report that fits is written unchanged; of a larger one, the verdict and the digests are written.
    @Test func aReportHasAtMostEightKilobytes() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for size in [0, 1, 20, 100, 2_000, 20_000] {
            let report = report(size, &random)
            var aside: [[UInt8]] = []
            let document = try report.document { bytes in
                aside.append(bytes)
                return Digest(of: bytes)
            }
            #expect(document.count <= ExecutionReport.sizeLimit, "size \(size) (seed \(seed))")
            let read = try #require(EphemeralDocument.decode(ExecutionReport.self, from: document))
            #expect(size > 20 || aside.isEmpty)
            #expect(size < 2_000 || !aside.isEmpty)
            if aside.isEmpty {
                #expect(read == report, "size \(size) (seed \(seed))")
                continue
            }
            #expect(report.reason?.hasPrefix(try #require(read.reason).dropLast()) == true)
            #expect((read.log, read.layer, read.base) == (report.log, report.layer, report.base))
            #expect((read.outcome, read.phase, read.attempt) == (.failure, .build, .max))
            #expect(read.overwritesObject == aside.first.map { Digest(of: $0) })
            let overwrites = try CanonicalJSON.decode(
                [CellResult.Overwrite].self, from: Data(try #require(aside.first)))
            #expect(overwrites == report.overwrites)
            #expect(read.durations == report.durations)
            #expect(read.detailsObject == aside.last.map { Digest(of: $0) })
            let details = try CanonicalJSON.decode(ExecutionReport.Details.self, from: Data(try #require(aside.last)))
            #expect(details == report.details)
        }
    }

    /// JSON has a control character in six bytes.
    @Test func aReportOfControlCharactersHasAtMostEightKilobytes() throws {
        let text = String(repeating: "\u{1}", count: 3_000)
        var report = ExecutionReport(
            attempt: 1, deployment: "opam", worker: "w", outcome: .failure, duration: 1.5, finished: 1e9)
        (report.signature, report.reason, report.machine) = (text, text, text)
        report.error = .init(kind: "c-error", origin: "package", isWeak: false, failureClass: text, excerpt: text)
        let document = try report.document { Digest(of: $0) }
        #expect(document.count <= ExecutionReport.sizeLimit)
        let read = try #require(EphemeralDocument.decode(ExecutionReport.self, from: document))
        #expect(read.reason == text.prefix(249) + "…")
        #expect(read.error?.failureClass.hasSuffix("…") == true)
    }

    @Test func filesOfPackagesComeBackWhateverTheirNames() throws {
        let files = PackageFiles(
            opam: Array("opam-version: \"2.0\"\n".utf8) + [0xff],
            files: [
                FilePath(bytes: [0xff, 0x0a, 0x25]): [0, 1, 2], FilePath("dir/patch 1"): [],
                FilePath("ü"): Array("text".utf8),
            ])
        #expect(try PackageFiles(document: files.document) == files)
        #expect(try files.document == files.document)
        #expect(throws: (any Error).self) { try PackageFiles(document: [1, 2]) }
    }

    @Test func requestsRoundTrip() {
        for count in 0...3 {
            let inputs = (0..<count).map { number in
                ExecutionRequest.Input(
                    job: Digest(of: "job \(number)"), layer: Digest(of: "layer \(number)"),
                    files: Digest(of: "files \(number)"))
            }
            var request = ExecutionRequest(
                deployment: "o\"pam", job: Digest(of: "job"), files: Digest(of: "files"), inputs: inputs,
                base: count == 0 ? nil : Digest(of: "base"), target: Digest(of: "target"))
            request.confirmations = count == 0 ? nil : count
            #expect(ExecutionRequest(document: request.document) == request)
            #expect(ExecutionRequest(document: Array(request.document.dropLast(2)) + [10]) == nil)
        }
    }

    @Test func hostsOfAWorkerComeFromItsRulesThenFromTheMatrix() {
        var worker = WorkerRegistration(name: "ci worker", host: "h", version: "1", slots: 2, cache: "c", since: 0)
        #expect(worker.hosts(of: "openbsd-7.7", planned: "ssh://b ssh://a ssh://b") == ["ssh://a", "ssh://b"])
        #expect(worker.hosts(of: "debian-12", planned: nil) == [])
        worker.hosts = [.init(targets: "openbsd-*", hosts: ["ssh://z"]), .init(targets: "*", hosts: [])]
        #expect(worker.hosts(of: "openbsd-7.7", planned: "ssh://a") == ["ssh://z"])
        #expect(worker.hosts(of: "netbsd-10", planned: "ssh://a") == [], "an empty rule means a sandbox")
        #expect(worker.runs(target: "netbsd-10"))
        worker.targets = ["debian-*", "ubuntu-24.04"]
        #expect(worker.runs(target: "debian-12") && worker.runs(target: "ubuntu-24.04"))
        #expect(!worker.runs(target: "ubuntu-22.04"))
    }
}
