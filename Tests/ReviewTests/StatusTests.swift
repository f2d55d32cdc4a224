import Core
import Model
import Records
import Review
import Testing

/// The output of `ci status` about running jobs.
@Suite struct StatusTests {
    private let plan = PlanHeader(
        deployment: "d", repositories: [.init(location: "repo", commit: "0123456789abcdef")], targets: [], columns: [],
        jobs: 0, inputs: nil)

    private func job(_ cell: String, _ kind: Job.Kind, _ step: String, host: String? = nil) throws -> JobProgress {
        JobProgress(
            cell: try #require(Cell(cell)), kind: kind, job: "0", deployment: "d", worker: "w", attempt: 1, step: step,
            host: host, began: 0)
    }

    @Test func everyRunningJobHasItsHost() throws {
        let running = try [
            job("openbsd-7.7/5.3.0/lwt.5.7.0", .build, "build", host: "ci@obsd:2222"),
            job("debian-12/5.3.0/fmt.0.9.0", .test, "test"),
            job("debian-12/5.3.0/lwt.5.7.0", .test, "fetch"),
        ]
        #expect(
            DeploymentStatus(plan: plan, states: [], running: running).lines == [
                "d", "  repo at 0123456789ab", "  running: 3",
                "    openbsd-7.7/5.3.0/lwt.5.7.0  build                 on ci@obsd:2222",
                "    debian-12/5.3.0/fmt.0.9.0    running its tests     in a sandbox",
                "    debian-12/5.3.0/lwt.5.7.0    for its tests: fetch  in a sandbox",
            ])
        #expect(DeploymentStatus(plan: plan, states: [], running: []).lines.count == 2)
    }
}
