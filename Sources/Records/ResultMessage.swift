internal import Core
internal import Model

/// A parsed commit message about a result; its parts are slices of the message's bytes.
///
/// Parses messages written by `CellResult.message`, hundreds of thousands within seconds.
package struct ResultMessage {
    package typealias Text = UnsafeRawBufferPointer

    /// The trailers that are read, each once; the last one if a trailer is repeated.
    package enum Key: Int, CaseIterable {
        case cell, path, job, outcome, phase, signature, blockedBy, duration, log, machine, execution, run, change,
            previous
        case abridged, supersedes, kind, failureClass, weak

        fileprivate var word: StaticString {
            switch self {
            case .cell: "Cell"
            case .path: "Path"
            case .job: "Job"
            case .outcome: "Outcome"
            case .phase: "Phase"
            case .signature: "Signature"
            case .blockedBy: "Blocked-by"
            case .duration: "Duration"
            case .log: "Log"
            case .machine: "Machine"
            case .execution: "Execution"
            case .run: "Run"
            case .change: "Change"
            case .previous: "Previous"
            case .abridged: "Abridged"
            case .supersedes: "Supersedes"
            case .kind: "Kind"
            case .failureClass: "Class"
            case .weak: "Weak"
            }
        }
    }

    private let message: Text
    /// The positions of the values: the first byte and the number of bytes, by the numbers of their keys.
    private var ranges = [(Int, Int)](repeating: (0, -1), count: Key.allCases.count)
    private let reasonRange: Range<Int>

    /// Parses a message whose trailers contain a cell and an outcome; nil for any other.
    package init?(_ message: Text) {
        self.message = message
        guard let start = Self.lastParagraph(of: message) else { return nil }
        let first = message.firstIndex(of: Self.newline) ?? message.count
        reasonRange = min(first + 1, start)..<start
        var position = start
        while position < message.count {
            let end = message[position...].firstIndex(of: Self.newline) ?? message.count
            readTrailer(position, end)
            position = end + 1
        }
        guard self[.cell] != nil, self[.outcome] != nil else { return nil }
    }

    private static let newline = UInt8(ascii: "\n")

    /// The beginning of the last paragraph; nil if there is only one.
    private static func lastParagraph(of message: Text) -> Int? {
        var end = message.count
        while end > 0, message[end - 1] == newline { end -= 1 }
        var position = end - 1
        while position > 0 {
            if message[position] == newline, message[position - 1] == newline { return position + 1 }
            position -= 1
        }
        return nil
    }

    private mutating func readTrailer(_ start: Int, _ end: Int) {
        guard let colon = message[start..<end].firstIndex(of: UInt8(ascii: ":")), colon + 2 <= end else { return }
        let length = colon - start
        for key in Key.allCases {
            let word = key.word
            guard word.utf8CodeUnitCount == length, message[start] == word.utf8Start[0] else { continue }
            guard (1..<length).allSatisfy({ message[start + $0] == word.utf8Start[$0] }) else { continue }
            ranges[key.rawValue] = (colon + 2, end - colon - 2)
            return
        }
    }

    /// The value of a trailer; nil if there is none.
    package subscript(key: Key) -> Text? {
        let (start, count) = ranges[key.rawValue]
        return count < 0 ? nil : Text(rebasing: message[start..<start + count])
    }

    /// The value of a trailer as text.
    package func text(_ key: Key) -> String? { self[key].map { String(decoding: $0, as: UTF8.self) } }

    /// The reason: the indented lines of the message; nil if there are none.
    package var reason: String? {
        let lines = message[reasonRange].split(separator: Self.newline)
            .compactMap { $0.starts(with: "    ".utf8) ? String(decoding: $0.dropFirst(4), as: UTF8.self) : nil }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}

extension CellResult {
    /// The trailers from which the index of results is built without reading documents.
    func indexTrailers(at path: String?, superseding superseded: [String]) -> [(key: String, value: String)] {
        var trailers: [(key: String, value: String)] = []
        if let path { trailers.append((key: "Path", value: path)) }
        if !superseded.isEmpty { trailers.append((key: "Supersedes", value: superseded.joined(separator: " "))) }
        if let execution { trailers.append((key: "Execution", value: execution)) }
        if !isCompleteInMessage { trailers.append((key: "Abridged", value: "yes")) }
        return trailers
    }

    /// Whether the message contains the reason and other texts unchanged, so that the document need not be read.
    private var isCompleteInMessage: Bool {
        let isPlain = [signature, machine, execution].allSatisfy { $0.map { $0 == $0.onOneLine } ?? true }
        guard isPlain, overwrites == nil, error == nil else { return false }
        guard let reason else { return true }
        return !reason.isEmpty && reason == reason.displayable && !reason.hasPrefix("\n") && !reason.hasSuffix("\n")
            && !reason.contains("\n\n")
    }
}
