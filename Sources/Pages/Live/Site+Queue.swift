internal import Core
internal import Foundation
internal import Model
internal import Review

extension Site {
    /// The page of the queue: running jobs of workers and remaining work.
    func queuePage() throws -> Page {
        let status = try queueStatus()
        let now = Int(Date().timeIntervalSince1970)
        let running = status.running ?? []
        let (workers, tasks) = (status.workers ?? [], status.tasks ?? [])
        return page(
            "queue", at: "queue.html", title: "Queue",
            [
                "figures": figures(of: status).map { ["number": $0.0, "label": $0.1] },
                "hasRunning": !running.isEmpty,
                "running": running.prefix(500).map { job -> TemplateValues in
                    [
                        "cell": shown(job.cell.description),
                        "href": cell(named: job.cell).map(href)
                            ?? "packages/\(address(job.cell.package.name)).html",
                        "kind": job.kind.rawValue, "step": shown(job.step, limit: 60),
                        "place": job.host.map { shown($0, limit: 80) } ?? "sandbox",
                        "seconds": durationText(max(0, now - job.began)), "worker": shown(job.worker, limit: 60),
                    ]
                },
                "hasWorkers": !workers.isEmpty,
                "workers": workers.map { worker -> TemplateValues in
                    [
                        "id": shown(worker.id, limit: 60), "name": shown(worker.name, limit: 60),
                        "host": shown(worker.host, limit: 60), "mode": worker.mode.rawValue,
                        "busy": "\(worker.running.count) of \(worker.slots)", "waiting": number(worker.waiting),
                        "targets": shown(worker.targets?.joined(separator: " ") ?? "all", limit: 120),
                        "labels": shown(worker.labels?.joined(separator: " ") ?? "", limit: 120),
                    ]
                },
                "hasTasks": !tasks.isEmpty,
                "tasks": tasks.map { task -> TemplateValues in
                    [
                        "name": shown(task.name, limit: 80), "state": task.words, "since": time(task.since),
                        "detail": shown(task.detail, limit: 200),
                    ]
                },
            ])
    }

    /// The deployment with the current state of its queue, workers and tasks.
    func queueStatus() throws -> DeploymentStatus {
        try results.status(workers: WorkerSummary.all(in: results.store), tasks: TaskSummary.all(in: results.store))
    }

    private func figures(of status: DeploymentStatus) -> [(String, String)] {
        let queue = status.queue
        return [
            (number(queue?.runningJobs ?? 0), "jobs running"), (number(queue?.waitingJobs ?? 0), "jobs waiting"),
            (number(queue?.pendingCells ?? 0), "cells pending"), (number(queue?.slots ?? 0), "slots"),
            (queue?.remainingTime ?? "–", "remaining (estimate)"),
        ]
    }
}
