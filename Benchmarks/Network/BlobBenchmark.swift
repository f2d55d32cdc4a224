import Core
import Foundation
import HTTP
import Registry
import Synchronization

/// Blobs by a registry.
struct BlobBenchmark {
    private let address: String
    private let http: HTTPSettings
    private let folder = FileManager.default.temporaryDirectory.appending(path: "network-benchmark.\(getpid())").path

    init(address: String, _ http: HTTPSettings) {
        (self.address, self.http) = (address, http)
    }

    func run(blobs count: Int, bytes: Int) async throws {
        guard let address = RegistryAddress(address) else { return print("'\(address)' is no address") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let blobs = RegistryBlobs(RegistryClient(address, http: HTTPClient(http)))
        var digests: [Digest] = []
        for number in 0..<count {
            var generator = SystemRandomNumberGenerator()
            var contents: [UInt8] = []
            contents.reserveCapacity(bytes)
            while contents.count < bytes {
                withUnsafeBytes(of: generator.next()) { contents.append(contentsOf: $0) }
            }
            digests.append(Digest(of: contents))
            try Data(contents).write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
        }
        let before = NetworkBenchmark.peakMemory
        let all = digests
        try time("pushed", count) { number in try blobs.put(all[number], archive: "\(folder)/\(number)") }
        try time("pulled", count) { number in
            _ = try blobs.get(all[number], to: "\(folder)/\(number).got", limit: bytes)
        }
        print("\(NetworkBenchmark.peakMemory - before) MiB more memory at most")
    }

    /// By eight threads.
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
