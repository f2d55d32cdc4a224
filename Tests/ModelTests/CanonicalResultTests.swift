import Core
import Foundation
import TestSupport
import Testing

@testable import Model

/// Results and the documents of dispatchers and workers are written and read without `Codable`; the bytes must be the
/// same.
@Suite struct CanonicalResultTests {
    private var random = SeededGenerator(seed: 0)
    private let seed = UInt64.random(in: 0...UInt64.max)

    init() { random = SeededGenerator(seed: seed) }

    private mutating func text() -> String {
        let scalars: [UnicodeScalar] = [
            "a", "Z", "/", "\"", "\\", "\n", "\t", "\u{1}", "\u{7f}", "é", "\u{1F600}", "\u{202E}",
        ]
        let count = Int.random(in: 0...8, using: &random)
        return String(String.UnicodeScalarView((0..<count).map { _ in scalars.randomElement(using: &random)! }))
    }

    private mutating func maybe<Value>(_ value: (inout Self) -> Value) -> Value? {
        Bool.random(using: &random) ? value(&self) : nil
    }

    private mutating func digest() -> Digest { Digest(of: "\(UInt64.random(in: 0...999, using: &random))") }

    private mutating func number() -> Double {
        switch Int.random(in: 0...4, using: &random) {
        case 0: Double(Int.random(in: -5...5, using: &random))
        case 1: Double.random(in: 0...4e9, using: &random)
        case 2: Double(bitPattern: UInt64.random(in: 0...0x7fef_ffff_ffff_ffff, using: &random))
        case 3: -0.0
        default: (Double.random(in: 0...100, using: &random) * 1000).rounded() / 1000
        }
    }

    private mutating func execution() -> CellResult.Execution {
        .init(
            outcome: .failure, phase: maybe { _ in .build }, signature: maybe { $0.text() },
            reason: maybe { $0.text() },
            log: maybe { $0.digest() }, error: maybe { $0.error() })
    }

    private mutating func image() -> CellResult.Image {
        .init(
            backend: text(), abi: maybe { _ in 2 }, devices: maybe { [$0.text()] }, digest: digest(), path: text(),
            size: Int.random(in: 0...Int.max, using: &random))
    }

    private mutating func durations() -> CellResult.Durations {
        var durations = CellResult.Durations(queued: maybe { $0.number() }, environment: maybe { $0.number() })
        for phase in Phase.allCases where Bool.random(using: &random) { durations.phases[phase.rawValue] = number() }
        return durations
    }

    private mutating func error() -> CellResult.LoggedError {
        var error = CellResult.LoggedError(
            kind: text(), origin: text(), isWeak: Bool.random(using: &random), failureClass: text(), excerpt: text())
        error.pattern = maybe { $0.text() }
        (error.line, error.offset, error.length) = (maybe { _ in 1 }, maybe { _ in -2 }, maybe { _ in Int.max })
        return error
    }

    private mutating func result() -> CellResult {
        let cell = Cell(target: "t", compiler: "5.3.0", package: PackageVersion(name: "lwt", version: "5.7.0"))
        var result = CellResult(
            cell: cell, job: maybe { $0.digest() }, outcome: Outcome.allCases.randomElement(using: &random)!,
            repositories: maybe { [$0.text(), $0.text()] } ?? [])
        result.phase = maybe { _ in .test }
        (result.signature, result.reason, result.plugin) = (
            maybe { $0.text() }, maybe { $0.text() }, maybe { $0.text() }
        )
        result.error = maybe { $0.error() }
        result.blockedBy = maybe { _ in cell.package }
        result.blockedByJob = maybe { $0.digest() }
        result.blockedChain = maybe { _ in [cell.package, cell.package] }
        (result.log, result.layer, result.base) = (maybe { $0.digest() }, maybe { $0.digest() }, maybe { $0.digest() })
        result.duration = maybe { $0.number() }
        result.durations = maybe { $0.durations() }
        (result.finished, result.attempts, result.run) = (
            maybe { _ in 1_700_000_000 }, maybe { _ in 1 }, maybe { _ in 7 }
        )
        result.machine = maybe { $0.text() }
        result.systemPackages = maybe { [$0.text()] }
        (result.generated, result.image) = (maybe { $0.text() }, maybe { $0.image() })
        result.confirmation = maybe { [$0.execution(), $0.execution()] }
        result.failedAttempts = maybe {
            [.init(reason: $0.text(), log: $0.maybe { $0.digest() }, error: $0.maybe { $0.error() })]
        }
        result.overwrites = maybe { [.init(path: $0.text(), owner: $0.text())] }
        result.execution = maybe { $0.text() }
        result.change = maybe { _ in .stillGood }
        (result.previous, result.built) = (maybe { $0.verdict(on: cell) }, maybe { $0.verdict(on: cell) })
        return result
    }

