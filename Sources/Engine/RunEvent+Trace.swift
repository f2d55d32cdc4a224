internal import Logging
internal import Model
internal import RunnerInterface

extension RunEvent {
    /// Logs the event.
    func trace() {
        switch self {
        case .begun(let run): logger.debug("run begun", metadata: ["run": "\(run)"])
        case .planned(let cells, let jobs, let done):
            logger.debug("worklist", metadata: ["cells": "\(cells)", "jobs": "\(jobs)", "done": "\(done)"])
        case .started(let id, let job, let target, let attempt):
            logger.debug(
                "job started",
                metadata: [
                    "job": "\(id)", "package": "\(job.package)", "kind": "\(job.kind)", "target": "\(target)",
                    "attempt": "\(attempt)",
                ])
        case .waiting(let id, _, _): logger.debug("another run has the job", metadata: ["job": "\(id)"])
        case .step(let id, let step): logger.trace("job step", metadata: ["job": "\(id)", "step": "\(step)"])
        case .ended(let id, _, _, let ending), .adopted(let id, _, _, let ending):
            logger.debug(
                "job ended",
                metadata: ["job": "\(id)", "outcome": "\(ending.outcome)", "seconds": "\(ending.duration)"])
        case .retrying(let id, _, let reason):
            logger.debug("job will run again", metadata: ["job": "\(id)", "reason": "\(reason)"])
        case .blocked(let jobs, let cause):
            logger.debug("jobs blocked", metadata: ["jobs": "\(jobs)", "cause": "\(cause.package)"])
        case .recorded(let result): logger.trace("result recorded", metadata: ["cell": "\(result.cell)"])
        case .packing: logger.debug("repacking the store")
        case .following(let lease, let isWorking):
            logger.debug("another process dispatches", metadata: ["name": "\(lease.name)", "joined": "\(isWorking)"])
        case .leading: logger.debug("this process dispatches")
        case .worked(let cell, let ending):
            logger.debug("job ended for another run", metadata: ["cell": "\(cell)", "outcome": "\(ending.outcome)"])
        case .workerJoined(let name): logger.debug("worker joined", metadata: ["worker": "\(name)"])
        case .workerLost(let name): logger.debug("worker lost", metadata: ["worker": "\(name)"])
        case .workerStalled(let name): logger.debug("worker stalled", metadata: ["worker": "\(name)"])
        case .labelsMissing(let target, let labels):
            logger.debug("labels missing", metadata: ["target": "\(target)", "labels": "\(labels)"])
        case .workerUnsuited(let name, let obstacle):
            logger.debug("worker gets no jobs", metadata: ["worker": "\(name)", "reason": "\(obstacle)"])
        case .workersMissing(let target, _): logger.debug("workers missing", metadata: ["target": "\(target)"])
        case .hub(let event): logger.debug("hub", metadata: ["event": "\(event)"])
        case .knownFailures, .dropped: break
        }
    }
}
