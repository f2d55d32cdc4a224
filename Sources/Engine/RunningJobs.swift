internal import Core
internal import Foundation
internal import Model
internal import Records
internal import RunnerInterface
internal import Store
internal import Synchronization

/// Tells other processes of this machine what a run is at: a live value for each job that runs.
final class RunningJobs: Sendable {
    private let deployment: String
    private let store: Store
    /// Of all live values of the run.
    let owner: EphemeralOwner
    private let jobs = Mutex<[Digest: RunningJob]>([:])

    /// - Throws: `StoreError`.
    init(of deployment: String, in store: Store) throws {
        self.deployment = deployment
        self.store = store
        owner = try store.ephemeral.join("run")
    }

    func note(_ event: RunEvent) {
        switch event {
        case .started(let id, let job, let target, _):
            let cell = Cell(target: target, compiler: job.compiler, package: job.package)
            tell(
                RunningJob(
                    cell: cell, kind: job.kind, job: id.hex, step: "start", began: Int(Date().timeIntervalSince1970)),
                of: id)
        case .step(let id, let step):
            guard var job = jobs.withLock({ $0[id] }) else { return }
            (job.step, job.host) = (step.name, step.host)
            tell(job, of: id)
        case .ended(let id, _, _, _), .retrying(let id, _, _):
            forget(id)
        case .planned, .knownFailures, .waiting, .adopted, .blocked, .dropped, .recorded, .packing:
            break
        }
    }

    /// Takes all back.
    func end() {
        for id in jobs.withLock({ Array($0.keys) }) { forget(id) }
        owner.leave()
    }

    // A run goes on though nobody is told how: a full disk shows soon enough elsewhere.

    private func tell(_ job: RunningJob, of id: Digest) {
        jobs.withLock { $0[id] = job }
        guard let bytes = try? JSONEncoder().encode(job), let path = try? path(of: id) else { return }
        _ = try? store.ephemeral.set(Array(bytes), at: path, owner: owner, lifetime: nil, expecting: .anything)
    }

    private func forget(_ id: Digest) {
        jobs.withLock { $0[id] = nil }
        guard let path = try? path(of: id) else { return }
        _ = try? store.ephemeral.remove(path, expecting: .anything)
    }

    private func path(of id: Digest) throws -> StorePath {
        try RunningJob.path(of: id.hex, deployment: deployment)
    }
}