    private mutating func verdict(on cell: Cell) -> PreviousVerdict {
        var previous = PreviousVerdict(package: cell.package, outcome: .failure)
        previous.phase = maybe { _ in .install }
        (previous.signature, previous.run) = (maybe { $0.text() }, maybe { _ in 3 })
        return previous
    }

    private mutating func report() -> ExecutionReport {
        var report = ExecutionReport(
            attempt: UInt64.random(in: 0...UInt64.max, using: &random), deployment: text(), worker: text(),
            returned: maybe { _ in .busy }, outcome: .failure, duration: number(), finished: number())
        report.claim = maybe { UInt64.random(in: 0...UInt64.max, using: &$0.random) }
        (report.isPermanent, report.phase) = (maybe { _ in true }, maybe { _ in .build })
        (report.signature, report.reason, report.machine) = (
            maybe { $0.text() }, maybe { $0.text() }, maybe { $0.text() }
        )
        report.error = maybe { $0.error() }
        (report.log, report.layer, report.base) = (maybe { $0.digest() }, maybe { $0.digest() }, maybe { $0.digest() })
        report.overwrites = maybe { [.init(path: $0.text(), owner: $0.text())] }
        (report.overwritesObject, report.detailsObject) = (maybe { $0.digest() }, maybe { $0.digest() })
        report.details = maybe {
            .init(
                systemPackages: $0.maybe { [$0.text()] }, confirmation: $0.maybe { [$0.execution()] },
                generated: $0.maybe { $0.text() }, image: $0.maybe { $0.image() })
        }
        report.durations = maybe { $0.durations() }
        report.pluginFile = maybe { $0.digest() }
        return report
    }

    private mutating func assignment(_ cell: Cell) -> JobAssignment {
        var assignment = JobAssignment(
            attempt: UInt64.random(in: 0...UInt64.max, using: &random), deployment: text(), request: digest(),
            cell: cell, kind: .test, priority: Int.random(in: -9...9, using: &random), lane: maybe { $0.text() })
        (assignment.bundle, assignment.offset) = (maybe { $0.digest() }, maybe { _ in 3 })
        assignment.size = maybe { _ in 4 }
        assignment.revocation = maybe { _ in .stop }
        return assignment
    }

    private mutating func progress(_ cell: Cell) -> JobProgress {
        var progress = JobProgress(
            cell: cell, kind: .build, job: text(), deployment: text(), worker: text(), attempt: 3, step: text(),
            host: maybe { $0.text() }, began: 5, output: maybe { _ in 6 })
        progress.seen = maybe { _ in 7 }
        return progress
    }

    /// The members that are absent in each of some values, with those that contain them; of lists, those of all
    /// elements.
    private func neverPresent(in values: [Any]) -> Set<String> {
        var members: [String: [Any]] = [:]
        for value in values {
            for child in Mirror(reflecting: value).children {
                var contents = child.value
                while case let mirror = Mirror(reflecting: contents), mirror.displayStyle == .optional {
                    guard let some = mirror.children.first else { break }
                    contents = some.value
                }
                let mirror = Mirror(reflecting: contents)
                let isList = mirror.displayStyle == .collection
                let isAbsent = mirror.displayStyle == .optional
                members[child.label ?? "", default: []] +=
                    isAbsent ? [] : isList ? mirror.children.map(\.value) : [contents]
            }
        }
        return members.reduce(into: []) { missing, member in
            if member.value.isEmpty { missing.insert(member.key) }
            let structures = member.value.filter { Mirror(reflecting: $0).displayStyle == .struct }
            missing.formUnion(neverPresent(in: structures).map { "\(member.key).\($0)" })
        }
    }

