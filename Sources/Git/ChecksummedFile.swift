internal import Core
internal import System

/// A file that git derives from objects, and whose last 20 bytes are the SHA-1 of the others: a commit graph, an index of
/// several packs, a reverse index, a bitmap.
package struct ChecksummedFile {
    private let bytes: [UInt8]

    /// Nil if there is no file, or its checksum does not match.
    package init?(_ path: String) {
        guard let bytes = System.bytes(of: path), bytes.count > 20 else { return nil }
        var digest = MessageDigest(.sha1)
        digest.update(bytes.dropLast(20))
        guard digest.finishBytes() == Array(bytes.suffix(20)) else { return nil }
        self.bytes = bytes
    }

    /// The names of the indexes that a multi-pack-index was made of; nil if this is none.
    package var packNames: [String]? {
        guard bytes.starts(with: Array("MIDX".utf8)), bytes.count > 12 else { return nil }
        let table = 12
        for chunk in 0..<Int(bytes[6]) {
            let row = table + chunk * 12
            guard row + 24 <= bytes.count else { return nil }
            guard Array(bytes[row..<row + 4]) == Array("PNAM".utf8) else { continue }
            let (start, end) = (number(at: row + 4), number(at: row + 16))
            guard start <= end, end <= bytes.count else { return nil }
            return bytes[start..<end].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }

    private func number(at place: Int) -> Int {
        bytes[place..<place + 8].reduce(0) { $0 << 8 | Int($1) } & .max
    }
}
