import Core
import Glibc
import Synchronization
import System

/// The contents of a layer, decompressed and hashed on a separate thread.
///
/// - SeeAlso: `docs/decisions/0290-layer-pipeline.md`
final class LayerStream: Sendable {
    let blocks = BlockQueue()
    private let layer: String
    private let limit: Int
    private let outcome = Mutex<Result<Digest, ArchiveError>?>(nil)

    private init(_ layer: String, limit: Int) {
        self.layer = layer
        self.limit = limit
    }

    /// Starts to decompress a layer.
    ///
    /// - Parameter limit: the maximum number of bytes after decompression.
    static func open(_ layer: String, limit: Int) -> LayerStream {
        let stream = LayerStream(layer, limit: limit)
        BlockingWork.start { stream.decompress() }
        return stream
    }

    private func decompress() {
        let result: Result<Digest, ArchiveError>
        do throws(ArchiveError) {
            result = .success(try pass())
        } catch {
            result = .failure(error)
        }
        outcome.withLock { $0 = result }
        blocks.end()
    }

    private func pass() throws(ArchiveError) -> Digest {
        let input = try Descriptor(opening: layer, O_RDONLY, of: layer)
        let reader = try ArchiveReader(descriptor: input.raw, name: layer, format: .stream)
        var hasher = MessageDigest(.sha256)
        guard try reader.next() != nil else { return Digest(hasher) }
        var total = 0
        while true {
            let count = try blocks.put { block throws(ArchiveError) in
                let count = try reader.read(into: block)
                hasher.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
                return count
            }
            guard let count, count > 0 else { return Digest(hasher) }
            total += count
            guard total <= limit else {
                throw ArchiveError(.tooManyBytes, archive: layer, detail: "more than \(limit) bytes in all")
            }
        }
    }

    /// The reason why the layer cannot be decompressed; nil if there is none so far.
    var problem: ArchiveError? {
        guard case .failure(let error)? = outcome.withLock({ $0 }) else { return nil }
        return error
    }

    /// Reads what follows the last member, and returns the digest of all contents.
    func finish() throws(ArchiveError) -> Digest {
        while !blocks.take().isEmpty {}
        switch outcome.withLock({ $0 }) {
        case .success(let digest)?: return digest
        case .failure(let error)?: throw error
        case nil: preconditionFailure("the outcome is set before the end")
        }
    }
}
