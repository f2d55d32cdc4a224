/// Measures the scheduler's state machines, and runs them against simulated workers.
///
/// `swift run -c release DispatchBenchmark` prints events per second and memory per job of the state machines alone,
/// for several numbers of jobs. `DispatchBenchmark simulate [small|chaos|full] [SEED…]` checks the invariants at every
/// step, prints a line for each seed, and exits with 1 at the first that is broken. `DispatchBenchmark store [JOBS
/// [WORKERS [SLOTS]]]` dispatches jobs that do nothing on a real store, in this process (0 workers) or with worker
/// processes; `latency [JOBS [WORKERS]]` does so with a chain of jobs.
@main struct DispatchBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        switch arguments.first {
        case "simulate": SimulationBenchmark.run(arguments.dropFirst())
        case "store":
            try await StoreBenchmark(
                jobs: numbers.first ?? 50_000, workers: numbers.dropFirst().first ?? 0,
                slots: numbers.dropFirst(2).first ?? 32
            ).run()
        case "latency":
            try await StoreBenchmark(
                jobs: numbers.first ?? 1_000, workers: numbers.dropFirst().first ?? 0, slots: 1, isChain: true
            ).run()
        case "worker":
            let words = Array(arguments)
            guard words.count == 3, let slots = Int(words[2]) else { return }
            try await StoreBenchmark.work(store: words[1], slots: slots)
        default: for jobs in [10_000, 100_000, 1_000_000] { MachineBenchmark(jobs: jobs).run() }
        }
    }
}
