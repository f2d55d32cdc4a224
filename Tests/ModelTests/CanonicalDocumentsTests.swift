import Core
import Foundation
import Testing

@testable import Model

/// Jobs and cells are written without `Encodable`; the bytes must be the same, because ids depend on them.
@Suite struct CanonicalDocumentsTests {
    /// Every byte that JSON may have to escape, and more than ASCII.
    private static let texts =
        (0..<0x80).map { String(UnicodeScalar(UInt8($0))) } + [
            "", "é ü → \u{2028}\u{2029}\u{FEFF}😀", "a/b\\c\"d\n\te", "\r\n",
        ]
    private let digests = (0..<3).map { Digest(of: "\($0)") }

    private func job(_ change: (inout Job) -> Void = { _ in }) -> Job {
        var job = Job(
            kind: .build, package: PackageVersion(name: "lwt", version: "5.7.0"), opam: digests[0], inputs: [],
            compiler: "5.3.0", environment: digests[1],
            plugin: Job.Plugin(name: "debian", version: "1", digest: digests[2]))
        change(&job)
        return job
    }

    /// Whether the bytes equal those of `Encodable`, and the reader either returns the job or leaves it to `Decodable`.
    private func isCanonical(_ job: Job) throws -> Bool {
        let document = job.document
        return try document == [UInt8](CanonicalJSON.encode(job)) && Job.read(document).map { $0 == job } ?? true
    }

    private func isCanonical(_ cells: [PlannedCell]) throws -> Bool {
        try PlannedCell.document(cells) == [UInt8](CanonicalJSON.encode(cells))
    }

    @Test func jobsWithAndWithoutEachPart() throws {
        for kind in [Job.Kind.build, .test] {
            for engine in [nil, Job.Engine.recipe, .opam] {
                for documentation in [nil, true, false] {
                    for count in 0...3 {
                        let job = job { job in
                            job.kind = kind
                            job.engine = engine
                            job.allowedOverwrites = count == 0 ? nil : Array(Self.texts.prefix(count))
                            job.documentation = documentation
                            job.inputs = Array(digests.prefix(count))
                            job.systemPackages = Array(["a", "b", "c"].prefix(count))
                        }
                        #expect(try isCanonical(job), "\(job)")
                    }
                }
            }
        }
    }

    @Test func limitsWithAndWithoutEach() throws {
        for set in 0..<32 {
            let value = { (bit: Int) -> Int? in set & (1 << bit) == 0 ? nil : [0, -1, Int.max, Int.min, 42][bit] }
            let limits = Job.Limits(
                time: value(0), silence: value(1), memory: value(2), disk: value(3), log: value(4))
            #expect(try isCanonical(job { $0.limits = limits }), "\(limits)")
        }
    }

