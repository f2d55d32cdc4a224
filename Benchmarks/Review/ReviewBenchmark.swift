import Core
import Foundation
import Glibc
import Review
import Store

/// Measures the cost of reading results, on a store with the plan of a real matrix and synthetic results.
///
///     ReviewBenchmark write STORE [RUNS [SEED]]   adds results of all cells of the plan, a commit each, marked as synthetic
///     ReviewBenchmark index STORE                 makes the index, and brings it up to date with one more result
///     ReviewBenchmark commands STORE CI           runs the commands that read results
///     ReviewBenchmark pack STORE                  repacks the store, as 'ci store gc' does
@main
struct ReviewBenchmark {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch (words.first, words.count) {
        case ("write", 2...4):
            let (runs, seed) = (words.count > 2 ? Int(words[2]) : 20, words.count > 3 ? UInt64(words[3]) : 1)
            guard let runs, let seed else { return usage() }
            try SyntheticResults(store: words[1], runs: runs, seed: seed).write()
        case ("index", 2): try IndexMeasurement(store: words[1]).run()
        case ("pack", 2): try Store(opening: words[1]).repack(grace: 0)
        case ("commands", 3): try CommandMeasurement(store: words[1], ci: words[2]).run()
        default: usage()
        }
    }

    private static func usage() {
        print("usage: ReviewBenchmark write STORE [RUNS [SEED]] | index STORE | commands STORE CI | pack STORE")
        exit(64)
    }
}

/// Prints one row of a table.
func row(_ cells: String...) {
    print("| \(cells.joined(separator: " | ")) |")
    fflush(nil)
}

/// Seconds of CPU that a process and its children have used, and its peak memory, in MiB.
struct Usage {
    var seconds: Double
    var memory: Int

    init(_ usage: rusage) {
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        self.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        memory = usage.ru_maxrss / 1024
    }

    /// The usage of this process.
    static var own: Usage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Usage(usage)
    }
}

extension Double {
    /// With as many digits as are significant.
    var short: String { String(format: self < 0.1 ? "%.4f" : "%.2f", self) }
}
