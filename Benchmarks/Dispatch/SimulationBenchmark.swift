import Glibc
import SchedulerSimulation

/// Runs the scheduler's state machines against simulated workers.
enum SimulationBenchmark {
    /// Checks the invariants at every step, prints a line for each seed, and exits with 1 at the first that is broken.
    ///
    /// - Parameter arguments: `small`, `chaos` or `full`, and seeds.
    static func run(_ arguments: ArraySlice<String>) {
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
