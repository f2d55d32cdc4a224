internal import Core
internal import Foundation
internal import System

/// A file with a blob that arrives in pieces, whose digest is computed as they arrive. What an earlier attempt left in
/// the file is the beginning. Used by one thread at a time.
final class IncomingBlob {
    private let file: OpenFile<SystemError>
    /// How many bytes are in the file.
    private(set) var count = 0
    private var hasher: MessageDigest? = MessageDigest(.sha256)
    /// Bytes whose writing to disk is started together.
    private static let stretch = 1 << 23

    /// - Parameter size: The bytes of the blob; a file with more is emptied.
    init(_ path: String, size: Int) throws(SystemError) {
        file = try OpenFile(path, O_RDWR | O_CREAT)
        if file.size > size { try file.truncate(to: 0) }
        try file.forEachPiece {
            hasher?.update($0)
            count += $0.count
        }
    }

    /// Adds the next piece.
    func append(_ piece: UnsafeRawBufferPointer) throws(SystemError) {
        try file.write(piece, at: count)
        hasher?.update(piece)
        let begun = count / Self.stretch
        count += piece.count
        if count / Self.stretch > begun { file.startWriting(Self.stretch, at: begun * Self.stretch) }
    }

    /// Removes all that is there.
    func restart() throws(SystemError) {
        try file.truncate(to: 0)
        count = 0
        hasher = MessageDigest(.sha256)
    }

    /// The digest of what is in the file. Nothing may be added after that.
    func digest() -> Digest {
        guard let hasher = hasher.take() else { preconditionFailure("the digest is asked for once") }
        return Digest(hasher)
    }
}
