import Core
import Foundation
import HTTP
import Registry
import Synchronization

/// Pushes blobs to a registry and pulls them.
struct BlobBenchmark {
    private let address: String
    private let http: HTTPSettings
    private let directory = FileManager.default.temporaryDirectory.appending(path: "network-benchmark.\(getpid())").path

    init(address: String, _ http: HTTPSettings) {
        (self.address, self.http) = (address, http)
    }

    func run(blobs count: Int, bytes: Int) async throws {
        guard let address = RegistryAddress(address) else { return print("'\(address)' is no address") }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let blobs = RegistryBlobs(RegistryClient(address, http: HTTPClient(http)))
        var digests: [Digest] = []
        for number in 0..<count {
            digests.append(try write(bytes, to: "\(directory)/\(number)"))
        }
        let before = NetworkBenchmark.peakMemory
        let all = digests
        try time("pushed", count) { number in try blobs.put(all[number], archive: "\(directory)/\(number)") }
        try time("pulled", count) { number in
            _ = try blobs.get(all[number], to: "\(directory)/\(number).got", limit: bytes)
        }
        print("\(NetworkBenchmark.peakMemory - before) MiB more memory at most")
    }

    /// Writes random bytes in pieces, so that they are never all in memory.
    private func write(_ bytes: Int, to path: String) throws -> Digest {
        guard FileManager.default.createFile(atPath: path, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom"))
        var left = bytes
        while left > 0, let piece = try source.read(upToCount: min(left, 1 << 20)) {
            try file.write(contentsOf: piece)
            left -= piece.count
        }
        try source.close()
        try file.close()
        return try Digest(ofFile: path)
    }

    /// Calls `body` from eight threads.
    private func time(_ verb: String, _ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let next = Atomic<Int>(0)
        let problem = Mutex<(any Error)?>(nil)
        let group = DispatchGroup()
        let began = ContinuousClock.now
        for _ in 0..<min(8, count) {
            let thread = Thread {
                defer { group.leave() }
                while true {
                    let number = next.add(1, ordering: .relaxed).oldValue
                    guard number < count else { return }
                    do {
                        try body(number)
                    } catch {
                        return problem.withLock { $0 = error }
                    }
                }
            }
            group.enter()
            thread.start()
        }
        group.wait()
        if let problem = problem.withLock({ $0 }) { throw problem }
        let seconds = began.duration(to: .now) / .seconds(1)
        print("\(count) blobs \(verb) in " + String(format: "%.2f s: %.0f a second", seconds, Double(count) / seconds))
    }
}
