import Core
import Foundation
import Testing

@testable import Documents

/// Jobs and cells are written without `Encodable`; the bytes must be those that it gives, for ids rest on them.
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

    private func isCanonical(_ job: Job) throws -> Bool { try job.document == [UInt8](CanonicalJSON.encode(job)) }

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
                            untested: text))
                    #expect(try isCanonical(cells.suffix(1)) && isCanonical(cells))
                    #expect(PlannedCell.read(PlannedCell.document(cells)) == cells)
                }
            }
        }
    }

    /// What the quick reader gives of a document is what `Decodable` gives, or nothing, whatever was done to it.
    @Test func whatIsReadQuicklyIsWhatIsThere() throws {
        let cell = try #require(Cell("debian-12/5.3.0/lwt.5.7.0"))
        let document = PlannedCell.document([
            PlannedCell(
                cell: cell, basis: .jobs(build: digests[0], test: digests[1]), priority: -10, accepted: "é",
                untested: "a\"b\\c\td\ne"),
            PlannedCell(cell: cell, basis: .unsolvable(explanation: "a\nb"), required: false),
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
}
