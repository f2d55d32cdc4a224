import SchedulerSimulation
import TestSupport
import Testing

@Suite struct SimulationTests {
    /// Seeds that found bugs: an assignment to a restarted worker, a task that was complete before its jobs were
    /// reopened.
    @Test(arguments: [4, 16] as [UInt64])
    func seedsThatFoundBugs(seed: UInt64) throws {
        try Simulation(SimulationOptions(), seed: seed).run()
    }

    /// An assignment that was returned to a dead dispatcher; a retry of a job that no task needed at that moment; a
    /// stalled worker that had returned its last job.
    @Test(arguments: [13_124_908_935_097_441_337, 1007, 3] as [UInt64])
    func seedsThatFoundBugsInChaos(seed: UInt64) throws {
        try Simulation(.chaos, seed: seed).run()
    }

    @Test(arguments: [1, 5, 6, 14] as [UInt64])
    func seedsThatFindPlantedBugs(seed: UInt64) throws {
        try Simulation(.chaos, seed: seed).run()
    }

    @Test func anySeedKeepsTheInvariants() throws {
        var random = SeededGenerator()
        for _ in 0..<8 { try Simulation(.chaos, seed: random.next()).run() }
    }

    @Test func withoutFaultsEveryJobRunsOnce() throws {
        var options = SimulationOptions()
        options.disableFaults()
        var random = SeededGenerator()
        let simulation = Simulation(options, seed: random.next())
        try simulation.run()
        #expect(simulation.executions == simulation.recordedResults + simulation.outages)
    }

    @Test func aSeedRepeatsTheRun() throws {
        let runs = [Simulation(.chaos, seed: 7), Simulation(.chaos, seed: 7)]
        for run in runs { try run.run() }
        #expect(runs[0].step == runs[1].step)
        #expect(runs[0].now == runs[1].now)
    }
}
