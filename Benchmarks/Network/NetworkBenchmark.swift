import Foundation
import HTTP

/// Measures the cost of services on other machines: an existing etcd and an existing registry.
///
/// `swift run -c release NetworkBenchmark jobs ETCD AUTHORITIES CERTIFICATE KEY [JOBS [WORKERS]]` dispatches jobs that
/// do nothing, and prints jobs per second. `idle ETCD AUTHORITIES CERTIFICATE KEY [WORKERS]` prints the CPU time of a
/// dispatcher that waits with this number of idle workers. `blobs REGISTRY AUTHORITIES [BLOBS [BYTES]]` pushes and
/// pulls blobs by eight connections; `compare` does so by plain requests of another program.
/// `Benchmarks/Network/measure` starts the services and runs all.
@main struct NetworkBenchmark {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        let numbers = words.compactMap { Int($0) }
        guard words.count >= 3 else { return print("see Benchmarks/Network/measure") }
        var settings = HTTPSettings()
        settings.authorities = words[2]
        switch words[0] {
        case "jobs", "idle":
            (settings.certificate, settings.key) = (words[3], words[4])
            let benchmark = EtcdBenchmark(endpoints: words[1].split(separator: ",").map(String.init), settings)
            if words[0] == "jobs" {
                try await benchmark.runJobs(numbers.first ?? 2_000, workers: numbers.dropFirst().first ?? 8)
            } else {
                try await benchmark.idle(workers: numbers.first ?? 1_000)
            }
        default:
            try await BlobBenchmark(address: words[1], settings).run(
                blobs: numbers.first ?? 1_000, bytes: numbers.dropFirst().first ?? 200_000)
        }
    }

    /// The CPU time of this process, in seconds.
    static var cpuTime: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    /// The peak memory of this process, in MiB.
    static var peakMemory: Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss / 1024
    }
}
