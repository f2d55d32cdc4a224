import Glibc
import SchedulerSimulation

/// Measures the scheduler's state machines, and plays them against simulated workers.
///
/// `swift run -c release DispatchBenchmark` prints events per second and memory per job of the state machines alone, for several
/// numbers of jobs. `DispatchBenchmark simulate [small|chaos|full] [SEED…]` checks the invariants at every step, prints a line for
/// each seed, and exits with 1 at the first that is broken.
@main struct DispatchBenchmark {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "simulate" {
            simulate(arguments.dropFirst())
        } else {
            for jobs in [10_000, 100_000, 1_000_000] { MachineBenchmark(jobs: jobs).run() }
        }
    }

    private static func simulate(_ arguments: ArraySlice<String>) {
        let options: SimulationOptions =
            arguments.contains("full") ? .full : arguments.contains("chaos") ? .chaos : SimulationOptions()
        let seeds = arguments.compactMap { UInt64($0) }
        for seed in seeds.isEmpty ? [.random(in: 0...UInt64.max)] : seeds {
            let clock = ContinuousClock()
            let began = clock.now
            let simulation = Simulation(options, seed: seed)
            do {
                try simulation.run()
            } catch {
                print(error)
                exit(1)
            }
            print(
                "seed \(seed): \(simulation.step) steps, \(simulation.executions) executions, "
                    + "\(simulation.machineEvents) events, \(Int(simulation.now)) s simulated in \(clock.now - began)")
        }
    }
}
