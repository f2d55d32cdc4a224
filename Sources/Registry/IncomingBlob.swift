internal import Core
internal import Foundation
internal import System

/// A file that receives a blob in pieces and computes its digest incrementally. Bytes that an earlier attempt left in
/// the file are the beginning of the blob. Used by one thread at a time.
final class IncomingBlob {
    private let file: OpenFile<SystemError>
    /// The number of bytes in the file.
    private(set) var count = 0
    private var hasher: MessageDigest? = MessageDigest(.sha256)
    /// The number of bytes after which writing them to disk is started.
    private static let writebackSize = 1 << 23

    /// - Parameter size: The size of the blob; a larger file is emptied.
    init(_ path: String, size: Int) throws(SystemError) {
        file = try OpenFile(path, O_RDWR | O_CREAT)
        if file.size > size { try file.truncate(to: 0) }
        try file.forEachPiece {
            hasher?.update($0)
            count += $0.count
        }
    }

    /// Appends the next piece.
    func append(_ piece: UnsafeRawBufferPointer) throws(SystemError) {
        try file.write(piece, at: count)
        hasher?.update(piece)
        let before = count / Self.writebackSize
        count += piece.count
        if count / Self.writebackSize > before {
            file.startWriting(Self.writebackSize, at: before * Self.writebackSize)
        }
    }

    /// Empties the file.
    func restart() throws(SystemError) {
        try file.truncate(to: 0)
        count = 0
        hasher = MessageDigest(.sha256)
    }

    /// The digest of the contents. Nothing may be appended after that.
    func digest() -> Digest {
        guard let hasher = hasher.take() else { preconditionFailure("the digest can be computed only once") }
        return Digest(hasher)
    }
}
