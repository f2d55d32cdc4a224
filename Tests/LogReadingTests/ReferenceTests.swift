import Foundation
import PluginMessages
import Testing

@testable import LogReading

/// Logs read by people, compared with the findings of `LogReader`.
@Suite struct ReferenceTests {
    /// For real failures, at least 97 of 100 findings agree with people's.
    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: ReferenceExample.publicFile.path),
            "the reference data 'failure-logs' is not beside the package"))
    func realFailures() throws {
        let examples = try ReferenceExample.read(ReferenceExample.publicFile)
        try #require(!examples.isEmpty)
        for isPhaseKnown in [true, false] {
            var wrong = (line: 0, origin: 0, kind: 0, signature: 0)
            var signatures: [String: String] = [:]
            for example in examples {
                let finding = try #require(try example.finding(in: isPhaseKnown ? example.knownPhase : nil))
                if !example.isRightLine(finding) { wrong.line += 1 }
                if finding.origin.rawValue != example.origin { wrong.origin += 1 }
                if finding.kind.rawValue != example.kind || finding.isWeak != example.isWeak { wrong.kind += 1 }
                if finding.signature != example.signature { wrong.signature += 1 }
                if let subject = example.subject?.replacing("\"", with: "'") {
                    #expect(finding.signature.contains(subject), "\(example.testDescription): \(finding.signature)")
                }
                if let id = example.id { signatures[id] = finding.signature }
            }
            let allowed = examples.count * 3 / 100
            #expect(wrong.line <= allowed && wrong.origin <= allowed, "\(wrong)")
            #expect(wrong.kind <= 2 * allowed && wrong.signature <= 5 * allowed, "\(wrong)")
            for example in examples {
                guard let id = example.id, let equal = example.equal, let other = signatures[equal] else { continue }
                #expect(signatures[id] == other, "\(id), \(equal)")
            }
        }
    }

    @Test(arguments: ReferenceExample.variants)
    func variants(example: ReferenceExample) throws {
        let finding = try #require(try example.finding(in: example.knownPhase))
        #expect(example.isRightLine(finding), "\(finding)")
        #expect(finding.origin.rawValue == example.origin, "\(finding)")
        #expect(finding.isWeak == example.isWeak, "\(finding)")
    }

    @Test func variantsAreThere() {
        #expect(ReferenceExample.variants.count > 100)
        let kinds = Set(ReferenceExample.variants.map(\.kind))
        #expect(kinds == Set(LogPattern.Kind.allCases.map(\.rawValue)))
    }

    @Test func mostVariantsAreOfTheRightKind() throws {
        let wrong = try ReferenceExample.variants.filter {
            try $0.finding(in: $0.knownPhase)?.kind.rawValue != $0.kind
        }
        #expect(wrong.count <= ReferenceExample.variants.count * 5 / 100, "\(wrong.map(\.testDescription))")
    }
}