    /// A new member of a document must be written; these tests detect that only if they set the member.
    @Test mutating func eachMemberIsTriedOut() {
        let cell = Cell(target: "t", compiler: "5.3.0", package: PackageVersion(name: "lwt", version: "5.7.0"))
        #expect(neverPresent(in: (0..<300).map { _ in result() }) == [], "seed \(seed)")
        #expect(neverPresent(in: (0..<300).map { _ in report() }) == [], "seed \(seed)")
        #expect(neverPresent(in: (0..<100).map { _ in assignment(cell) }) == [], "seed \(seed)")
        #expect(neverPresent(in: (0..<100).map { _ in progress(cell) }) == [], "seed \(seed)")
    }

    private func isCanonical<Document: Codable & Equatable>(_ document: Document) throws -> Bool {
        let bytes = try EphemeralDocument.encode(document)
        return try bytes == [UInt8](CanonicalJSON.encode(document))
            && EphemeralDocument.decode(Document.self, from: bytes) == document
    }

    @Test mutating func documentsOfResults() throws {
        for _ in 0..<500 {
            let result = result()
            let document = try result.document
            #expect(try document == [UInt8](CanonicalJSON.encode(result)), "seed \(seed)")
            #expect(CellResult(canonicalBytes: document).map { $0 == result } ?? true, "seed \(seed)")
        }
    }

    @Test mutating func documentsOfDispatchersAndWorkers() throws {
        let cell = Cell(target: "t", compiler: "5.3.0", package: PackageVersion(name: "lwt", version: "5.7.0"))
        for _ in 0..<300 {
            #expect(try isCanonical(report()), "seed \(seed)")
            #expect(try isCanonical(assignment(cell)), "seed \(seed)")
            #expect(try isCanonical(progress(cell)), "seed \(seed)")
        }
    }

    /// Documents of another version have members that this version does not have.
    @Test func documentsOfOtherFormsAreReadToo() throws {
        let text = """
            {"worker":"w","attempt":1,"began":2,"more":[],"cell":"t/5/a.1","deployment":"d","job":"j","kind":"build",
             "step":"build"}
            """
        let progress = try #require(EphemeralDocument.decode(JobProgress.self, from: Array(text.utf8)))
        #expect((progress.worker, progress.attempt, progress.step) == ("w", 1, "build"))
        #expect(EphemeralDocument.decode(JobProgress.self, from: Array("{}".utf8)) == nil)
    }

    /// Changing a part of the index in place gives the same bytes as writing it from scratch.
    @Test mutating func partsOfTheIndex() throws {
        let paths = ["5.3.0/a/1.json", "5.3.0/a/1/0123.json", "5.3.0/a-b/1.json", "5/a~b/1+2.json", "4.14/b/1.json"]
        let odd = ["5/é/1.json", "5/\"/1.json", "5/e\u{301}/1.json"]
        for round in 0..<40 {
            var expected: [String: CellResult] = [:]
            var part = ResultIndexPart(nil)
            for _ in 0..<30 {
                let path = (round % 2 == 0 ? paths : paths + odd).randomElement(using: &random)!
                let result = maybe { $0.result() }
                expected[path] = result
                try part.set(result, at: path)
                let wanted = expected.isEmpty ? [] : [UInt8](try CanonicalJSON.encode(expected))
                #expect(part.document == wanted, "seed \(seed)")
                part = ResultIndexPart(part.document)
            }
        }
    }

    @Test mutating func aPartOfTheIndexInAnotherFormIsChangedToo() throws {
        let (one, other) = (result(), result())
        let plain = try JSONEncoder().encode(["5/a/1.json": one])
        var part = ResultIndexPart([UInt8](plain))
        try part.set(other, at: "5/b/1.json")
        #expect(try part.document == [UInt8](CanonicalJSON.encode(["5/a/1.json": one, "5/b/1.json": other])))
        var broken = ResultIndexPart(Array("{\n  \"a\" : 1\n}\n".utf8))
        #expect(throws: DecodingError.self) { try broken.set(one, at: "b") }
    }
}
