package import Core
internal import Foundation
internal import System

/// The text of a file and its name for messages.
///
/// Lines and columns count from 1; columns count characters. Lines end as YAML's do: LF, CR LF, CR, NEL, LS or PS.
package struct SourceText: Sendable {
    /// The file's path as given by the user.
    package let file: String
    /// The contents in UTF-8, without a byte order mark.
    package let bytes: [UInt8]
    private let lines: [Substring]

    /// The maximum size of a file in bytes.
    package static let sizeLimit = 1 << 20

    /// The position of the first bytes that are invalid in the file's encoding; nil if there are none.
    package let invalid: SourceLocation?

    /// Decodes a text in UTF-8, or in UTF-16 if it begins with a byte order mark.
    ///
    /// - Complexity: O(bytes).
    package init(file: String, bytes: [UInt8]) {
        self.file = file
        let decoded = DecodedText(bytes)
        self.bytes = decoded.bytes
        lines = decoded.lines
        invalid = decoded.invalid.map { SourceLocation(file: file, line: $0.line, column: $0.column) }
    }

    /// Reads the file at `path`.
    ///
    /// - Parameters:
    ///   - kind: the kind of file, for messages: "matrix".
    ///   - location: the position at which the user named the file, for messages.
    ///   - excerpt: the line at that position.
    ///   - sizeHint: a suggestion for a file that is too large.
    /// - Throws: `Failure` of the category `input` if the file does not exist, cannot be read, or has more than
    ///   `sizeLimit` bytes.
    package init(
        path: String, of kind: String, namedAt location: SourceLocation? = nil, excerpt: String? = nil,
        sizeHint: String? = nil
    ) throws(Failure) {
        self.init(
            file: path,
            bytes: try Self.contents(
                ofPath: path, kind: kind, namedAt: location, excerpt: excerpt, sizeHint: sizeHint))
    }

    /// The bytes of the file at `path`.
    ///
    /// - Throws: As `init(path:of:namedAt:excerpt:sizeHint:)`.
    package static func contents(
        ofPath path: String, kind: String, namedAt location: SourceLocation? = nil, excerpt: String? = nil,
        sizeHint: String? = nil
    ) throws(Failure) -> [UInt8] {
        func refused(_ why: String, hint: String? = nil) -> Failure {
            Failure(.input, "\(kind) '\(path)' \(why)", at: location, excerpt: excerpt, hint: hint)
        }
        let found: FileStatus?
        do {
            found = try FileSystem<SystemError>.status(of: path)
        } catch {
            throw refused("cannot be opened: \(error.reason)")
        }
        guard let status = found else {
            let isText = !path.unicodeScalars.contains("\u{FFFD}")
            throw refused(
                "does not exist",
                hint: isText ? nil : "a name with bytes that are not UTF-8 cannot be given: rename the file")
        }
        guard !status.isDirectory else { throw refused("is a directory", hint: "name the file in it") }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw refused("cannot be opened") }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
        } catch {
            throw refused("cannot be read: \(systemReason(of: error) ?? "\(error)")")
        }
        guard data.count <= Self.sizeLimit else {
            throw refused("has more than \(Self.sizeLimit) bytes", hint: sizeHint)
        }
        return [UInt8](data)
    }

    /// The line with this number, from 1, without its line end; nil if the text has fewer lines.
    package func line(_ number: Int) -> String? {
        lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
    }

    /// The position of a byte of `bytes`.
    func location(ofByte offset: Int) -> SourceLocation {
        let before = DecodedText(Array(bytes.prefix(offset))).lines
        return SourceLocation(
            file: file, line: before.count, column: (before.last?.unicodeScalars.count ?? 0) + 1)
    }

    /// The positions of tabs in the indentation of lines, which YAML forbids.
    func indentingTabs() -> [SourceLocation] {
        lines.enumerated().compactMap { index, line in
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            guard let tab = indentation.firstIndex(of: "\t"), indentation.endIndex < line.endIndex else { return nil }
            let column = line.distance(from: line.startIndex, to: tab) + 1
            return SourceLocation(file: file, line: index + 1, column: column)
        }
    }
}