    @Test(arguments: texts)
    func textsOfAnyKind(text: String) throws {
        #expect(
            try isCanonical(
                job { job in
                    job.package = PackageVersion(name: text, version: text)
                    job.compiler = text
                    job.plugin.name = text
                    job.plugin.version = text
                    job.systemPackages = [text, text]
                }))
        let cell = Cell(target: text, compiler: text, package: PackageVersion(name: text, version: text))
        #expect(
            try isCanonical([
                PlannedCell(cell: cell, basis: .excluded(reason: text), accepted: text, untested: text),
                PlannedCell(cell: cell, basis: .unsolvable(explanation: text)),
            ]))
    }

    @Test func cellsWithAndWithoutEachPart() throws {
        let cell = try #require(Cell("debian-12/5.3.0/lwt.5.7.0"))
        let bases: [PlannedCell.Basis] = [
            .jobs(build: digests[0], test: nil), .jobs(build: digests[0], test: digests[1]),
            .unsolvable(explanation: "a\nb"), .excluded(reason: "no"),
        ]
        var cells: [PlannedCell] = []
        #expect(try isCanonical(cells))
        for basis in bases {
            for priority in [0, -7, 10] {
                for text in [nil, "why"] {
                    cells.append(
                        PlannedCell(
                            cell: cell, basis: basis, required: text == nil, priority: priority, accepted: text,
                            acceptance: text.map { Acceptance(phase: .test, signature: $0, tracker: $0) },
                            cause: text.map { UnsolvableCause(.conflict, package: $0, sentence: $0) }, untested: text))
                    #expect(try isCanonical(cells.suffix(1)) && isCanonical(cells))
                    #expect(PlannedCell.read(PlannedCell.document(cells)) == cells)
                }
            }
        }
    }

    /// The fast reader returns the same value as `Decodable`, or nothing, for documents damaged in any way.
    @Test func fastReadingEqualsDecoding() throws {
        let cell = try #require(Cell("debian-12/5.3.0/lwt.5.7.0"))
        let document = PlannedCell.document([
            PlannedCell(
                cell: cell, basis: .jobs(build: digests[0], test: digests[1]), priority: -10, accepted: "é",
                acceptance: Acceptance(signature: "*"), untested: "a\"b\\c\td\ne"),
            PlannedCell(
                cell: cell, basis: .unsolvable(explanation: "a\nb"), required: false,
                cause: UnsolvableCause(.own, package: "a", sentence: "b")),
        ])
        var read = 0
        for at in document.indices {
            var broken = [Array(document[..<at]), Array(document[..<at] + document[(at + 1)...])]
            for byte: UInt8 in [0x0A, 0x22, 0x30, 0x5C, 0xC3] {
                var changed = document
                changed[at] = byte
                broken.append(changed)
            }
            for bytes in broken {
                guard let quickly = PlannedCell.read(bytes) else { continue }
                read += 1
                let decoded = try? CanonicalJSON.decode([PlannedCell].self, from: Data(bytes))
                #expect(quickly == decoded, "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(PlannedCell.read(Array("[\n\n]\n".utf8)) == nil, "nothing is kept of no cells")
        #expect(read > 0)
    }

    // MARK: Jobs and results

    private var wholeJob: Job {
        job { job in
            job.engine = .opam
            job.allowedOverwrites = ["a*", "b"]
            job.documentation = true
            job.inputs = Array(digests.prefix(2))
            job.systemPackages = ["libgmp-dev"]
            job.limits = Job.Limits(time: 1, memory: 1 << 40)
        }
    }

    private var wholeResult: CellResult {
        var result = CellResult(
            cell: Cell(target: "t", compiler: "5", package: PackageVersion(name: "a", version: "1")), job: digests[0],
            outcome: .failure, repositories: ["a", "b"])
        result.phase = .build
        (result.signature, result.reason, result.machine) = ("s", "a\"b\n\té", "m")
        result.blockedBy = PackageVersion(name: "b", version: "2")
        (result.log, result.layer, result.base) = (digests[0], digests[1], digests[2])
        (result.duration, result.finished, result.attempts) = (0.125, 1_700_000_000, 2)
        (result.plugin, result.execution) = ("p 1", "e")
        result.failedAttempts = [.init(reason: "r", log: digests[0]), .init(reason: "q", log: nil)]
        result.overwrites = [.init(path: "bin/x", owner: "o.1")]
        result.error = .init(
            kind: "missing-header", origin: "package", isWeak: true, failureClass: "missing header *",
            excerpt: "a\n\té")
        result.error?.line = 3
        result.error?.offset = 4
        result.error?.length = 5
        result.error?.pattern = "missing-header"
        return result
    }

    @Test func jobsAreReadQuickly() {
        #expect(Job.read(wholeJob.document) == wholeJob)
        let plain = job()
        #expect(Job.read(plain.document) == plain)
    }

    /// With and without each member, and for durations of any size.
    @Test func resultsAreReadQuickly() throws {
        var results: [CellResult] = [wholeResult]
        for duration in [0, 1, 0.1, 1e-7, 123_456.789, 1e21, .pi] {
            results.append(wholeResult)
            results[results.count - 1].duration = duration
        }
        let members: [WritableKeyPath<CellResult, String?>] = [\.signature, \.reason, \.machine, \.plugin, \.execution]
        for member in members {
            results.append(wholeResult)
            results[results.count - 1][keyPath: member] = nil
        }
        let locations: [WritableKeyPath<CellResult.LoggedError, Int?>] = [\.line, \.offset, \.length]
        for location in locations {
            results.append(wholeResult)
            results[results.count - 1].error?[keyPath: location] = nil
        }
        results.append(wholeResult)
        results[results.count - 1].error?.pattern = nil
        results.append(wholeResult)
        results[results.count - 1].error = nil
        results.append(CellResult(cell: wholeResult.cell, job: nil, outcome: .unsolvable, repositories: []))
        let index = Dictionary(uniqueKeysWithValues: results.enumerated().map { ("5/a/\($0).json", $1) })
        let read = try #require(CellResult.readIndex([UInt8](CanonicalJSON.encode(index))))
        #expect(Dictionary(uniqueKeysWithValues: read.map { ($0.path, $0.result) }) == index)
    }

    /// The fast readers return the same value as `Decodable`, or nothing, for documents damaged in any way.
    @Test func fastReadingOfJobsAndResultsEqualsDecoding() throws {
        let index = [UInt8](try CanonicalJSON.encode(["5/a/1.json": wholeResult]))
        for bytes in broken(wholeJob.document) {
            guard let quickly = Job.read(bytes) else { continue }
            #expect(quickly == (try? CanonicalJSON.decode(Job.self, from: Data(bytes))))
        }
        var read = 0
        for bytes in broken(index) {
            guard let quickly = CellResult.readIndex(bytes) else { continue }
            read += 1
            let decoded = try? CanonicalJSON.decode([String: CellResult].self, from: Data(bytes))
            #expect(Dictionary(uniqueKeysWithValues: quickly.map { ($0.path, $0.result) }) == decoded)
        }
        #expect(read > 0)
    }

    private func broken(_ document: [UInt8]) -> [[UInt8]] {
        document.indices.flatMap { at in
            [Array(document[..<at]), Array(document[..<at] + document[(at + 1)...])]
                + ([0x0A, 0x22, 0x30, 0x2D, 0x5C, 0xC3] as [UInt8]).map { byte in
                    var changed = document
                    changed[at] = byte
                    return changed
                }
        }
    }
}
