internal import Core

/// A list of checksums as the BSDs publish it: lines of `SHA256 (NAME) = DIGITS`.
struct ChecksumList {
    /// A checksum of a file's contents.
    struct Checksum: Hashable, Sendable {
        var algorithm: MessageDigest.Algorithm
        /// In lower-case hexadecimal.
        var digits: String
    }

    private var checksums: [String: Checksum] = [:]

    /// Reads a list. Other lines are skipped; of two lines for one file, the longer checksum counts.
    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            guard let (name, checksum) = Self.entry(line) else { continue }
            if let known = checksums[name], known.digits.utf8.count >= checksum.digits.utf8.count { continue }
            checksums[name] = checksum
        }
    }

    /// The checksum of a file, by its name without a directory.
    subscript(name: String) -> Checksum? { checksums[name] }

    private static func entry(_ line: Substring) -> (String, Checksum)? {
        guard let opening = line.firstRange(of: " ("), let closing = line.ranges(of: ") = ").last,
            opening.upperBound < closing.lowerBound,
            let checksum = Checksum(line[..<opening.lowerBound], line[closing.upperBound...])
        else { return nil }
        return (String(line[opening.upperBound..<closing.lowerBound]), checksum)
    }
}

extension ChecksumList.Checksum {
    /// - Parameter algorithm: `SHA256`, `SHA512`.
    init?(_ algorithm: some StringProtocol, _ digits: some StringProtocol) {
        let lengths: [MessageDigest.Algorithm: Int] = [.sha256: 64, .sha512: 128]
        guard let algorithm = MessageDigest.Algorithm(rawValue: algorithm.lowercased()),
            digits.utf8.count == lengths[algorithm], digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        self.init(algorithm: algorithm, digits: digits.lowercased())
    }

    /// - Parameter text: `sha256=DIGITS`, as in a matrix.
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(parts[0], parts[1])
    }
}
