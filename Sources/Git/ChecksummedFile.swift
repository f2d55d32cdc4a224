internal import Core
internal import System

/// A file that git derives from objects and that ends with the SHA-1 of its contents: a commit graph, a multi-pack
/// index, a reverse index, a bitmap.
package struct ChecksummedFile {
    private let bytes: [UInt8]

    /// Nil if the file does not exist or its checksum does not match.
    package init?(_ path: String) {
        guard let bytes = System.bytes(of: path), bytes.count > 20 else { return nil }
        var digest = MessageDigest(.sha1)
        digest.update(bytes.dropLast(20))
        guard digest.finishBytes() == Array(bytes.suffix(20)) else { return nil }
        self.bytes = bytes
    }

    /// The names of the pack indexes in a multi-pack index; nil for other files.
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

    private func number(at offset: Int) -> Int {
        bytes[offset..<offset + 8].reduce(0) { $0 << 8 | Int($1) } & .max
    }
}
