internal import Core
internal import Foundation

/// A part of the index of results: a canonical JSON object of results by path. Changing one result does not decode the
/// others.
package struct ResultIndexPart {
    /// The canonical bytes; empty if there is no result.
    package private(set) var document: [UInt8]
    private static let opening: [UInt8] = Array("{\n".utf8)
    private static let separator: [UInt8] = Array(",\n".utf8)
    private static let closing: [UInt8] = Array("\n}\n".utf8)

    /// Creates a part from the document in a branch.
    ///
    /// - Parameter document: nil or empty if the branch has no such document.
    package init(_ document: [UInt8]?) {
        self.document = document ?? []
    }

    /// Sets the result at a path; nil removes it.
    ///
    /// - Throws: `DecodingError` if the document is not an index; `EncodingError` if the result cannot be encoded.
    package mutating func set(_ result: CellResult?, at path: String) throws {
        // The encoded forms of keys have the same order as the keys only if both are plain.
        guard Self.isPlain(path.utf8), let members = plainMembers() else { return try setSlowly(result, at: path) }
        let key = Array(path.utf8)
        let index = members.firstIndex { !document[$0.key].lexicographicallyPrecedes(key) } ?? members.endIndex
        let exists = index < members.endIndex && document[members[index].key].elementsEqual(key)
        let member = try result.map { try Self.member(path, $0) }
        if members.count == (exists ? 1 : 0), member == nil {
            document = []
            return
        }
        var changed: [UInt8] = []
        changed.reserveCapacity(document.count + (member?.count ?? 0) + 16)
        /// Appends unchanged members, after the opening or a separator.
        func keep(_ range: Range<Int>) {
            if range.lowerBound < range.upperBound {
                changed += changed.isEmpty ? Self.opening : Self.separator
                changed +=
                    document[
                        members[range.lowerBound].whole.lowerBound..<members[range.upperBound - 1].whole.upperBound]
            }
        }
        keep(0..<index)
        if let member {
            changed += changed.isEmpty ? Self.opening : Self.separator
            changed += member
        }
        keep((exists ? index + 1 : index)..<members.endIndex)
        document = changed + Self.closing
    }

    private mutating func setSlowly(_ result: CellResult?, at path: String) throws {
        var results =
            document.isEmpty ? [:] : try CanonicalJSON.decode([String: CellResult].self, from: document)
        results[path] = result
        document = results.isEmpty ? [] : [UInt8](try CanonicalJSON.encode(results))
    }

    private static func member(_ path: String, _ result: CellResult) throws -> [UInt8] {
        // Throws: JSON cannot represent numbers that are not finite.
        if !result.isFinite { _ = try result.document }
        return CanonicalWriter.member(path) { result.write(to: &$0) }
    }

    private static func isPlain(_ key: some Sequence<UInt8>) -> Bool {
        key.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    /// The positions of the members: each begins on a line that starts with two spaces and a quote. Nil if the document
    /// has another form or a key is not plain.
    private func plainMembers() -> [(key: Range<Int>, whole: Range<Int>)]? {
        if document.isEmpty { return [] }
        guard document.starts(with: Self.opening), document.suffix(3).elementsEqual(Self.closing) else { return nil }
        let end = document.count - Self.closing.count
        var starts: [Int] = []
        document.withUnsafeBytes { bytes in
            var line = Self.opening.count
            while line + 3 < end {
                if bytes[line] == 0x20, bytes[line + 1] == 0x20, bytes[line + 2] == UInt8(ascii: "\"") {
                    starts.append(line)
                }
                guard let next = memchr(bytes.baseAddress! + line, 0x0a, end - line) else { break }
                line = UnsafeRawPointer(next) - bytes.baseAddress! + 1
            }
        }
        guard starts.first == Self.opening.count else { return nil }
        var members: [(key: Range<Int>, whole: Range<Int>)] = []
        for (number, start) in starts.enumerated() {
            let last = number + 1 < starts.count ? starts[number + 1] - 2 : end
            guard last > start, last == end || document[last] == UInt8(ascii: ","),
                let quote = document[(start + 3)..<last].firstIndex(of: UInt8(ascii: "\"")),
                document[(quote + 1)..<last].starts(with: Array(" : {\n".utf8)),
                Self.isPlain(document[(start + 3)..<quote])
            else { return nil }
            members.append(((start + 3)..<quote, start..<last))
        }
        return members
    }
}
