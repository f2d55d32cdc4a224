package import Core
package import OpamFormat

extension Checksum.Kind {
    /// The hash function of the kind.
    package var algorithm: MessageDigest.Algorithm {
        switch self {
        case .md5: .md5
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }

    /// The digest in lower-case hexadecimal digits.
    package func digest(of bytes: [UInt8]) -> String {
        var digest = MessageDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}
