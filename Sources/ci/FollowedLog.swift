internal import Core
internal import Foundation
internal import Review
internal import Synchronization

/// Prints a log while it is being written.
struct FollowedLog {
    let isRaw: Bool

    /// Prints until the jobs have ended or standard output is closed by its reader.
    func show(_ follower: LogFollower) async throws {
        let isRaw = isRaw
        let pieces = Mutex(TextPieces())
        let work = Task {
            try await follower.follow { event in
                switch event {
                case .note(let line):
                    Self.print(pieces.withLock { $0.finish() })
                    StandardError.print(line)
                case .bytes(let bytes) where isRaw:
                    StandardOutput.write(raw: bytes)
                    StandardOutput.flush()
                case .bytes(let bytes): Self.print(pieces.withLock { $0.append(bytes) + $0.takeWholeCharacters() })
                }
            }
        }
        let readerIsGone = Atomic(false)
        StandardOutput.onReaderGone {
            readerIsGone.store(true, ordering: .relaxed)
            work.cancel()
        }
        let result = await work.result
        Self.print(pieces.withLock { $0.finish() })
        do {
            try result.get()
        } catch is CancellationError where readerIsGone.load(ordering: .relaxed) {
            return
        }
    }

    private static func print(_ text: String) {
        guard !text.isEmpty else { return }
        StandardOutput.write(text)
        StandardOutput.flush()
    }
}
