import Foundation
import PluginMessages
import TestSupport
import Testing

@testable import LogReading

/// A log with what should be read in it.
struct ReferenceExample: Decodable, CustomTestStringConvertible {
    var id: String?
    var text: String
    var line: Int
    var kind: String
    var origin: String
    var phase: String
    var isWeak: Bool
    /// Other lines that are equally correct answers.
    var alternatives: [Int]
    var signature: String?
    var subject: String?
    var equal: String?

    var testDescription: String { id ?? String(text.prefix(60)).debugDescription }

    enum CodingKeys: String, CodingKey {
        case id, text, excerpt, line, kind, origin, phase, weak, also, signature, subject
        case alternatives = "also_ok"
        case equal = "same_signature_as"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.decodeIfPresent(String.self, forKey: .id)
        if let text = try values.decodeIfPresent(String.self, forKey: .text) {
            self.text = text
        } else if let lines = try? values.decode([String].self, forKey: .excerpt) {
            text = lines.joined(separator: "\n")
        } else {
            text = try values.decode(String.self, forKey: .excerpt)
        }
        line = try values.decode(Int.self, forKey: .line)
        kind = try values.decode(String.self, forKey: .kind)
        origin = try values.decode(String.self, forKey: .origin)
        phase = try values.decode(String.self, forKey: .phase)
        isWeak = try values.decodeIfPresent(Bool.self, forKey: .weak) ?? false
        alternatives =
            try values.decodeIfPresent([Int].self, forKey: .alternatives)
            ?? values.decodeIfPresent([Int].self, forKey: .also) ?? []
        signature = try values.decodeIfPresent(String.self, forKey: .signature)
        subject = try values.decodeIfPresent(String.self, forKey: .subject)
        equal = try values.decodeIfPresent(String.self, forKey: .equal)
    }

    /// The finding in the text, in the given phase or in none.
    func finding(in phase: LogPattern.Phase?) throws -> LogFinding? {
        LogReader.common.read(Array(text.utf8), phase: phase)
    }

    var knownPhase: LogPattern.Phase? { LogPattern.Phase(rawValue: phase) }

    func isRightLine(_ finding: LogFinding) -> Bool { finding.line == line || alternatives.contains(finding.line) }

    static func read(_ file: URL) throws -> [ReferenceExample] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(ReferenceExample.self, from: Data($0.utf8))
        }
    }

    /// Real failures among the reference data next to the package.
    static let publicFile = PackageDirectory.shared.appending(path: "failure-logs/public.jsonl")

    /// Messages of many tools in their usual forms, written for these tests.
    static let variants =
        (try? read(URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Variants.jsonl"))) ?? []
}
