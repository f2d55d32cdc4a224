internal import Logging
internal import Model
internal import RunnerInterface

extension RunEvent {
    /// Logs the event.
    func trace() {
        switch self {
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
        case .knownFailures, .dropped: break
        }
    }
}
